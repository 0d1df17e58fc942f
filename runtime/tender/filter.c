/*
 * The filter made from a table of rules (Documentation/userspace-api/seccomp_filter.rst of Linux). libseccomp's compiler
 * took a tenth of a tender's start for it, and refused some of what a table allowed whose rules compare different arguments; fuzz/rules.c tries this one.
 *
 *   another architecture: kill
 *   for each system call of the table: not this one: on to the next; of its rules the first whose checks all hold: its action; none: kill
 *   kill
 */
#include "rules.h"

#include "errors.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "an argument's low half comes first");

/* Where a jump goes that leaves its rule, until the rule's end is known. A rule has at most 25 instructions. */
#define NEXT_RULE 0xff

struct filter {
    struct sock_filter *code;
    unsigned size;
    int error;
};

static void put(struct filter *filter, unsigned code, unsigned yes, unsigned no, uint32_t k) {
    if (filter->size == FILTER_MAX)
        filter->error = E2BIG;
    else
        filter->code[filter->size++] = (struct sock_filter){.code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
}

static void put_load(struct filter *filter, size_t offset) {
    put(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void put_return(struct filter *filter, uint32_t action) {
    put(filter, BPF_RET | BPF_K, 0, 0, action);
}

static void put_equal(struct filter *filter, size_t offset, uint32_t mask, uint32_t value) {
    if (mask == 0 && value == 0)
        return;
    put_load(filter, offset);
    if (mask != UINT32_MAX)
        put(filter, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, NEXT_RULE, value);
}

/* Arguments have 64 bits, the machine 32. */
static void put_check(struct filter *filter, const struct scmp_arg_cmp *check) {
    size_t low = offsetof(struct seccomp_data, args) + check->arg * sizeof(uint64_t), high = low + sizeof(uint32_t);
    uint64_t value = check->datum_a, mask = UINT64_MAX;
    unsigned beyond = BPF_JGT;
    switch (check->op) {
    case SCMP_CMP_MASKED_EQ:
        mask = check->datum_a;
        value = check->datum_b;
        /* fall through */
    case SCMP_CMP_EQ:
        put_equal(filter, low, (uint32_t)mask, (uint32_t)value);
        put_equal(filter, high, (uint32_t)(mask >> 32), (uint32_t)(value >> 32));
        return;
    case SCMP_CMP_LT:
        beyond = BPF_JGE;
        /* fall through */
    case SCMP_CMP_LE:
        put_load(filter, high);
        put(filter, BPF_JMP | BPF_JGT | BPF_K, NEXT_RULE, 0, (uint32_t)(value >> 32));
        put(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, (uint32_t)(value >> 32)); /* smaller: whatever the low half is */
        put_load(filter, low);
        put(filter, BPF_JMP | beyond | BPF_K, NEXT_RULE, 0, (uint32_t)value);
        return;
    default: filter->error = EINVAL;
    }
}

static void put_rule(struct filter *filter, const struct rule *rule) {
    unsigned start = filter->size;
    for (unsigned i = 0; i < rule->count; i++)
        put_check(filter, &rule->check[i]);
    put_return(filter, rule->action);
    for (unsigned i = start; i < filter->size; i++) {
        struct sock_filter *it = &filter->code[i];
        if (BPF_CLASS(it->code) != BPF_JMP)
            continue;
        it->jt = it->jt == NEXT_RULE ? (uint8_t)(filter->size - i - 1) : it->jt;
        it->jf = it->jf == NEXT_RULE ? (uint8_t)(filter->size - i - 1) : it->jf;
    }
}

/* All rules of a system call. A conditional jump reaches 255 instructions; where they are more, it leads to one that reaches all. */
static void put_call(struct filter *filter, const struct rules *rules, int call) {
    unsigned start = filter->size;
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)call);
    for (unsigned i = 0; i < rules->count; i++)
        if (rules->rule[i].call == call)
            put_rule(filter, &rules->rule[i]);
    put_return(filter, SECCOMP_RET_KILL_PROCESS);
    unsigned length = filter->size - start - 1;
    if (length <= UINT8_MAX) {
        filter->code[start].jf = (uint8_t)length;
        return;
    }
    put_return(filter, SECCOMP_RET_KILL_PROCESS); /* to make room */
    if (filter->error != 0)
        return;
    memmove(&filter->code[start + 2], &filter->code[start + 1], length * sizeof *filter->code);
    filter->code[start].jt = 1;
    filter->code[start + 1] = (struct sock_filter){.code = BPF_JMP | BPF_JA, .k = length};
}

static bool is_first(const struct rules *rules, unsigned index) {
    for (unsigned i = 0; i < index; i++)
        if (rules->rule[i].call == rules->rule[index].call)
            return false;
    return true;
}

int rules_compile(const struct rules *rules, int broken, struct sock_filter code[FILTER_MAX], struct sock_fprog *program, struct refusal *why) {
    struct filter filter = {.code = code, .error = broken != 0 ? EINVAL : 0};
    put_load(&filter, offsetof(struct seccomp_data, arch));
    put(&filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
    put_return(&filter, SECCOMP_RET_KILL_PROCESS);
    put_load(&filter, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < rules->count; i++)
        if (is_first(rules, i))
            put_call(&filter, rules, rules->rule[i].call);
    put_return(&filter, SECCOMP_RET_KILL_PROCESS);
    if (filter.error != 0)
        return fail(why, E_HOST, "seccomp filter", strerror(filter.error), "give the guest fewer devices");
    *program = (struct sock_fprog){.len = (unsigned short)filter.size, .filter = code};
    return 0;
}
