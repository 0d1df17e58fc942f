/* Landlock. See landlock.h. The system calls have no wrappers in libc, and the headers of build hosts lag behind. */
#include "landlock.h"

#include "errors.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET 444
#define ADD_RULE 445
#define RESTRICT_SELF 446
#define VERSION 1u       /* flag of CREATE_RULESET: only says which version there is */
#define PATH_BENEATH 1u  /* kind of rule */

/* Accesses to files: those of version 1, and what later ones brought. */
#define FILES 0x1fffull
#define WRITE_FILE (1ull << 1)
#define REMOVE_FILE (1ull << 5)
#define MAKE_REG (1ull << 8)
#define REFER (1ull << 13)     /* 2 */
#define TRUNCATE (1ull << 14)  /* 3 */
#define IOCTL_DEV (1ull << 15) /* 5 */
#define TCP 3ull               /* 4: bind, connect */
#define ABSTRACT_SOCKETS 1ull  /* 6 */
#define SIGNALS 2ull           /* 6 */

struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};
struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

static int version;

int landlock_version(void) {
    return version;
}

static bool allows(const struct rules *rules, int call) {
    for (unsigned i = 0; i < rules->count; i++)
        if (rules->rule[i].call == call)
            return true;
    return false;
}

static int restrict_to(const struct rules *rules, int fd, uint64_t files) {
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        struct path_beneath folder = {.allowed = (WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE) & files, .parent = rule_descriptor(rule)};
        if (rule->call == SCMP_SYS(openat) && syscall(ADD_RULE, fd, PATH_BENEATH, &folder, 0u) != 0)
            return -1;
    }
    return (int)syscall(RESTRICT_SELF, fd, 0u);
}

int landlock_close(const struct rules *rules, struct refusal *why) {
    long known = syscall(CREATE_RULESET, NULL, 0, VERSION);
    if (known <= 0)
        return 0; /* not built in, or not switched on */
    struct ruleset ruleset = {.files = FILES};
    size_t size = known >= 6 ? 24 : known >= 4 ? 16 : 8; /* older kernels take no more than they know */
    if (known >= 2)
        ruleset.files |= REFER;
    if (known >= 3)
        ruleset.files |= TRUNCATE;
    if (known >= 4)
        ruleset.network = TCP;
    if (known >= 5)
        ruleset.files |= IOCTL_DEV;
    if (known >= 6) /* a keeper and its guest are each in a scope of their own */
        ruleset.scoped = ABSTRACT_SOCKETS | (allows(rules, SCMP_SYS(pidfd_send_signal)) ? 0 : SIGNALS);
    int fd = (int)syscall(CREATE_RULESET, &ruleset, size, 0u);
    int broken = fd < 0 ? -1 : restrict_to(rules, fd, ruleset.files);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (broken != 0)
        return fail(why, E_HOST, "Landlock", strerror(error), "raise 'ulimit -n', or see 'dmesg'");
    version = (int)known;
    return 0;
}
