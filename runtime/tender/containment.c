/* The order of it all, and limits. See containment.h. */
#include "containment.h"

#include "clean_start.h"
#include "errors.h"
#include "landlock.h"
#include "privileges.h"
#include "sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool shows; /* --show-sandbox */

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "the tender needs Linux 5.9 or newer with seccomp");
}

int containment_begin(const struct options *options, struct refusal *why) {
    shows = options->show_sandbox;
    if (clean_start(options->descriptor, options->descriptor_count, why) != 0)
        return -1;
    return privileges_shed(options, why);
}

int containment_confine(const struct options *options, struct refusal *why) {
    return privileges_become(options, why);
}

struct rules *containment_rules(void) {
    static struct rules rules;
    rules.count = 0;
    return &rules;
}

/* One more than the highest, and whether files are opened besides. */
static rlim_t descriptors_used(const struct rules *rules, bool *opens) {
    rlim_t descriptors = STDERR_FILENO + 1;
    for (unsigned i = 0; i < rules->count; i++) {
        int fd = rule_descriptor(&rules->rule[i]);
        *opens |= rules->rule[i].call == SCMP_SYS(openat);
        if (fd >= 0 && (rlim_t)fd + 1 > descriptors)
            descriptors = (rlim_t)fd + 1;
    }
    return descriptors;
}

/*
 * What the filter forbids anyway, once more: descriptors above those that are used, processes, locked memory, message queues. The address space
 * is left alone, since the tender's stack may still grow, and so is the size of files, which is the caller's to limit.
 */
static int limit(const struct rules *rules, const struct sealed_thread *thread, struct refusal *why) {
    bool opens = false;
    rlim_t descriptors = descriptors_used(rules, &opens);
    rlim_t others = thread == NULL ? 0 : descriptors_used(&thread->rules, &opens);
    descriptors = others > descriptors ? others : descriptors;
    const struct {
        int resource;
        rlim_t most;
    } limits[] = {
        {RLIMIT_NOFILE, opens ? descriptors + 1 : descriptors},
        {RLIMIT_NPROC, 0},
        {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},
    };
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit now;
        if (getrlimit(limits[i].resource, &now) != 0)
            return refuse("limits", why);
        struct rlimit lower = {.rlim_cur = limits[i].most, .rlim_max = limits[i].most};
        if (now.rlim_max > limits[i].most && setrlimit(limits[i].resource, &lower) != 0)
            return refuse("limits", why);
    }
    return 0;
}

/* Landlock knows no calls: of those the filter lets through it leaves open what they need. A keeper and its guest are each in a scope of their own. */
static int close_files(const struct rules *rules, struct refusal *why) {
    static struct landlock_path folders[RULES_MAX];
    unsigned count = 0;
    unsigned left = 0;
    for (unsigned i = 0; i < rules->count; i++) {
        if (rules->rule[i].call == SCMP_SYS(openat))
            folders[count++] = (struct landlock_path){.fd = rule_descriptor(&rules->rule[i]), .use = LANDLOCK_MAKE};
        if (rules->rule[i].call == SCMP_SYS(pidfd_send_signal))
            left |= LANDLOCK_SIGNALS;
    }
    return landlock_close(folders, count, left, why);
}

int containment_seal(struct rules *rules, int broken, struct sealed_thread *thread, struct refusal *why) {
    static struct sock_filter code[FILTER_MAX], thread_code[FILTER_MAX];
    struct sock_fprog program, thread_program;
    /* Compiling takes memory and a descriptor, so it comes first; limits forbid threads, so they come last. */
    if (rules_compile(rules, broken, code, &program, why) != 0 ||
        (thread != NULL && rules_compile(&thread->rules, thread->broken, thread_code, &thread_program, why) != 0) ||
        close_files(rules, why) != 0 || privileges_drop(why) != 0)
        return -1;
    if (thread != NULL && !shows && thread->start(&thread_program, why) != 0)
        return -1;
    if (limit(rules, thread, why) != 0)
        return -1;
    if (shows)
        sandbox_show(rules, thread == NULL ? NULL : &thread->rules);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : refuse("seccomp", why);
}
