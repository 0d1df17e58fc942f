/* One line of JSON, built in place: no heap, no locale, nothing that may not run in a signal handler. */
#ifndef KITTIWAKE_JSON_LINE_H
#define KITTIWAKE_JSON_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is held back so that every object and array that was begun can be ended. */
#define JSON_LINE_RESERVE 64

struct json_line {
    char *text;
    size_t size; /* of the memory at `text` */
    size_t used;
    bool first; /* no comma is due */
};

/* Begins the line in `size` bytes at `text`, with the object that it is. */
void json_begin(struct json_line *line, char *text, size_t size);
/* Ends it, newline included; line->text then holds line->used bytes. */
void json_end(struct json_line *line);

/*
 * Members; `key` is plain ASCII, and NULL for elements of an array. One that does not fit is left out whole; then false is returned.
 * `limit` is the most bytes of `text` that are used. What is not UTF-8 in it becomes U+FFFD.
 */
bool json_text(struct json_line *line, const char *key, const char *text, size_t limit);
bool json_number(struct json_line *line, const char *key, uint64_t number);
/* As text, "0x1f": a double, which is what many readers make of numbers, has only 53 bits. */
bool json_hex(struct json_line *line, const char *key, uint64_t number);
bool json_object_begin(struct json_line *line, const char *key);
void json_object_end(struct json_line *line);
bool json_array_begin(struct json_line *line, const char *key);
void json_array_end(struct json_line *line);

#endif
