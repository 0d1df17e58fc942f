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
#define READ_FILE (1ull << 2)
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

static int restrict_to(const struct landlock_path *paths, unsigned count, int fd, uint64_t files) {
    for (unsigned i = 0; i < count; i++) {
        uint64_t allowed = paths[i].use == LANDLOCK_READ ? READ_FILE : WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE;
        struct path_beneath path = {.allowed = allowed & files, .parent = paths[i].fd};
        if (syscall(ADD_RULE, fd, PATH_BENEATH, &path, 0u) != 0)
            return -1;
    }
    return (int)syscall(RESTRICT_SELF, fd, 0u);
}

int landlock_close(const struct landlock_path *paths, unsigned count, unsigned left, struct refusal *why) {
    long known = syscall(CREATE_RULESET, NULL, 0, VERSION);
    if (known <= 0)
        return 0; /* not built in, or not switched on */
    struct ruleset ruleset = {.files = FILES};
    size_t size = known >= 6 ? 24 : known >= 4 ? 16 : 8; /* older kernels take no more than they know */
    if (known >= 2)
        ruleset.files |= REFER;
    if (known >= 3)
        ruleset.files |= TRUNCATE;
    if (known >= 4 && !(left & LANDLOCK_TCP))
        ruleset.network = TCP;
    if (known >= 5)
        ruleset.files |= IOCTL_DEV;
    if (known >= 6)
        ruleset.scoped = ABSTRACT_SOCKETS | (left & LANDLOCK_SIGNALS ? 0 : SIGNALS);
    int fd = (int)syscall(CREATE_RULESET, &ruleset, size, 0u);
    int broken = fd < 0 ? -1 : restrict_to(paths, count, fd, ruleset.files);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (broken != 0)
        return fail(why, E_HOST, "Landlock", strerror(error), "raise 'ulimit -n', or see 'dmesg'");
    version = (int)known;
    return 0;
}
