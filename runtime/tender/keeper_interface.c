/* Counters of interfaces by rtnetlink(7), which needs no /proc, no /sys and no privilege. See keeper_interface.h. */
#include "keeper_interface.h"

#include "errors.h"
#include "stats.h"

#include <errno.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* An RTM_NEWLINK with all its attributes is about 2 KiB. */
#define ANSWER_SIZE 16384

struct interface {
    unsigned handle;
    int index;
    bool read_before;
    struct rtnl_link_stats64 first; /* the interface may be older than the guest */
};

static struct interface interfaces[MAX_DEVICES];
static unsigned known;
static int netlink = -1;

int interfaces_open(const struct devices *devices, const struct mft *manifest, struct refusal *why) {
    unsigned handles[MAX_DEVICES];
    unsigned count = devices_of(devices, manifest, MFT_NET_BASIC, handles);
    if (count == 0)
        return 0;
    netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (netlink < 0)
        return fail(why, E_HOST, "statistics of interfaces", strerror(errno), "leave out '--stats'");
    for (unsigned i = 0; i < count; i++) {
        struct ifreq question = {.ifr_flags = 0};
        if (ioctl(devices->fd[handles[i]], TUNGETIFF, &question) != 0 || ioctl(netlink, SIOCGIFINDEX, &question) != 0)
            continue; /* no tap, but a socket: nobody counts its frames */
        interfaces[known++] = (struct interface){.handle = handles[i], .index = question.ifr_ifindex};
        stats->device[handles[i]].kept = STATS_BY_INTERFACE;
    }
    interfaces_read();
    return 0;
}

void interfaces_close(void) {
    if (netlink >= 0)
        close(netlink);
    netlink = -1;
    known = 0;
}

int interfaces_allow(struct rules *rules) {
    if (known == 0)
        return 0;
    struct scmp_arg_cmp fd = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)netlink);
    return rules_add(rules, "counters of interfaces", SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, fd) |
           rules_add(rules, "counters of interfaces", SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1, fd);
}

bool interfaces_known(void) {
    return known > 0;
}

/* Asks for one interface and finds its counters in the answer. */
static bool ask(int index, struct rtnl_link_stats64 *counters) {
    static union {
        struct nlmsghdr header;
        char bytes[ANSWER_SIZE];
    } answer;
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } question = {
        .header = {.nlmsg_len = sizeof question, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST},
        .link = {.ifi_family = AF_UNSPEC, .ifi_index = index},
    };
    if (send(netlink, &question, sizeof question, 0) != sizeof question)
        return false;
    ssize_t size = recv(netlink, &answer, sizeof answer, 0); /* the kernel answers within send(2) */
    if (size < (ssize_t)sizeof question || !NLMSG_OK(&answer.header, (size_t)size) || answer.header.nlmsg_type != RTM_NEWLINK)
        return false;
    int left = (int)IFLA_PAYLOAD(&answer.header);
    const struct ifinfomsg *link = NLMSG_DATA(&answer.header);
    if (link->ifi_index != index)
        return false;
    for (const struct rtattr *attribute = IFLA_RTA(link); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        size_t length = RTA_PAYLOAD(attribute);
        if (attribute->rta_type != IFLA_STATS64)
            continue;
        memset(counters, 0, sizeof *counters);
        memcpy(counters, RTA_DATA(attribute), length < sizeof *counters ? length : sizeof *counters);
        return true;
    }
    return false;
}

void interfaces_read(void) {
    for (unsigned i = 0; i < known; i++) {
        struct interface *it = &interfaces[i];
        struct rtnl_link_stats64 now;
        if (!ask(it->index, &now))
            continue; /* it is gone: what was counted stays */
        if (!it->read_before)
            it->first = now;
        it->read_before = true;
        /* What the host transmits comes in here. */
        uint64_t *counts = stats->device[it->handle].count;
        counts[NET_IN_FRAMES] = now.tx_packets - it->first.tx_packets;
        counts[NET_IN_BYTES] = now.tx_bytes - it->first.tx_bytes;
        counts[NET_OUT_FRAMES] = now.rx_packets - it->first.rx_packets;
        counts[NET_OUT_BYTES] = now.rx_bytes - it->first.rx_bytes;
        counts[NET_OUT_REFUSED] = now.rx_dropped + now.rx_errors - it->first.rx_dropped - it->first.rx_errors;
    }
}
