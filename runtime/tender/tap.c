/* Taps. See tap.h, and Documentation/networking/tuntap.rst of Linux. */
#include "tap.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct interface {
    const char *device; /* the guest's name for it */
    const char *name;
    int socket; /* for questions about interfaces */
};

static int host_refused(const struct interface *it, const char *call, struct refusal *why) {
    return fail(why, E_TUN_FAILED, it->device, it->name, call, strerror(errno));
}

static struct ifreq request(const struct interface *it) {
    struct ifreq request = {.ifr_flags = 0};
    memcpy(request.ifr_name, it->name, strlen(it->name) + 1);
    return request;
}

/* Taps are known by their driver. Where a kernel does not say, TUNSETIFF will. */
static bool is_tap(const struct interface *it) {
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq question = request(it);
    question.ifr_data = (char *)&driver;
    if (ioctl(it->socket, SIOCETHTOOL, &question) != 0)
        return errno != EOPNOTSUPP;
    return strcmp(driver.driver, "tun") == 0 && strcmp(driver.bus_info, "tap") == 0;
}

/* Whether it is up, and its MTU. */
static int check_state(const struct interface *it, uint16_t *mtu, struct refusal *why) {
    struct ifreq question = request(it);
    if (ioctl(it->socket, SIOCGIFFLAGS, &question) != 0)
        return host_refused(it, "SIOCGIFFLAGS", why);
    if (!(question.ifr_flags & IFF_UP))
        return fail(why, E_TAP_DOWN, it->device, it->name, it->name);
    question = request(it);
    if (ioctl(it->socket, SIOCGIFMTU, &question) != 0)
        return host_refused(it, "SIOCGIFMTU", why);
    *mtu = (uint16_t)question.ifr_mtu; /* at most 65,521 for a tap */
    return 0;
}

/* The interface must be there before TUNSETIFF, which would create one. */
static int check(const struct interface *it, int *index, uint16_t *mtu, struct refusal *why) {
    struct ifreq question = request(it);
    if (ioctl(it->socket, SIOCGIFINDEX, &question) != 0) {
        if (errno == ENODEV)
            return fail(why, E_TAP_MISSING, it->device, it->name, it->name);
        return host_refused(it, "SIOCGIFINDEX", why);
    }
    *index = question.ifr_ifindex;
    if (!is_tap(it))
        return fail(why, E_TAP_NOT_TAP, it->device, it->name);
    return check_state(it, mtu, why);
}

static int open_driver(const struct interface *it, struct refusal *why) {
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
        return fail(why, E_TUN_MISSING, it->device);
    if (errno == EACCES || errno == EPERM)
        return fail(why, E_TUN_FORBIDDEN, it->device);
    return host_refused(it, "opening /dev/net/tun", why);
}

/*
 * With offloads: frames with a header, which may lack their checksum and may be a whole train of segments (TSO), both ways.
 * Without: no frames above the MTU and no unfinished checksums; offloads outlive whoever asked for them.
 */
static int set_offloads(const struct interface *it, int fd, bool on, struct refusal *why) {
    int size = OFFLOAD_HEADER;
    if (on && ioctl(fd, TUNSETVNETHDRSZ, &size) != 0)
        return host_refused(it, "TUNSETVNETHDRSZ", why);
    if (ioctl(fd, TUNSETOFFLOAD, on ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 : 0ul) != 0)
        return host_refused(it, "TUNSETOFFLOAD", why);
    return 0;
}

static int attach(const struct interface *it, int fd, int index, bool *offload, struct refusal *why) {
    struct ifreq question = request(it);
    question.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (*offload ? IFF_VNET_HDR : 0));
    if (ioctl(fd, TUNSETIFF, &question) != 0) {
        switch (errno) {
        case EBUSY: return fail(why, E_TAP_BUSY, it->device, it->name);
        case EPERM: return fail(why, E_TAP_OWNER, it->device, it->name);
        case EINVAL: return fail(why, E_TAP_QUEUES, it->device, it->name); /* the kind of interface is known by now */
        default: return host_refused(it, "TUNSETIFF", why);
        }
    }
    /* Was it deleted meanwhile, TUNSETIFF may just have made another one, which goes away with the descriptor. */
    question = request(it);
    if (ioctl(it->socket, SIOCGIFINDEX, &question) != 0 || question.ifr_ifindex != index)
        return fail(why, E_TAP_MISSING, it->device, it->name, it->name);
    return set_offloads(it, fd, *offload, why);
}

int tap_attach(const char *device, const char *interface, uint16_t *mtu, bool *offload, struct refusal *why) {
    struct interface it = {.device = device, .name = interface};
    it.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* of any family: these ioctls are the network core's */
    if (it.socket < 0)
        return host_refused(&it, "socket", why);
    int index;
    int fd = -1;
    if (check(&it, &index, mtu, why) == 0)
        fd = open_driver(&it, why);
    if (fd >= 0 && attach(&it, fd, index, offload, why) != 0) {
        close(fd);
        fd = -1;
    }
    close(it.socket);
    return fd;
}

/*
 * The interface's state, if this network namespace has it: another one may have one of the same name, but hardly of the same
 * address. `mtu` is left alone if not.
 */
static int find_state(const struct interface *it, int fd, uint16_t *mtu, struct refusal *why) {
    struct ifreq here = request(it), there = request(it);
    if (ioctl(it->socket, SIOCGIFHWADDR, &here) != 0 || ioctl(fd, SIOCGIFHWADDR, &there) != 0 ||
        memcmp(here.ifr_hwaddr.sa_data, there.ifr_hwaddr.sa_data, ETH_ALEN) != 0)
        return 0;
    return check_state(it, mtu, why);
}

static int inherited_mtu(const struct net_option *option, const char *interface, uint16_t *mtu, struct refusal *why) {
    struct interface it = {.device = option->name, .name = interface};
    it.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (it.socket < 0)
        return host_refused(&it, "socket", why);
    *mtu = 0;
    int broken = find_state(&it, option->fd, mtu, why);
    close(it.socket);
    if (broken)
        return -1;
    if (*mtu != 0 && option->mtu != 0)
        return fail(why, E_MTU_TAP, option->name, interface, interface, option->mtu);
    if (*mtu == 0)
        *mtu = option->mtu != 0 ? option->mtu : TAP_MTU;
    return 0;
}

/*
 * Whether frames come without packet information. The bit that says so is also the one for "no filter" (IFF_NOFILTER), which is set
 * beside it; so a filter that lets everything pass is attached for the time of the question, unless there is one of the caller's.
 */
static bool is_plain(int fd, struct ifreq *attached) {
    struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    struct sock_fprog all = {.len = 1, .filter = &pass}, callers = {.len = 0};
    if (ioctl(fd, TUNGETFILTER, &callers) != 0 || callers.len != 0)
        return attached->ifr_flags & IFF_NO_PI;
    int broken = ioctl(fd, TUNATTACHFILTER, &all) != 0 || ioctl(fd, TUNGETIFF, attached) != 0;
    broken |= ioctl(fd, TUNDETACHFILTER, &all) != 0;
    return !broken && (attached->ifr_flags & IFF_NO_PI);
}

int tap_inherit(const struct net_option *option, const char *image, uint16_t *mtu, bool *offload, struct refusal *why) {
    struct interface it = {.device = option->name, .name = option->tap};
    struct ifreq attached = {.ifr_flags = 0};
    if (ioctl(option->fd, TUNGETIFF, &attached) != 0) {
        if (errno == EBADFD)
            return fail(why, E_FD_TAP_LOOSE, option->name, option->fd);
        return host_refused(&it, "TUNGETIFF", why);
    }
    attached.ifr_name[IFNAMSIZ - 1] = '\0';
    if (!(attached.ifr_flags & IFF_TAP))
        return fail(why, E_FD_TAP_KIND, option->name, option->fd);
    if (!is_plain(option->fd, &attached))
        return fail(why, E_FD_TAP_PREFIX, option->name, option->fd);
    bool header = attached.ifr_flags & IFF_VNET_HDR;
    if (header && !*offload)
        return fail(why, E_FD_TAP_HEADER, option->name, option->fd, image);
    *offload = header;
    if (inherited_mtu(option, attached.ifr_name, mtu, why) != 0)
        return -1;
    return set_offloads(&it, option->fd, *offload, why);
}
