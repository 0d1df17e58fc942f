/* Names the function that failed and who called it, by walking the frame pointers. See trap.h. */
#include "trap.h"

#include "platform.h"
#include "wasm_rt.h"

#include <string.h>

/* Callers named beside the function itself. */
#define CALLERS_MAX 5

/* What an image prints before its last line must not be able to push the line out of the buffer. */
#define LINE_MAX 1024

struct frame {
    const struct frame *caller;
    uint64_t return_address;
};

static size_t append(char *line, size_t used, const char *text) {
    size_t size = strlen(text);
    if (size > LINE_MAX - 1 - used)
        size = LINE_MAX - 1 - used;
    memcpy(line + used, text, size);
    return used + size;
}

/* The function of the module that contains the instruction before `address`, or NULL for the support code around it. */
static const char *name_of(uint64_t address) {
    const char *name = (const char *)function_names;
    uint64_t end = functions_start;
    if (address <= end)
        return NULL;
    for (uint32_t i = 0; i < function_count; i++, name += strlen(name) + 1)
        if (address <= (end += function_sizes[i]))
            return *name == '\0' ? NULL : name;
    return NULL;
}

void trap(const char *reason) {
    static char line[LINE_MAX];
    size_t used = append(line, 0, "trap: ");
    used = append(line, used, reason);
    unsigned named = 0;
    unpack(function_names, function_names_packed, function_names_size);
    const struct frame *frame = __builtin_frame_address(0);
    for (unsigned depth = 0; frame != NULL && depth < 64 && named <= CALLERS_MAX; depth++) {
        const char *name = name_of(frame->return_address);
        if (name != NULL) {
            used = append(line, used, named++ == 0 ? " in " : ", called by ");
            used = append(line, used, name);
        }
        if (frame->caller <= frame) /* callers lie higher on the stack */
            break;
        frame = frame->caller;
    }
    line[used++] = '\n';
    platform_console(line, used);
    platform_exit(EXIT_TRAP);
}
