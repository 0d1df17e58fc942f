/*
 * What a process may do behind its seal, as a table: the filter of system calls is made from it, and so is what --show-sandbox says.
 *
 *   broken |= rules_add(rules, "frames", SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, fd));
 *
 * The words are libseccomp's. Whatever no rule allows kills the process.
 */
#ifndef KITTIWAKE_RULES_H
#define KITTIWAKE_RULES_H

#include "error.h"

#include <linux/filter.h>
#include <seccomp.h>

/* Six rules for each of 63 devices (a keeper that hands on and captures frames), and what the tender itself needs. */
#define RULES_MAX 448
#define RULE_CHECKS_MAX 4

/* Longest filter the kernel takes (BPF_MAXINSNS). */
#define FILTER_MAX 4096

struct rule {
    const char *why;     /* what it is for */
    const char *subject; /* whose, such as a device's name; NULL: nobody's */
    uint32_t action;     /* SCMP_ACT_ALLOW or SCMP_ACT_ERRNO(...) */
    int call;
    unsigned count;
    struct scmp_arg_cmp check[RULE_CHECKS_MAX]; /* all of which must hold */
};

struct rules {
    const char *subject; /* of the rules that are added next */
    unsigned count;
    struct rule rule[RULES_MAX];
};

/* Adds a rule with `count` checks (struct scmp_arg_cmp); where several of a system call hold, the first counts. Texts must live as long as the table. Returns 0, or -1 if that is too much. */
int rules_add(struct rules *rules, const char *why, uint32_t action, int call, unsigned count, ...);

/* The descriptor the rule is bound to by its first argument, or -1. */
int rule_descriptor(const struct rule *rule);

/* ---- filter.c ---- */

/*
 * Makes the filter's program in `code`. `broken` is what the additions returned, or'ed together. Returns 0, or -1 with
 * `why`.
 */
int rules_compile(const struct rules *rules, int broken, struct sock_filter code[FILTER_MAX], struct sock_fprog *program, struct refusal *why);

/* Rules that go past the table would be missing in what --show-sandbox says. */
#pragma GCC poison seccomp_rule_add

#endif
