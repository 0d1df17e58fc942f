/* Taking words apart. See words.h. */
#include "words.h"

#include <string.h>

const char *option_rest(const char *word, const char *prefix) {
    size_t length = strlen(prefix);
    return strncmp(word, prefix, length) == 0 ? word + length : NULL;
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
