/* Taking words of a command line apart. */
#ifndef KITTIWAKE_WORDS_H
#define KITTIWAKE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* The rest of `word` after `prefix`, or NULL. */
const char *option_rest(const char *word, const char *prefix);

/* Six bytes of one or two hexadecimal digits with colons between them. */
bool parse_mac(const char *text, uint8_t mac[6]);

#endif
