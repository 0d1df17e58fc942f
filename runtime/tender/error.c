/* Refusals: formatting, printing, exit status. See error.h. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fail(struct refusal *why, int class, const char *format, ...) {
    why->class = class;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(why->text, sizeof why->text, format, arguments) < 0)
        why->text[0] = '\0';
    va_end(arguments);
    return -1;
}

/*
 * Texts quote what images and command lines say. A terminal must not obey any of it, so every byte that is not
 * printable ASCII is shown as \xNN.
 */
static size_t append_printable(char *out, size_t used, size_t size, const char *text) {
    static const char hex[] = "0123456789abcdef";
    for (; *text != '\0' && used + 5 < size; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte >= 0x20 && byte <= 0x7e) {
            out[used++] = (char)byte;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[byte >> 4];
            out[used++] = hex[byte & 15];
        }
    }
    return used;
}

void report(const char *program, const char *text) {
    char line[sizeof((struct refusal *)0)->text + 256];
    size_t used = append_printable(line, 0, sizeof line - 1, program);
    line[used++] = ':';
    line[used++] = ' ';
    used = append_printable(line, used, sizeof line - 1, text);
    line[used++] = '\n';
    for (size_t done = 0; done < used;) {
        ssize_t count = write(STDERR_FILENO, line + done, used - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return; /* nobody reads standard error: there is nowhere left to say so */
        done += (size_t)count;
    }
}

int exit_status(const struct refusal *why, bool sysexits) {
    return sysexits ? why->class : 1;
}
