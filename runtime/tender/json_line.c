/* JSON (RFC 8259), as much of it as events need. See json_line.h. */
#include "json_line.h"

#include <string.h>

static void put(struct json_line *line, const char *bytes, size_t size) {
    if (size > line->size - line->used)
        size = line->size - line->used;
    memcpy(line->text + line->used, bytes, size);
    line->used += size;
}

static void put_text(struct json_line *line, const char *text) {
    put(line, text, strlen(text));
}

/* Puts the comma and the key. Returns where the line stood before. */
static size_t member(struct json_line *line, const char *key) {
    size_t before = line->used;
    if (!line->first)
        put_text(line, ",");
    if (key != NULL) {
        put_text(line, "\"");
        put_text(line, key);
        put_text(line, "\":");
    }
    return before;
}

/* Keeps what was put since `before` if it fits. */
static bool keep(struct json_line *line, size_t before) {
    if (line->used > line->size - JSON_LINE_RESERVE) {
        line->used = before;
        return false;
    }
    line->first = false;
    return true;
}

/* The length of the UTF-8 sequence (RFC 3629, 4) at `at`, 0 if it is none. `size` bytes are there. */
static size_t utf8(const uint8_t *at, size_t size) {
    if (at[0] < 0x80)
        return 1;
    size_t length = at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong, a surrogate, or beyond U+10FFFF. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] >= 0x90))
        return 0;
    return length;
}

static void put_quoted(struct json_line *line, const char *text, size_t size) {
    static const char hex[] = "0123456789abcdef";
    put_text(line, "\"");
    for (size_t i = 0; i < size;) {
        uint8_t byte = (uint8_t)text[i];
        size_t length = utf8((const uint8_t *)text + i, size - i);
        if (length == 0) {
            put_text(line, "\\ufffd");
            length = 1;
        } else if (byte < 0x20 || byte == 0x7f) {
            char escape[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15], '\0'};
            put_text(line, escape);
        } else if (byte == '"' || byte == '\\') {
            char escape[] = {'\\', (char)byte, '\0'};
            put_text(line, escape);
        } else {
            put(line, text + i, length);
        }
        i += length;
    }
    put_text(line, "\"");
}

static bool begin(struct json_line *line, const char *key, const char *bracket) {
    size_t before = member(line, key);
    put_text(line, bracket);
    if (!keep(line, before))
        return false;
    line->first = true;
    return true;
}

static void end(struct json_line *line, const char *bracket) {
    put_text(line, bracket);
    line->first = false;
}

void json_begin(struct json_line *line, char *text, size_t size) {
    line->text = text;
    line->size = size;
    line->used = 0;
    line->first = true;
    put_text(line, "{");
}

void json_end(struct json_line *line) {
    put_text(line, "}\n");
}

bool json_text(struct json_line *line, const char *key, const char *text, size_t limit) {
    size_t before = member(line, key);
    put_quoted(line, text, strnlen(text, limit));
    return keep(line, before);
}

bool json_number(struct json_line *line, const char *key, uint64_t number) {
    char digits[21];
    char *at = digits + sizeof digits;
    *--at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    size_t before = member(line, key);
    put_text(line, at);
    return keep(line, before);
}

bool json_hex(struct json_line *line, const char *key, uint64_t number) {
    char digits[17];
    char *at = digits + sizeof digits;
    *--at = '\0';
    do
        *--at = "0123456789abcdef"[number & 15];
    while ((number >>= 4) != 0);
    size_t before = member(line, key);
    put_text(line, "\"0x");
    put_text(line, at);
    put_text(line, "\"");
    return keep(line, before);
}

bool json_object_begin(struct json_line *line, const char *key) {
    return begin(line, key, "{");
}

void json_object_end(struct json_line *line) {
    end(line, "}");
}

bool json_array_begin(struct json_line *line, const char *key) {
    return begin(line, key, "[");
}

void json_array_end(struct json_line *line) {
    end(line, "]");
}
