/* Taking words of a command line apart. */
#ifndef KITTIWAKE_WORDS_H
#define KITTIWAKE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* The rest of `word` after `prefix`, or NULL. */
const char *option_rest(const char *word, const char *prefix);

/*
 * Takes the decimal digits that `text` begins with; a number beyond 2^64 counts as the largest there is. Returns what follows them, or NULL where
 * there are none.
 */
const char *take_number(const char *text, uint64_t *number);

/* Digits and nothing else, which make a number from `least` to `most`. */
bool parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* Six bytes of one or two hexadecimal digits with colons between them. */
bool parse_mac(const char *text, uint8_t mac[6]);

#endif
