/* Rates on the command line. See options_rate.h. */
#include "options_rate.h"

#include "errors.h"
#include "words.h"

#include <stddef.h>
#include <string.h>

#define BURSTS_A_SECOND 10

/* A number with its unit, from 1 to RATE_MAX; 0 for anything else. Moves `text` behind it. */
static uint64_t parse_size(const char **text) {
    uint64_t number;
    const char *rest = take_number(*text, &number);
    if (rest == NULL)
        return 0;
    *text = rest;
    static const char units[] = "KMG";
    const char *unit = **text == '\0' ? NULL : strchr(units, **text);
    if (unit != NULL) {
        (*text)++;
        for (const char *u = units; u <= unit && number <= RATE_MAX; u++)
            number *= 1024;
    }
    return number <= RATE_MAX ? number : 0;
}

static const struct rate_key *find(const char *text, const struct rate_key *keys, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        size_t length = strlen(keys[i].name);
        if (strncmp(text, keys[i].name, length) == 0 && text[length] == '=')
            return &keys[i];
    }
    return NULL;
}

int parse_rates(const char *word, const char *value, const struct rate_key *keys, unsigned count, const char *form, struct refusal *why) {
    for (const char *text = value;; text++) {
        const struct rate_key *key = find(text, keys, count);
        if (key == NULL)
            return fail(why, E_RATE_MALFORMED, word, form);
        if (key->rate->rate != 0)
            return fail(why, E_RATE_TWICE, word, key->name);
        text += strlen(key->name) + 1;
        key->rate->rate = parse_size(&text);
        key->rate->burst = key->rate->rate / BURSTS_A_SECOND;
        if (key->rate->burst < key->least_burst)
            key->rate->burst = key->least_burst;
        if (*text == '/') {
            text++;
            key->rate->burst = parse_size(&text);
        }
        if (key->rate->rate == 0 || key->rate->burst == 0 || (*text != ',' && *text != '\0'))
            return fail(why, E_RATE_MALFORMED, word, form);
        if (*text == '\0')
            return 0;
    }
}
