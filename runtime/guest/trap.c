/* Names the function that failed and who called it, by walking the frame pointers. See trap.h. */
#include "trap.h"

#include "platform.h"

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

/* The function of the module that contains `address`, or NULL for the support code around it. */
static const char *name_of(uint64_t address) {
    uint32_t name = 0;
    for (unsigned i = 0; i < function_name_count && function_names[i].address < address; i++)
        name = function_names[i].name;
    return name == 0 ? NULL : &function_name_texts[name];
}

void trap(const char *reason) {
    static char line[LINE_MAX];
    size_t used = append(line, 0, "trap: ");
    used = append(line, used, reason);
    unsigned named = 0;
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
