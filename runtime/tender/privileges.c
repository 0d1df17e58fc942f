/* Users, groups, capabilities, the root directory. See privileges.h. */
#include "privileges.h"

#include "errors.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "the tender needs Linux 5.9 or newer with seccomp");
}

static uint64_t bit(int capability) {
    return 1ull << capability;
}

/* Keeps of the capabilities there are those in `kept`, permitted and effective; none is inheritable. */
static int keep(uint64_t kept, struct refusal *why) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return refuse("capabilities", why);
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= (uint32_t)(kept >> 32 * i);
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    return syscall(SYS_capset, &header, data) == 0 ? 0 : refuse("dropping capabilities", why);
}

int privileges_shed(const struct options *options, struct refusal *why) {
    if (options->has_uid && !options->has_gid)
        return fail(why, E_UID_ALONE, options->uid, options->uid);
    /* The bounding set needs CAP_SETPCAP to shrink; who has it not has nothing to lose by it either. */
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
        continue;
    if (errno != EINVAL && errno != EPERM)
        return refuse("capability bounding set", why);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return refuse("ambient capabilities", why);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse("no new privileges", why);
    uint64_t kept = bit(CAP_DAC_OVERRIDE) | bit(CAP_DAC_READ_SEARCH);
    if (options->net_count > 0)
        kept |= bit(CAP_NET_ADMIN);
    if (options->has_uid || options->has_gid)
        kept |= bit(CAP_SETUID) | bit(CAP_SETGID);
    if (options->chroot != NULL)
        kept |= bit(CAP_SYS_CHROOT);
    return keep(kept, why);
}

int privileges_become(const struct options *options, struct refusal *why) {
    if (options->chroot != NULL && (chdir(options->chroot) != 0 || chroot(".") != 0 || chdir("/") != 0))
        return errno == EPERM ? fail(why, E_CHROOT_FORBIDDEN, options->chroot)
                              : fail(why, E_CHROOT, options->chroot, strerror(errno));
    if ((options->has_gid || options->has_uid) && setgroups(0, NULL) != 0)
        return fail(why, E_USER, "groups", strerror(errno));
    if (options->has_gid && setresgid(options->gid, options->gid, options->gid) != 0)
        return fail(why, E_USER, "'--gid'", strerror(errno));
    if (options->has_uid && setresuid(options->uid, options->uid, options->uid) != 0)
        return fail(why, E_USER, "'--uid'", strerror(errno));
    return 0;
}

int privileges_drop(struct refusal *why) {
    return keep(0, why);
}
