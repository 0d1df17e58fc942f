/*
 * The hypercalls. The guest is hostile: an argument is copied once before it is looked at, every address is checked, and
 * what the tender writes goes only where the guest itself may write. See hvt.h.
 */
#include "errors.h"
#include "hvt.h"
#include "hvt_ring.h"
#include "limits.h"
#include "stats.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ull

bool calls_may(const struct calls *calls, uint64_t address, uint64_t size, enum access access) {
    uint64_t end;
    if (__builtin_add_overflow(address, size, &end) || end > calls->machine->memory_size)
        return false;
    if (access == ACCESS_WRITE && address < GUEST_MIN_ADDRESS)
        return false;
    for (int i = 0; i < calls->image->segment_count; i++) {
        const struct segment *segment = &calls->image->segment[i];
        if (segment->file_size == 0 || address >= segment->end || end <= segment->start)
            continue;
        /* Whatever may be executed or written may be read: the processor knows no less. */
        if (access == ACCESS_READ ? segment->access == 0 : !(segment->access & ACCESS_WRITE))
            return false;
    }
    return true;
}

static int outside(const struct calls *calls, const char *what, uint64_t address, uint64_t size, enum access access,
                   struct refusal *why) {
    return fail(why, E_GUEST_MEMORY, what, (unsigned long long)address, (unsigned long long)size,
                access == ACCESS_READ ? "read" : "write", (unsigned long long)kvm_rip(calls->machine));
}

/* Copies an argument out of guest memory; all arguments but PUTS and HALT are also written to. */
static int take(const struct calls *calls, void *argument, uint32_t address, size_t size, enum access access, struct refusal *why) {
    if (!calls_may(calls, address, size, access))
        return outside(calls, "hypercall argument", address, size, access, why);
    memcpy(argument, calls->machine->memory + address, size);
    return 0;
}

/* take() has found that the guest may write there. */
static int give(const struct calls *calls, const void *argument, uint32_t address, size_t size) {
    memcpy(calls->machine->memory + address, argument, size);
    return CALL_DONE;
}

static int walltime(const struct calls *calls, uint32_t address, struct refusal *why) {
    struct hvt_walltime argument;
    if (take(calls, &argument, address, sizeof argument, ACCESS_WRITE, why) != 0)
        return -1;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    argument.nsecs = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
    return give(calls, &argument, address, sizeof argument);
}

/* A console that nobody can read any more does not stop the guest; a closed pipe ends the tender by SIGPIPE. */
static void console_write(const uint8_t *text, uint64_t size) {
    for (uint64_t done = 0; done < size;) {
        ssize_t count = write(STDOUT_FILENO, text + done, size - done);
        if (count > 0) {
            done += (uint64_t)count;
        } else if (count < 0 && errno == EAGAIN) {
            struct pollfd console = {.fd = STDOUT_FILENO, .events = POLLOUT};
            ppoll(&console, 1, NULL, NULL);
        } else if (count == 0 || errno != EINTR) {
            return;
        }
    }
}

static int put(const struct calls *calls, uint32_t address, struct refusal *why) {
    struct hvt_puts argument;
    if (take(calls, &argument, address, sizeof argument, ACCESS_READ, why) != 0)
        return -1;
    if (!calls_may(calls, argument.data, argument.len, ACCESS_READ))
        return outside(calls, "PUTS", argument.data, argument.len, ACCESS_READ, why);
    console_write(calls->machine->memory + argument.data, argument.len);
    return CALL_DONE;
}

/* Waits `ns` at most for a tap that can be read or a notice, and says so in `argument`. */
static void wait_once(const struct calls *calls, uint64_t ns, struct hvt_poll *argument) {
    /* A guest that only looks leaves the timer as it is: that it goes off meanwhile is ignored below. */
    struct itimerspec timer = {
        .it_value = {
            .tv_sec = (time_t)(ns / NSEC_PER_SEC),
            .tv_nsec = (long)(ns % NSEC_PER_SEC) | 1, /* zero would disarm it */
        },
    };
    if (ns != 0)
        timerfd_settime(calls->events.timer, 0, &timer, NULL);
    /* If a snapshot is wanted, or the debugger waits, a handler sets the timer; if not by now, then from here on. */
    bool sleep = ns != 0 && !hvt_snapshot_wanted(calls);
    struct epoll_event events[MAX_DEVICES + 2];
    int count;
    do
        count = epoll_pwait(calls->events.epoll, events, MAX_DEVICES + 2, sleep ? -1 : 0, NULL);
    while (count < 0 && errno == EINTR && !ring_broken(NULL)); /* which the main loop sees, too */
    argument->ready_set = 0;
    argument->ret = 0;
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == EVENT_TIMER)
            continue;
        argument->ready_set |= 1ull << events[i].data.u64;
        argument->ret += events[i].data.u64 != NOTICE_EVENT; /* which is no device */
    }
}

/* Sleeps until a tap can be read, there is a notice, or the time is over. A tap with a limit cannot be read while it has no tokens. */
static int wait_for_events(const struct calls *calls, uint32_t address, struct refusal *why) {
    struct hvt_poll argument;
    if (take(calls, &argument, address, sizeof argument, ACCESS_WRITE, why) != 0)
        return -1;
    uint64_t left = argument.timeout_nsecs;
    do {
        uint64_t held = net_hold(calls);
        uint64_t ns = held < left ? held : left;
        wait_once(calls, ns, &argument);
        left -= ns;
    } while (argument.ready_set == 0 && left > 0 && !ring_broken(NULL));
    return give(calls, &argument, address, sizeof argument);
}

int calls_device(const struct calls *calls, uint64_t handle, uint32_t type) {
    return handle < MFT_MAX_ENTRIES && calls->image->manifest.e[handle].type == type ? calls->devices->fd[handle] : -1;
}

static int net_write(const struct calls *calls, uint32_t address, struct refusal *why) {
    struct hvt_net argument;
    if (take(calls, &argument, address, sizeof argument, ACCESS_WRITE, why) != 0)
        return -1;
    if (!calls_may(calls, argument.data, argument.len, ACCESS_READ))
        return outside(calls, "NET_WRITE", argument.data, argument.len, ACCESS_READ, why);
    if (calls_device(calls, argument.handle, MFT_NET_BASIC) < 0)
        argument.ret = SOLO5_EINVAL;
    else
        argument.ret = net_write_frame(calls, (unsigned)argument.handle, calls->machine->memory + argument.data, argument.len);
    return give(calls, &argument, address, sizeof argument);
}

static int net_read(const struct calls *calls, uint32_t address, struct refusal *why) {
    struct hvt_net argument;
    if (take(calls, &argument, address, sizeof argument, ACCESS_WRITE, why) != 0)
        return -1;
    if (!calls_may(calls, argument.data, argument.len, ACCESS_WRITE))
        return outside(calls, "NET_READ", argument.data, argument.len, ACCESS_WRITE, why);
    if (calls_device(calls, argument.handle, MFT_NET_BASIC) < 0)
        argument.ret = SOLO5_EINVAL;
    else
        argument.ret = net_read_frame(calls, (unsigned)argument.handle, calls->machine->memory + argument.data, argument.len, &argument.len);
    return give(calls, &argument, address, sizeof argument);
}

/* All of it or an error, which the guest gets: a disk that fails is no reason to end it. */
static int transfer(int fd, enum hvt_call call, uint8_t *data, uint64_t size, uint64_t offset) {
    for (uint64_t done = 0; done < size;) {
        off_t at = (off_t)(offset + done);
        ssize_t count = call == HVT_BLOCK_READ ? pread(fd, data + done, size - done, at) : pwrite(fd, data + done, size - done, at);
        if (count > 0)
            done += (uint64_t)count;
        else if (count == 0 || errno != EINTR)
            return SOLO5_EUNSPEC;
    }
    return SOLO5_OK;
}

/* A limit lets pass what begins, and a guest may transfer its whole disk at once: so it is asked for each piece, an operation of its own. */
static int transfer_limited(unsigned handle, int fd, enum hvt_call call, uint8_t *data, uint64_t size, uint64_t offset) {
    if (!limits_block(handle))
        return transfer(fd, call, data, size, offset);
    int result = SOLO5_OK;
    for (uint64_t done = 0, piece; done < size && result == SOLO5_OK; done += piece) {
        piece = size - done < LIMITS_BLOCK_PIECE ? size - done : LIMITS_BLOCK_PIECE;
        for (uint64_t ns; (ns = limits_block_wait(handle)) > 0; limits_sleep(ns)) {
            count(&stats->device[handle].count[BLOCK_DELAYED], 1);
            count(&stats->device[handle].count[BLOCK_DELAYED_NS], ns);
        }
        limits_block_take(handle, piece);
        result = transfer(fd, call, data + done, piece, offset + done);
    }
    return result;
}

/* BLOCK_READ and BLOCK_WRITE: any number of whole sectors within the device. */
static int block(const struct calls *calls, enum hvt_call call, uint32_t address, struct refusal *why) {
    struct hvt_block argument;
    bool reading = call == HVT_BLOCK_READ;
    enum access access = reading ? ACCESS_WRITE : ACCESS_READ;
    if (take(calls, &argument, address, sizeof argument, ACCESS_WRITE, why) != 0)
        return -1;
    if (!calls_may(calls, argument.data, argument.len, access))
        return outside(calls, reading ? "BLOCK_READ" : "BLOCK_WRITE", argument.data, argument.len, access, why);
    int fd = calls_device(calls, argument.handle, MFT_BLOCK_BASIC);
    if (fd < 0) {
        argument.ret = SOLO5_EINVAL;
        return give(calls, &argument, address, sizeof argument);
    }
    uint64_t capacity = calls->image->manifest.e[argument.handle].u.block.capacity;
    uint64_t sector = calls->image->manifest.e[argument.handle].u.block.block_size;
    if (argument.offset % sector != 0 || argument.len % sector != 0 || argument.offset >= capacity ||
        argument.len > capacity - argument.offset)
        argument.ret = SOLO5_EINVAL;
    else if (!reading && calls->devices->read_only[argument.handle])
        argument.ret = SOLO5_EUNSPEC;
    else
        argument.ret = transfer_limited((unsigned)argument.handle, fd, call, calls->machine->memory + argument.data, argument.len, argument.offset);
    uint64_t *counts = stats->device[argument.handle].count;
    bool good = argument.ret == SOLO5_OK;
    count(&counts[reading ? BLOCK_READS : BLOCK_WRITES], 1);
    count(&counts[reading ? BLOCK_READ_BYTES : BLOCK_WRITTEN_BYTES], good ? argument.len : 0);
    count(&counts[reading ? BLOCK_READ_ERRORS : BLOCK_WRITE_ERRORS], !good);
    return give(calls, &argument, address, sizeof argument);
}

static int halt(const struct calls *calls, uint32_t address, struct refusal *why) {
    struct hvt_halt argument;
    if (take(calls, &argument, address, sizeof argument, ACCESS_READ, why) != 0)
        return -1;
    if (argument.cookie != 0 && !calls_may(calls, argument.cookie, HVT_HALT_COOKIE_SIZE, ACCESS_READ))
        return outside(calls, "HALT", argument.cookie, HVT_HALT_COOKIE_SIZE, ACCESS_READ, why);
    *calls->cookie = argument.cookie;
    return argument.exit_status & 0xff;
}

int calls_handle(const struct calls *calls, unsigned number, uint32_t address, struct refusal *why) {
    switch (number) {
    case HVT_WALLTIME: return walltime(calls, address, why);
    case HVT_PUTS: return put(calls, address, why);
    case HVT_POLL: return wait_for_events(calls, address, why);
    case HVT_BLOCK_WRITE:
    case HVT_BLOCK_READ: return block(calls, number, address, why);
    case HVT_NET_WRITE: return net_write(calls, address, why);
    case HVT_NET_READ: return net_read(calls, address, why);
    case HVT_HALT: return halt(calls, address, why);
    default: return fail(why, E_GUEST_CALL, number, (unsigned long long)kvm_rip(calls->machine));
    }
}
