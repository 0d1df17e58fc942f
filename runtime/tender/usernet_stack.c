/* The network in user space: libslirp between the guest's frames and the host's sockets. See usernet.h. */
#include "errors.h"
#include "usernet.h"
#include "usernet_filter.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY "libslirp.so.0"

/* Sockets at once, those that listen included; confine() lets the process have as many descriptors. */
#define SOCKETS_MAX 1000
/* Frames taken before others have their turn. */
#define BURST 64
/* So long a frame waits for a guest that does not read, then it is dropped, as on any wire. In milliseconds. */
#define PATIENCE 20
#define FRAME_MAX (USERNET_MTU + 14 + 4)

struct timer {
    SlirpTimerCb call;
    void *opaque;
    int64_t due; /* in milliseconds of now(); -1: not running */
    bool used;
};

/*
 * Loaded when it is needed, so that whoever lacks it is told what to install, and all other networks work without.
 */
static struct {
    __typeof__(&slirp_new) new;
    __typeof__(&slirp_add_hostxfwd) publish;
    __typeof__(&slirp_pollfds_fill) fill;
    __typeof__(&slirp_pollfds_poll) poll;
    __typeof__(&slirp_input) input;
} library;

static Slirp *slirp;
static bool reach_host;
static int guest_fd;
static struct pollfd sockets[SOCKETS_MAX + 2]; /* the guest's and the tender's come first */
static int socket_count;
static struct timer timers[SLIRP_TIMER_NUM];

static int64_t now(void *opaque) {
    (void)opaque;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t seconds(void) {
    return now(NULL) / 1000000000;
}

static ssize_t send_packet(const void *frame, size_t size, void *opaque) {
    (void)opaque;
    filter_note(frame, size, seconds());
    ssize_t sent = send(guest_fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
        struct pollfd guest = {.fd = guest_fd, .events = POLLOUT};
        if (poll(&guest, 1, PATIENCE) == 1)
            sent = send(guest_fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return sent < 0 ? (ssize_t)size : sent; /* lost, which is no error of the network */
}

/* Whatever a guest sends is its own affair. */
static void guest_error(const char *message, void *opaque) {
    (void)message;
    (void)opaque;
}

static void *timer_new(SlirpTimerCb call, void *call_opaque, void *opaque) {
    (void)opaque;
    for (int i = 0; i < SLIRP_TIMER_NUM; i++)
        if (!timers[i].used) {
            timers[i] = (struct timer){.call = call, .opaque = call_opaque, .due = -1, .used = true};
            return &timers[i];
        }
    return NULL;
}

static void timer_free(void *timer, void *opaque) {
    (void)opaque;
    if (timer != NULL)
        ((struct timer *)timer)->used = false;
}

static void timer_mod(void *timer, int64_t due, void *opaque) {
    (void)opaque;
    if (timer != NULL)
        ((struct timer *)timer)->due = due;
}

static void ignore_fd(int fd, void *opaque) {
    (void)fd;
    (void)opaque;
}

static void ignore(void *opaque) {
    (void)opaque;
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = now,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = ignore,
};

static struct in_addr ipv4(const char *text) {
    struct in_addr address;
    inet_pton(AF_INET, text, &address);
    return address;
}

static struct in6_addr ipv6(const char *text) {
    struct in6_addr address;
    inet_pton(AF_INET6, text, &address);
    return address;
}

/* The address that the guest makes of the advertised prefix and its MAC address (RFC 4291, appendix A). */
static struct in6_addr guest_ipv6(const uint8_t mac[6]) {
    struct in6_addr address = ipv6(USERNET_PREFIX6);
    const uint8_t host[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};
    memcpy(address.s6_addr + 8, host, sizeof host);
    return address;
}

static int publish(const struct publish *it, const uint8_t mac[6], struct refusal *why) {
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(it->guest_port), .sin_addr = ipv4(USERNET_GUEST)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(it->guest_port), .sin6_addr = guest_ipv6(mac)};
    bool six = it->host.any.sa_family == AF_INET6;
    int flags = (it->udp ? SLIRP_HOSTFWD_UDP : 0) | (six ? SLIRP_HOSTFWD_V6ONLY : 0);
    errno = 0;
    int result = six ? library.publish(slirp, &it->host.any, sizeof it->host.ipv6, (struct sockaddr *)&to6, sizeof to6, flags)
                     : library.publish(slirp, &it->host.any, sizeof it->host.ipv4, (struct sockaddr *)&to4, sizeof to4, flags);
    if (result == 0)
        return 0;
    switch (errno) {
    case EADDRINUSE: return fail(why, E_PUBLISH_BUSY, it->text);
    case EACCES: return fail(why, E_PUBLISH_LOW, it->text);
    case EADDRNOTAVAIL: return fail(why, E_PUBLISH_ADDRESS, it->text);
    default: return fail(why, E_HOST, it->text, strerror(errno), "publish another port");
    }
}

/* Objects and functions share their addresses here (POSIX, dlsym), which C cannot say by a cast. */
static bool find(void *from, const char *name, void *function) {
    void *found = dlsym(from, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static int load_library(struct refusal *why) {
    void *from = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (from == NULL)
        return fail(why, E_USERNET_LIBRARY, LIBRARY);
    if (find(from, "slirp_new", &library.new) && find(from, "slirp_add_hostxfwd", &library.publish) &&
        find(from, "slirp_pollfds_fill", &library.fill) && find(from, "slirp_pollfds_poll", &library.poll) &&
        find(from, "slirp_input", &library.input))
        return 0;
    return fail(why, E_USERNET_LIBRARY, LIBRARY " 4.5 or newer");
}

int stack_open(const struct usernet *usernet, struct refusal *why) {
    /* Whoever closes while the guest still sends is no reason to end. */
    signal(SIGPIPE, SIG_IGN);
    const SlirpConfig config = {
        .version = 4,
        .in_enabled = true,
        .vnetwork = ipv4(USERNET_NETWORK),
        .vnetmask = ipv4(USERNET_MASK),
        .vhost = ipv4(USERNET_HOST),
        .vdhcp_start = ipv4(USERNET_GUEST),
        .vnameserver = ipv4(USERNET_DNS),
        .in6_enabled = true,
        .vprefix_addr6 = ipv6(USERNET_PREFIX6),
        .vprefix_len = 64,
        .vhost6 = ipv6(USERNET_HOST6),
        .vnameserver6 = ipv6(USERNET_DNS6),
        .if_mtu = USERNET_MTU,
        .if_mru = USERNET_MTU,
        /* libslirp's own .disable_host_loopback would also stop the answers to calls by UDP. */
    };
    reach_host = usernet->reach_host;
    if (load_library(why) != 0)
        return -1;
    slirp = library.new(&config, &callbacks, NULL);
    if (slirp == NULL)
        return fail(why, E_HOST, "user-mode network", "libslirp did not start", "look for a newer libslirp0");
    for (unsigned i = 0; i < usernet->publish_count; i++)
        if (publish(&usernet->publish[i], usernet->mac, why) != 0)
            return -1;
    return 0;
}

static int add_socket(int fd, int events, void *opaque) {
    (void)opaque;
    if (socket_count == SOCKETS_MAX + 2)
        return -1;
    short wanted = 0;
    if (events & SLIRP_POLL_IN)
        wanted |= POLLIN;
    if (events & SLIRP_POLL_OUT)
        wanted |= POLLOUT;
    if (events & SLIRP_POLL_PRI)
        wanted |= POLLPRI;
    sockets[socket_count] = (struct pollfd){.fd = fd, .events = wanted};
    return socket_count++;
}

static int socket_events(int index, void *opaque) {
    (void)opaque;
    if (index < 0)
        return 0;
    short found = sockets[index].revents;
    return (found & POLLIN ? SLIRP_POLL_IN : 0) | (found & POLLOUT ? SLIRP_POLL_OUT : 0) | (found & POLLPRI ? SLIRP_POLL_PRI : 0) |
           (found & POLLERR ? SLIRP_POLL_ERR : 0) | (found & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* Milliseconds until a timer is due, at most `timeout`. */
static uint32_t until_timer(uint32_t timeout) {
    int64_t time = now(NULL) / 1000000;
    for (int i = 0; i < SLIRP_TIMER_NUM; i++) {
        if (!timers[i].used || timers[i].due < 0)
            continue;
        int64_t left = timers[i].due > time ? timers[i].due - time : 0;
        if (left < timeout)
            timeout = (uint32_t)left;
    }
    return timeout;
}

static void run_timers(void) {
    int64_t time = now(NULL) / 1000000;
    for (int i = 0; i < SLIRP_TIMER_NUM; i++) {
        if (!timers[i].used || timers[i].due < 0 || timers[i].due > time)
            continue;
        timers[i].due = -1; /* the call may set it again */
        timers[i].call(timers[i].opaque);
    }
}

/* Takes what the guest has sent. */
static void take_frames(void) {
    static uint8_t frame[FRAME_MAX];
    for (int i = 0; i < BURST; i++) {
        ssize_t size = recv(guest_fd, frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC);
        if (size < 0)
            return;
        if (size > 0 && size <= FRAME_MAX && (reach_host || filter_allows(frame, (size_t)size, seconds())))
            library.input(slirp, frame, (int)size);
    }
}

void stack_run(int fd, int tender) {
    guest_fd = fd;
    for (;;) {
        uint32_t timeout = 60000;
        socket_count = 0;
        add_socket(fd, SLIRP_POLL_IN, NULL);
        add_socket(tender, SLIRP_POLL_IN, NULL);
        library.fill(slirp, &timeout, add_socket, NULL);
        int count = poll(sockets, (nfds_t)socket_count, (int)until_timer(timeout));
        library.poll(slirp, count < 0, socket_events, NULL);
        run_timers();
        if (count > 0 && sockets[1].revents != 0)
            return;
        if (count > 0 && sockets[0].revents != 0)
            take_frames();
    }
}
