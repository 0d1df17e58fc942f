/* Taps. See tap.h, and Documentation/networking/tuntap.rst of Linux. */
#include "tap.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
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
    question = request(it);
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

/* Frames with a header, which may lack their checksum and may be a whole train of segments (TSO), both ways. */
static bool take_offloads(int fd) {
    int size = OFFLOAD_HEADER;
    return ioctl(fd, TUNSETVNETHDRSZ, &size) == 0 && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) == 0;
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
    if (*offload)
        return take_offloads(fd) ? 0 : host_refused(it, "TUNSETOFFLOAD", why);
    /* Offloads outlive whoever asked for them. The guest takes no frames above the MTU and no unfinished checksums. */
    if (ioctl(fd, TUNSETOFFLOAD, 0ul) != 0)
        return host_refused(it, "TUNSETOFFLOAD", why);
    return 0;
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
