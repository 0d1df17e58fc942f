/*
 * The filter made from a table of rules against the table. Not part of the tenders.
 *
 *   fuzz-rules SEED ROUNDS      prints how many system calls were let through, failed, and killed for
 *
 * Tables are random. The filter is run on system calls near to what the rules are about, and must decide what the table says.
 */
#include "../rules.h"
#include "random.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

static const int CALLS[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(ioctl), SCMP_SYS(exit_group)};
#define CALL_COUNT (sizeof CALLS / sizeof *CALLS)
#define QUESTIONS 64

static struct rules rules;
static struct sock_filter code[FILTER_MAX];
static struct refusal why;

static void require(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* Few, so that rules and questions meet. */
static uint64_t some_value(void) {
    static const uint64_t values[] = {0, 1, 3, 4, 0x101, UINT32_MAX, 1ull << 32, (1ull << 32) + 1, 4ull << 32, UINT64_MAX};
    return values[random_below(sizeof values / sizeof *values)] + random_below(2);
}

static void make_rules(void) {
    static const enum scmp_compare ops[] = {SCMP_CMP_EQ, SCMP_CMP_LE, SCMP_CMP_LT, SCMP_CMP_MASKED_EQ};
    rules.count = 0;
    /* Now and then so many that a jump over them is a long one. */
    for (uint64_t left = random_below(8) == 0 ? 100 : 1 + random_below(8); left > 0; left--) {
        struct scmp_arg_cmp check[RULE_CHECKS_MAX];
        unsigned count = (unsigned)random_below(RULE_CHECKS_MAX + 1), first = (unsigned)random_below(3);
        for (unsigned i = 0; i < count; i++) {
            check[i] = (struct scmp_arg_cmp){.arg = first + i, .op = ops[random_below(4)], .datum_a = some_value()};
            check[i].datum_b = check[i].op == SCMP_CMP_MASKED_EQ ? some_value() & check[i].datum_a : 0;
        }
        require(rules_add(&rules, "", random_below(4) == 0 ? SCMP_ACT_ERRNO(EROFS) : SCMP_ACT_ALLOW, CALLS[random_below(CALL_COUNT)], count, check[0], check[1], check[2], check[3]) == 0, "a rule too many");
    }
}

static bool holds(const struct scmp_arg_cmp *check, uint64_t argument) {
    switch (check->op) {
    case SCMP_CMP_EQ: return argument == check->datum_a;
    case SCMP_CMP_LE: return argument <= check->datum_a;
    case SCMP_CMP_LT: return argument < check->datum_a;
    default: return (argument & check->datum_a) == check->datum_b;
    }
}

/* What the table says. */
static uint32_t look_up(const struct seccomp_data *data) {
    for (unsigned i = 0; i < rules.count && data->arch == AUDIT_ARCH_X86_64; i++) {
        const struct rule *rule = &rules.rule[i];
        bool all = rule->call == data->nr;
        for (unsigned j = 0; j < rule->count; j++)
            all &= holds(&rule->check[j], data->args[rule->check[j].arg]);
        if (all)
            return rule->action;
    }
    return SECCOMP_RET_KILL_PROCESS;
}

/* What the kernel does with a program; it ends, as jumps lead forward only. */
static uint32_t decide(const struct sock_fprog *program, const struct seccomp_data *data) {
    uint32_t a = 0;
    for (unsigned at = 0; at < program->len; at++) {
        const struct sock_filter *it = &program->filter[at];
        switch (it->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            require(it->k % 4 == 0 && it->k + 4 <= sizeof *data, "a load from elsewhere");
            memcpy(&a, (const uint8_t *)data + it->k, sizeof a);
            break;
        case BPF_ALU | BPF_AND | BPF_K: a &= it->k; break;
        case BPF_JMP | BPF_JA: at += it->k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: at += a == it->k ? it->jt : it->jf; break;
        case BPF_JMP | BPF_JGT | BPF_K: at += a > it->k ? it->jt : it->jf; break;
        case BPF_JMP | BPF_JGE | BPF_K: at += a >= it->k ? it->jt : it->jf; break;
        case BPF_RET | BPF_K: return it->k;
        default: require(false, "an instruction nobody knows");
        }
    }
    require(false, "a program without an end");
    return 0;
}

/* A system call, often one that a rule is about. */
static struct seccomp_data ask(void) {
    struct seccomp_data data = {.nr = CALLS[random_below(CALL_COUNT)], .arch = AUDIT_ARCH_X86_64};
    for (unsigned i = 0; i < 6; i++)
        data.args[i] = some_value();
    const struct rule *rule = &rules.rule[random_below(rules.count)];
    if (random_below(2)) {
        data.nr = rule->call;
        for (unsigned i = 0; i < rule->count; i++) {
            const struct scmp_arg_cmp *check = &rule->check[i];
            uint64_t value = check->op == SCMP_CMP_MASKED_EQ ? check->datum_b | (random_next() & ~check->datum_a) : check->datum_a;
            data.args[check->arg] = value - (check->op == SCMP_CMP_LT) + (random_below(8) == 0) * (1ull << random_below(64));
        }
    }
    if (random_below(16) == 0)
        data.nr = random_below(2) ? (int)random_next() : (int)(0x40000000 | (unsigned)data.nr); /* x32's */
    if (random_below(16) == 0)
        data.arch = random_below(2) ? AUDIT_ARCH_I386 : (uint32_t)random_next();
    return data;
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 64;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10), allowed = 0, failed = 0, killed = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        struct sock_fprog program;
        make_rules();
        require(rules_compile(&rules, 0, code, &program, &why) == 0, "a table that makes no filter");
        for (unsigned question = 0; question < QUESTIONS; question++) {
            struct seccomp_data data = ask();
            uint32_t answer = decide(&program, &data);
            require(answer == look_up(&data), "the filter does not do what the table says");
            *(answer == SCMP_ACT_ALLOW ? &allowed : answer == SECCOMP_RET_KILL_PROCESS ? &killed : &failed) += 1;
        }
    }
    printf("%lu allowed, %lu failed, %lu killed\n", allowed, failed, killed);
    return 0;
}
