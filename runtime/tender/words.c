/* Taking words apart. See words.h. */
#include "words.h"

#include <string.h>

const char *option_rest(const char *word, const char *prefix) {
    size_t length = strlen(prefix);
    return strncmp(word, prefix, length) == 0 ? word + length : NULL;
}

const char *take_number(const char *text, uint64_t *number) {
    const char *c = text;
    *number = 0;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, (uint64_t)(*c - '0'), number))
            *number = UINT64_MAX; /* and stays it, since it overflows again */
    return c == text ? NULL : c;
}

bool parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *number) {
    const char *rest = take_number(text, number);
    return rest != NULL && *rest == '\0' && *number >= least && *number <= most;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool parse_mac(const char *text, uint8_t mac[6]) {
    for (int i = 0; i < 6; i++) {
        int high = hex_digit(*text);
        if (high < 0)
            return false;
        text++;
        int low = hex_digit(*text);
        mac[i] = (uint8_t)(low < 0 ? high : high << 4 | low);
        if (low >= 0)
            text++;
        if (*text != (i < 5 ? ':' : '\0'))
            return false;
        text++;
    }
    return true;
}
