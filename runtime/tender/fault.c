/*
 * The text of a crash report. See fault.h. Under spt this runs on a thread pointer the guest has changed: no stack protector, no errno; the
 * Makefile compiles it accordingly.
 */
#include "fault.h"

#include <string.h>

/* How much of the stack is searched for addresses of code. */
#define STACK_SEARCHED 4096

void registers_json(struct json_line *line, const char *key, const struct registers *registers) {
    static const char names[REGISTERS_COUNT][8] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8",
                                                   "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags"};
    if (!json_object_begin(line, key))
        return;
    for (int i = 0; i < REGISTERS_COUNT; i++)
        json_hex(line, names[i], registers->value[i]);
    json_object_end(line);
}

/* ---- The report ---- */

char crash_text[CRASH_TEXT_SIZE];
static struct json_line line;
static const struct image *image;
static uint64_t memory_size;

static bool is_code(uint64_t address) {
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        if ((segment->access & ACCESS_EXECUTE) && address >= segment->address && address - segment->address < segment->memory_size)
            return true;
    }
    return false;
}

/* Whether the page of `address` is guest memory that can be read without a fault of our own. */
static bool is_readable(uint64_t address) {
    if (address < GUEST_MIN_ADDRESS || address >= memory_size)
        return false;
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        if (segment->file_size > 0 && address >= segment->start && address < segment->end)
            return (segment->access & (ACCESS_READ | ACCESS_WRITE)) != 0;
    }
    return true;
}

/* What may be return addresses: numbers on the stack that lie in code, each with its place. Which of them follow a call, a reader of the image sees. */
static void put_stack(uint64_t from, const uint8_t *at_zero) {
    uint64_t at = (from + 7) & ~7ull;
    uint64_t end = at + STACK_SEARCHED;
    if (!json_object_begin(&line, "stack"))
        return;
    json_hex(&line, "from", from);
    if (json_array_begin(&line, "words")) {
        for (; at >= from && at < end && is_readable(at); at += sizeof(uint64_t)) {
            uint64_t word;
            memcpy(&word, (const void *)((uintptr_t)at_zero + at), sizeof word);
            if (!is_code(word) || !json_array_begin(&line, NULL))
                continue;
            json_hex(&line, NULL, at);
            json_hex(&line, NULL, word);
            json_array_end(&line);
        }
        json_array_end(&line);
    }
    json_hex(&line, "to", at);
    json_object_end(&line);
}

void crash_prepare(const char *tender, const struct image *of, uint64_t size, uint32_t checksum) {
    static const char access[8][4] = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};
    image = of;
    memory_size = size;
    json_begin(&line, crash_text, sizeof crash_text);
    json_number(&line, "crash", 1); /* the version of this format */
    json_text(&line, "tender", tender, 64);
    json_text(&line, "version", KITTIWAKE_VERSION, 64);
    json_number(&line, "memory", size);
    if (!json_object_begin(&line, "image"))
        return;
    json_text(&line, "name", image->file.name, 4096);
    json_number(&line, "size", image->file.size);
    json_number(&line, "crc32", checksum);
    json_array_begin(&line, "segments");
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        json_object_begin(&line, NULL);
        json_hex(&line, "start", segment->address);
        json_hex(&line, "end", segment->address + segment->memory_size);
        json_text(&line, "access", access[segment->access], 3);
        json_object_end(&line);
    }
    json_array_end(&line);
    json_object_end(&line);
}

size_t crash_complete(const struct fault *fault, const uint8_t *at_zero) {
    json_text(&line, "cause", fault->cause, 1024);
    if (fault->has_address)
        json_hex(&line, "address", fault->address);
    if (!fault->registers_lost)
        registers_json(&line, "registers", &fault->registers);
    if (fault->has_trap && json_array_begin(&line, "trap")) {
        for (int i = 0; i < TRAP_WORDS; i++)
            json_hex(&line, NULL, fault->trap[i]);
        json_array_end(&line);
    }
    if (fault->has_trap || !fault->registers_lost)
        put_stack(fault->has_trap ? fault->trap[TRAP_RSP] : fault->registers.value[RSP], at_zero);
    json_end(&line);
    return line.used;
}
