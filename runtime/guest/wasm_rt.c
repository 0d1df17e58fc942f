/* What wasm2c's output needs around it (wasm-rt.h of wabt 1.0.32): traps, linear memory, the function table. */
#include "wasm_rt.h"

#include "trap.h"

#include <string.h>
#include <wasm-rt.h>

#define PAGE 65536ull
#define NO_PAGES UINT32_MAX

/* Function types and table entries of one module; more is a trap at the start, never an overflow. */
#define TYPES_MAX 256
#define SIGNATURE_MAX 16
#define TABLE_MAX 4096

static uint64_t linear_room;

void wasm_rt_set_memory(uint64_t size) {
    linear_room = size;
}

void wasm_rt_trap(wasm_rt_trap_t code) {
    static const char *const reasons[] = {
        [WASM_RT_TRAP_OOB] = "out of bounds memory access",
        [WASM_RT_TRAP_INT_OVERFLOW] = "integer overflow",
        [WASM_RT_TRAP_DIV_BY_ZERO] = "integer divide by zero",
        [WASM_RT_TRAP_INVALID_CONVERSION] = "invalid conversion to integer",
        [WASM_RT_TRAP_UNREACHABLE] = "unreachable code executed",
        [WASM_RT_TRAP_CALL_INDIRECT] = "indirect call of the wrong type",
    };
    const char *reason = (unsigned)code < sizeof reasons / sizeof *reasons ? reasons[code] : NULL;
    trap(reason != NULL ? reason : "unknown reason");
}

bool wasm_rt_is_initialized(void) {
    return true;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t initial_pages, uint32_t max_pages) {
    uint64_t room = linear_room / PAGE;
    if (room > max_pages)
        room = max_pages;
    if (room > UINT32_MAX / PAGE) /* sizes in bytes are 32 bits wide */
        room = UINT32_MAX / PAGE;
    if (initial_pages > room)
        trap("not enough memory; give the image more with --mem");
    *memory = (wasm_rt_memory_t){
        .data = linear_memory,
        .pages = initial_pages,
        .max_pages = (uint32_t)room,
        .size = (uint32_t)(initial_pages * PAGE),
    };
}

/* Memory is zero as yet, so zeros are stepped over. */
void unpack(uint8_t *to, const uint8_t *packed, size_t size) {
    for (const uint8_t *end = packed + size; packed < end;) {
        unsigned run = *packed++;
        if (run >= 224) {
            const uint8_t *before = to - (packed[0] | packed[1] << 8);
            packed += 2;
            for (unsigned left = run - 219; left > 0; left--)
                *to++ = *before++;
        } else if (run >= 192) {
            to += run - 191;
        } else {
            unsigned step = run >= 128 ? 2 : 1;
            for (unsigned left = run % 128 + 1; left > 0; left--, to += step)
                *to = *packed++;
        }
    }
}

/* Guest memory is zero when it is first touched, and linear memory never shrinks. */
uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t pages) {
    uint32_t before = memory->pages;
    if (pages > memory->max_pages - before)
        return NO_PAGES;
    memory->pages += pages;
    memory->size = (uint32_t)(memory->pages * PAGE);
    return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) {
    memory->size = memory->pages = 0;
}

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t elements, uint32_t max_elements) {
    static wasm_rt_funcref_t entries[TABLE_MAX];
    if (elements > TABLE_MAX)
        trap("the module's function table is too large");
    *table = (wasm_rt_funcref_table_t){.data = entries, .max_size = max_elements, .size = elements};
}

/* What gcc calls for i32.popcnt and i64.popcnt, as older processors have no instruction for it. */
int __popcountdi2(uint64_t bits) {
    bits -= (bits >> 1) & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (int)((bits * 0x0101010101010101) >> 56);
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table) {
    table->size = 0;
}

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
    static struct signature {
        uint32_t params, results;
        uint8_t types[SIGNATURE_MAX];
    } known[TYPES_MAX];
    static uint32_t count;
    if (params + results > SIGNATURE_MAX)
        trap("a function type of the module is too long");
    struct signature wanted = {.params = params, .results = results};
    __builtin_va_list types;
    __builtin_va_start(types, results);
    for (uint32_t i = 0; i < params + results; i++)
        wanted.types[i] = (uint8_t)__builtin_va_arg(types, int);
    __builtin_va_end(types);
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&known[i], &wanted, sizeof wanted) == 0)
            return i + 1;
    if (count == TYPES_MAX)
        trap("the module has too many function types");
    known[count++] = wanted;
    return count;
}
