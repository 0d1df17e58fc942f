/*
 * Fuzzes the hypercalls and the net ring: a guest that asks for everything, with arguments anywhere, under AddressSanitizer and without KVM.
 * Not part of the tenders.
 *
 *   fuzz-calls SEED ROUNDS      prints how many calls were carried out, refused, and ended the guest, and how many of them
 *                               wrote to a block device; then what it left in the ring: served, broken
 *
 * Guest memory lies between guard pages and is protected as the loader does it, and what is below 1 MiB is read-only here:
 * a tender that reads or writes where it must not is ended by a fault. What it lets the kernel read or write is touched
 * first, since the kernel would only return EFAULT (the Makefile wraps the four calls). What it
 * asks of a block device must lie within it.
 */
#include "../errors.h"
#include "../hvt.h"
#include "../hvt_ring.h"
#include "random.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY 0x400000ull
#define GUARD 0x10000ull
#define CODE 0x100000ull
#define DATA 0x200000ull /* the only writable segment with bytes in the file */
#define CONSTANTS 0x210000ull
#define NOTHING 0x220000ull /* may not even be read */
#define SEGMENT_SIZE 0x2000ull
#define CAPACITY 0x3000ull
#define SECTOR 512

static struct image image = {
    .segment_count = 4,
    .segment =
        {
            {.address = CODE, .access = ACCESS_READ | ACCESS_EXECUTE},
            {.address = DATA, .access = ACCESS_READ | ACCESS_WRITE},
            {.address = CONSTANTS, .access = ACCESS_READ},
            {.address = NOTHING, .access = 0},
        },
    .manifest = {.version = MFT_VERSION, .entries = 5},
};
static struct kvm_run run;
static struct machine machine = {.kvm = -1, .vm = -1, .vcpu = -1, .run = &run, .memory_size = MEMORY};
static struct devices devices;
static struct refusal why;

/* Handles: two taps, a block device, and one that may only be read. */
enum { TAP = 1, OTHER_TAP, DISK, READ_ONLY };

/* Writes to the block device that came as far as the kernel. */
static unsigned long transfers;

static void require(bool good, const char *what) {
    if (good)
        return;
    perror(what);
    abort();
}

ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
ssize_t __real_pread(int fd, void *to, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *from, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *to, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *from, size_t size, off_t offset);

/* Reads, and where asked writes back, a byte of every page, the first and the last. */
static void touch(const volatile void *memory, size_t size, bool writing) {
    volatile uint8_t *bytes = (volatile uint8_t *)memory;
    for (size_t at = 0; at < size; at = at + GUEST_PAGE_SIZE < size || at == size - 1 ? at + GUEST_PAGE_SIZE : size - 1) {
        uint8_t byte = bytes[at];
        if (writing)
            bytes[at] = byte;
    }
}

static void meddle(void);

ssize_t __wrap_read(int fd, void *to, size_t size) {
    meddle();
    touch(to, size, true);
    return __real_read(fd, to, size);
}

ssize_t __wrap_write(int fd, const void *from, size_t size) {
    meddle();
    touch(from, size, false);
    return __real_write(fd, from, size);
}

/* Where the device behind `fd` ends; the largest number for other files. */
static uint64_t end_of(int fd) {
    for (unsigned handle = 1; handle < image.manifest.entries; handle++)
        if (devices.fd[handle] == fd && image.manifest.e[handle].type == MFT_BLOCK_BASIC)
            return image.manifest.e[handle].u.block.capacity;
    return UINT64_MAX;
}

static void check_range(int fd, size_t size, off_t offset) {
    uint64_t end = end_of(fd);
    if (offset < 0 || (uint64_t)offset > end || size > end - (uint64_t)offset)
        abort();
}

ssize_t __wrap_pread(int fd, void *to, size_t size, off_t offset) {
    check_range(fd, size, offset);
    touch(to, size, true);
    return __real_pread(fd, to, size, offset);
}

ssize_t __wrap_pwrite(int fd, const void *from, size_t size, off_t offset) {
    check_range(fd, size, offset);
    if (devices.read_only[READ_ONLY] && fd == devices.fd[READ_ONLY])
        abort();
    touch(from, size, false);
    transfers++;
    return __real_pwrite(fd, from, size, offset);
}

/* The image's file is a hole: its segments are zeroes. */
static void load(void) {
    uint8_t *all = mmap(NULL, MEMORY + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    require(all != MAP_FAILED, "mmap");
    machine.memory = all + GUARD;
    require(mprotect(machine.memory, MEMORY, PROT_READ | PROT_WRITE) == 0, "mprotect");
    image.file = (struct file){.fd = memfd_create("image", 0), .name = "image", .size = SEGMENT_SIZE};
    require(ftruncate(image.file.fd, (off_t)SEGMENT_SIZE) == 0, "image");
    for (int i = 0; i < image.segment_count; i++) {
        struct segment *segment = &image.segment[i];
        segment->start = segment->address;
        segment->file_size = segment->memory_size = SEGMENT_SIZE;
        segment->end = segment->start + SEGMENT_SIZE;
    }
    require(image_load(&image, machine.memory, false, &why) == 0, "image_load");
    require(mprotect(machine.memory, GUEST_MIN_ADDRESS, PROT_READ) == 0, "mprotect");
}

/* Datagrams stand for frames. Returns the world's end of the tap behind `handle`. */
static int connect_tap(unsigned handle) {
    int pair[2];
    require(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
    image.manifest.e[handle].type = MFT_NET_BASIC;
    devices.fd[handle] = pair[0];
    return pair[1];
}

/* A disk of 24 sectors of 512 bytes. */
static void connect_disk(unsigned handle, bool read_only) {
    image.manifest.e[handle].type = MFT_BLOCK_BASIC;
    image.manifest.e[handle].u.block.capacity = CAPACITY;
    image.manifest.e[handle].u.block.block_size = SECTOR;
    devices.fd[handle] = memfd_create("disk", 0);
    devices.read_only[handle] = read_only;
    require(devices.fd[handle] >= 0 && ftruncate(devices.fd[handle], (off_t)CAPACITY) == 0, "disk");
}

/* Some place in or around guest memory, most often near an edge. */
static uint64_t somewhere(void) {
    static const uint64_t edges[] = {0,       0x1000,  HVT_BOOT_INFO, CODE, CODE + SEGMENT_SIZE, DATA, DATA + SEGMENT_SIZE,
                                     CONSTANTS, CONSTANTS + SEGMENT_SIZE, NOTHING, NOTHING + SEGMENT_SIZE, 0x300000, MEMORY,
                                     0x80000000, 0xffffffff, 0x100000000, UINT64_MAX};
    switch (random_below(8)) {
    case 0: return random_next();
    case 1: return random_below(MEMORY);
    case 2: return DATA + random_below(SEGMENT_SIZE - sizeof(struct hvt_block));
    default: return edges[random_below(sizeof edges / sizeof *edges)] + random_below(66) - 33;
    }
}

static uint64_t some_length(void) {
    switch (random_below(6)) {
    case 0: return random_next();
    case 1: return somewhere();
    case 2: return 0;
    default: return random_below(2000);
    }
}

/* Whole sectors most often, around the end of the device. */
static uint64_t some_sectors(void) {
    return random_below(6) ? random_below(CAPACITY / SECTOR + 2) * SECTOR : random_next() >> random_below(64);
}

/* Leaves an argument where a guest could have written one: handle or data, address, length, or whatever the call makes of them. */
static void write_argument(uint64_t address) {
    uint64_t argument[5] = {random_below(3) ? random_below(6) : somewhere(), somewhere(), some_length(), random_next()};
    uint64_t size = sizeof argument;
    if (address < DATA || address > MEMORY - size || (address + size > CONSTANTS && address < NOTHING + SEGMENT_SIZE))
        return;
    switch (random_below(3)) {
    case 0: /* as PUTS has it: data and length come first */
        argument[0] = somewhere();
        argument[1] = some_length();
        break;
    case 1: /* BLOCK_READ and BLOCK_WRITE: handle, offset, data, length */
        argument[0] = random_below(8) ? DISK + random_below(2) : argument[0];
        argument[1] = some_sectors();
        argument[2] = random_below(4) ? 0x300000 + random_below(0x10000) : somewhere();
        argument[3] = some_sectors();
    }
    memcpy(machine.memory + address, argument, sizeof argument);
}

/* ---- The ring ---- */

/* There is no thread here. */
bool ring_broken(struct refusal *unused) {
    (void)unused;
    return false;
}

static struct ring ring;
static unsigned long served, broken;

/* One field of it takes another value, most often around the slots that are in use. */
static void meddle_with(struct hvt_ring *shared) {
    struct hvt_ring_entry *entry = &shared->entries[(ring.entry_head + random_below(4)) % HVT_RING_SLOTS];
    switch (random_below(10)) {
    case 0: shared->entry_tail = random_below(4) ? ring.entry_head + (uint32_t)random_below(1030) : (uint32_t)random_next(); break;
    case 1: shared->commit_head = random_below(4) ? ring.commit_tail - (uint32_t)random_below(1030) : (uint32_t)random_next(); break;
    case 2: shared->entry_head = (uint32_t)random_next(); break;
    case 3: shared->commit_tail = (uint32_t)random_next(); break;
    case 4: entry->operation = (uint32_t)random_below(4); break;
    case 5: entry->handle = random_below(4) ? (uint32_t)random_below(4) : (uint32_t)random_next(); break;
    case 6: entry->data = somewhere(); break;
    case 7: entry->len = (uint32_t)some_length(); break;
    default: ((uint8_t *)shared)[random_below(sizeof *shared)] = (uint8_t)random_next();
    }
}

/* While the tender is about to read or write a frame: what it has checked must be what it uses. */
static void meddle(void) {
    if (ring.shared != NULL && random_below(4) == 0)
        meddle_with(ring.shared);
}

/* Between guard pages, as guest memory. */
static void make_ring(const struct calls *calls) {
    uint8_t *all = mmap(NULL, HVT_RING_PAGES + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    require(all != MAP_FAILED && mprotect(all + GUARD, HVT_RING_PAGES, PROT_READ | PROT_WRITE) == 0, "ring");
    ring = (struct ring){.shared = (struct hvt_ring *)(all + GUARD), .calls = calls};
}

/* A right entry that could do something; the rest is up to chance. */
static void leave_entry(void) {
    struct hvt_ring *shared = ring.shared;
    shared->entries[ring.entry_head % HVT_RING_SLOTS] = (struct hvt_ring_entry){
        .operation = 1 + (uint32_t)random_below(2),
        .handle = TAP + (uint32_t)random_below(2),
        .data = 0x300000 + random_below(0x1000),
        .len = (uint32_t)random_below(2000),
    };
    shared->entry_tail = ring.entry_head + 1 + (uint32_t)random_below(4);
    shared->commit_head = ring.commit_tail - (uint32_t)random_below(8);
}

static void serve_ring(void) {
    if (random_below(2))
        leave_entry();
    for (uint64_t changes = random_below(6); changes > 0; changes--)
        meddle_with(ring.shared);
    uint32_t head = ring.entry_head, tail = ring.commit_tail;
    why.text[0] = '\0';
    int count = ring_serve(&ring, &why);
    if (count > (int)HVT_RING_SLOTS || (count >= 0 && ring.entry_head != head + (uint32_t)count) || ring.commit_tail - tail > ring.entry_head - head)
        abort();
    if (count < 0 && (why.class != EXIT_GUEST_FAULT || why.text[0] == '\0'))
        abort();
    served += count > 0;
    broken += count < 0;
    if (count >= 0)
        return;
    ring.entry_head = (uint32_t)random_next(); /* another guest */
    ring.commit_tail = (uint32_t)random_next();
    ring.shared->entry_tail = ring.entry_head;
    ring.shared->commit_head = ring.commit_tail;
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return EX_USAGE;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10);
    unsigned long done = 0, refused = 0, ended = 0;
    memset(devices.fd, -1, sizeof devices.fd);
    load();
    int world[2] = {connect_tap(TAP), connect_tap(OTHER_TAP)};
    connect_disk(DISK, false);
    connect_disk(READ_ONLY, true);
    uint64_t cookie;
    struct calls calls = {.machine = &machine, .image = &image, .devices = &devices, .cookie = &cookie};
    require(events_open(&devices, &image.manifest, &calls.events, &why) == 0, "events");

    make_ring(&calls);

    /* What guests print is of no interest; the result goes where they cannot. */
    int result = dup(STDOUT_FILENO);
    require(result >= 0 && dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO) >= 0, "/dev/null");

    for (unsigned long i = 0; i < rounds; i++) {
        static char frame[1514];
        for (int tap = 0; tap < 2; tap++) {
            send(world[tap], frame, 1 + random_below(sizeof frame), 0); /* keeps POLL from sleeping */
            while (recv(world[tap], frame, sizeof frame, 0) > 0)
                continue;
        }
        serve_ring();
        uint32_t address = (uint32_t)somewhere();
        write_argument(address);
        why.text[0] = '\0';
        int status = calls_handle(&calls, (unsigned)random_below(HVT_CALL_END + 1), address, &why);
        if (status == CALL_DONE)
            done++;
        else if (status == -1 && why.class == EXIT_GUEST_FAULT && why.text[0] != '\0')
            refused++;
        else if (status >= 0 && status <= 255)
            ended++;
        else
            abort();
    }
    dprintf(result, "%lu done, %lu refused, %lu ended, %lu written, %lu served, %lu broken\n", done, refused, ended, transfers, served, broken);
    return 0;
}
