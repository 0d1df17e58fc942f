/* A wire between two ends that loses, delays, reorders, duplicates and corrupts frames, by seed, the same both ways.
 *   link [--seed=N] [--delay=MS] [--loss=%] [--reorder=%] [--duplicate=%] [--corrupt=%] END END
 * An end is tap:NAME (a tap with the kernel of the namespace on its other side) or packet:NAME (frames as they come in at an
 * interface that somebody else has, such as a tender's tap; checksums may not be made yet), either with @PID for the network
 * namespace of that process, or stdio: frames on standard input and output, each behind its size in two bytes, big endian.
 * The kernel's own means, tc-netem(8), is a module that small kernels are built without. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, QUEUE = 8192, RING_FRAMES = 4096, RING_BLOCK = 65536 };

struct frame {
    uint64_t due;
    uint32_t size;
    uint8_t bytes[FRAME_MAX];
};

/* One end of the wire, and what travels to it. */
struct end {
    enum { TAP, PACKET, STDIO } kind;
    int fd;
    uint8_t *ring; /* of a packet socket: a receive buffer of our own size, net.core.rmem_max is too small for a window */
    uint32_t next;
    uint32_t pending; /* bytes of stdin that are read and not yet a whole frame */
    uint8_t input[65536];
    uint64_t random;
    struct frame *queue;
    uint32_t head, tail;
};

static struct end ends[2];
static double delay_ms, loss, reorder, duplicate, corrupt, seed = 1;

static void fail(const char *what) {
    fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* xorshift64* */
static uint32_t draw(struct end *end) {
    end->random ^= end->random >> 12;
    end->random ^= end->random << 25;
    end->random ^= end->random >> 27;
    return (uint32_t)((end->random * 0x2545f4914f6cdd1du) >> 32);
}

static int chance(struct end *end, double percent) {
    return percent > 0 && draw(end) < percent / 100 * 4294967296.0;
}

static void open_tap(struct end *end, const char *name) {
    end->kind = TAP;
    end->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (end->fd < 0)
        fail("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(end->fd, TUNSETIFF, &request) < 0)
        fail(name);
}

static void open_packet(struct end *end, const char *name) {
    end->kind = PACKET;
    end->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    if (end->fd < 0)
        fail("packet socket");
    int version = TPACKET_V2, yes = 1;
    struct tpacket_req ring = {
        .tp_block_size = RING_BLOCK,
        .tp_block_nr = RING_FRAMES / (RING_BLOCK / FRAME_MAX),
        .tp_frame_size = FRAME_MAX,
        .tp_frame_nr = RING_FRAMES,
    };
    if (setsockopt(end->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
        setsockopt(end->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) < 0 ||
        setsockopt(end->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) < 0)
        fail("packet socket");
    end->ring = mmap(NULL, (size_t)RING_FRAMES * FRAME_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, end->fd, 0);
    if (end->ring == MAP_FAILED)
        fail("packet ring");
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)if_nametoindex(name),
    };
    if (address.sll_ifindex == 0 || bind(end->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail(name);
}

static void open_end(struct end *end, char *text) {
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    char *at = strchr(text, '@');
    if (at) {
        char path[64];
        *at = 0;
        snprintf(path, sizeof path, "/proc/%s/ns/net", at + 1);
        int there = open(path, O_RDONLY | O_CLOEXEC);
        if (there < 0 || setns(there, CLONE_NEWNET) < 0)
            fail(path);
        close(there);
    }
    if (!strncmp(text, "tap:", 4))
        open_tap(end, text + 4);
    else if (!strncmp(text, "packet:", 7))
        open_packet(end, text + 7);
    else if (!strcmp(text, "stdio"))
        end->kind = STDIO, end->fd = STDIN_FILENO;
    else
        errno = EINVAL, fail(text);
    if (at && setns(home, CLONE_NEWNET) < 0)
        fail("namespace");
    close(home);
    end->queue = calloc(QUEUE, sizeof *end->queue);
    end->random = (uint64_t)seed * 2 + (uint64_t)(end - ends) + 0x9e3779b97f4a7c15u;
}

static void deliver(struct end *end, const uint8_t *bytes, uint32_t size) {
    if (end->kind == STDIO) {
        const uint8_t header[2] = {(uint8_t)(size >> 8), (uint8_t)size};
        fwrite(header, 1, 2, stdout);
        fwrite(bytes, 1, size, stdout);
        fflush(stdout);
    } else if (write(end->fd, bytes, size) < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINVAL)
        /* ENOBUFS, EAGAIN: the other side is slow and the frame is lost, as on a wire; EINVAL: it was no frame. */
        fail("write");
}

static void enqueue(struct end *end, const uint8_t *bytes, uint32_t size, uint64_t due) {
    if (end->tail - end->head == QUEUE)
        return;
    struct frame *frame = &end->queue[end->tail++ % QUEUE];
    frame->due = due;
    frame->size = size;
    memcpy(frame->bytes, bytes, size);
}

/* A frame has come in at one end; `end` is the other. Impairments mean what they mean to tc-netem(8). */
static void pass(struct end *end, const uint8_t *bytes, uint32_t size, uint64_t time) {
    uint8_t copy[FRAME_MAX];
    if (size > FRAME_MAX || size < 14 || chance(end, loss))
        return;
    memcpy(copy, bytes, size);
    /* Where a checksum can find it. ARP has none: on a real wire, Ethernet's own would have found it. */
    int is_ip = (copy[12] == 0x08 && copy[13] == 0x00) || (copy[12] == 0x86 && copy[13] == 0xdd);
    if (is_ip && size > 14 && chance(end, corrupt))
        copy[14 + draw(end) % (size - 14)] ^= (uint8_t)(1u << draw(end) % 8);
    int copies = chance(end, duplicate) ? 2 : 1;
    while (copies--) {
        if (delay_ms == 0 || chance(end, reorder))
            deliver(end, copy, size);
        else
            enqueue(end, copy, size, time + (uint64_t)(delay_ms * 1e6));
    }
}

static void receive_packets(struct end *from, struct end *to, uint64_t time) {
    for (;;) {
        uint8_t *slot = from->ring + (size_t)from->next * FRAME_MAX;
        struct tpacket2_hdr *header = (struct tpacket2_hdr *)slot;
        if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
            return;
        pass(to, slot + header->tp_mac, header->tp_snaplen, time);
        __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        from->next = (from->next + 1) % RING_FRAMES;
    }
}

static void receive_input(struct end *from, struct end *to, uint64_t time) {
    ssize_t got = read(from->fd, from->input + from->pending, sizeof from->input - from->pending);
    if (got <= 0)
        exit(0);
    from->pending += (uint32_t)got;
    uint32_t at = 0;
    while (from->pending - at >= 2) {
        uint32_t size = (uint32_t)from->input[at] << 8 | from->input[at + 1];
        if (from->pending - at - 2 < size)
            break;
        pass(to, from->input + at + 2, size, time);
        at += 2 + size;
    }
    from->pending -= at;
    memmove(from->input, from->input + at, from->pending);
}

static void receive(struct end *from, struct end *to) {
    uint64_t time = now();
    uint8_t bytes[FRAME_MAX];
    if (from->kind == PACKET)
        receive_packets(from, to, time);
    else if (from->kind == STDIO)
        receive_input(from, to, time);
    else
        for (ssize_t got; (got = read(from->fd, bytes, sizeof bytes)) > 0;)
            pass(to, bytes, (uint32_t)got, time);
}

static void set(const char *option) {
    static const struct {
        const char *name;
        double *value;
    } known[] = {{"--seed=", &seed},       {"--delay=", &delay_ms},       {"--loss=", &loss},
                 {"--reorder=", &reorder}, {"--duplicate=", &duplicate}, {"--corrupt=", &corrupt}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(option, known[i].name, strlen(known[i].name))) {
            *known[i].value = atof(option + strlen(known[i].name));
            return;
        }
    errno = EINVAL;
    fail(option);
}

int main(int count, char **arguments) {
    int at = 1;
    while (at < count && !strncmp(arguments[at], "--", 2))
        set(arguments[at++]);
    if (count - at != 2)
        errno = EINVAL, fail("two ends are wanted");
    open_end(&ends[0], arguments[at]);
    open_end(&ends[1], arguments[at + 1]);
    fputs("ready\n", stderr);
    for (;;) {
        uint64_t time = now(), next = time + 1000000000u;
        for (int i = 0; i < 2; i++) {
            struct end *end = &ends[i];
            while (end->head != end->tail && end->queue[end->head % QUEUE].due <= time) {
                struct frame *frame = &end->queue[end->head++ % QUEUE];
                deliver(end, frame->bytes, frame->size);
            }
            if (end->head != end->tail && end->queue[end->head % QUEUE].due < next)
                next = end->queue[end->head % QUEUE].due;
        }
        struct pollfd fds[2] = {{.fd = ends[0].fd, .events = POLLIN}, {.fd = ends[1].fd, .events = POLLIN}};
        struct timespec wait = {0, (long)(next - time)};
        if (next - time >= 1000000000u)
            wait = (struct timespec){1, 0};
        if (ppoll(fds, 2, &wait, NULL) < 0 && errno != EINTR)
            fail("poll");
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                receive(&ends[i], &ends[1 - i]);
    }
}
