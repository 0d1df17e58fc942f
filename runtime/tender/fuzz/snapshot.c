/*
 * Fuzzes the reading of snapshots under AddressSanitizer: right ones in which some fields and bytes were changed, with checksums that fit.
 * Not part of the tenders.
 *
 *   fuzz-snapshot SEED ROUNDS     prints how many were taken and how many refused
 *
 * What is taken must be what restoring relies on; that is checked.
 */
#include "../snapshot.h"
#include "../spt_snapshot.h"
#include "random.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY (4ull << 20)
#define PAGES (MEMORY / GUEST_PAGE_SIZE)

static struct snapshot made, snapshot;
static struct image image;
static struct refusal why;

static void require(bool good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void make_devices(struct spt_view *view) {
    unsigned devices = (unsigned)random_below(random_below(8) == 0 ? 63 : 4);
    made.manifest.version = MFT_VERSION;
    made.manifest.entries = devices + 1;
    made.manifest.e[0].type = MFT_RESERVED_FIRST;
    memset(view->fd, -1, sizeof view->fd);
    for (unsigned handle = 1; handle <= devices; handle++) {
        struct mft_entry *entry = &made.manifest.e[handle];
        bool net = random_below(2);
        snprintf(entry->name, sizeof entry->name, "d%u", handle);
        entry->type = net ? MFT_NET_BASIC : MFT_BLOCK_BASIC;
        entry->attached = 1;
        if (net) {
            entry->u.net.mac[0] = 2;
            entry->u.net.mtu = 1500;
        } else {
            entry->u.block.block_size = 512;
            entry->u.block.capacity = 4096;
        }
        view->fd[handle] = 10 + (int)handle;
    }
}

/* One that is right. Returns its file's size. */
static uint64_t make(enum abi_target target) {
    memset(&made, 0, sizeof made);
    memcpy(made.magic, SNAPSHOT_MAGIC, sizeof made.magic);
    made.version = SNAPSHOT_VERSION;
    made.target = target;
    made.memory_size = MEMORY;
    made.kernel_end = 0x200000;
    uint64_t page = 256;
    while (page < PAGES - 8 && random_below(8) != 0) {
        uint64_t end = page + 1 + random_below(8);
        static const uint32_t access[] = {0, ACCESS_READ, ACCESS_READ | ACCESS_WRITE, ACCESS_READ | ACCESS_EXECUTE};
        made.segment[made.segment_count++] = (struct snapshot_segment){
            .start = page * GUEST_PAGE_SIZE, .end = end * GUEST_PAGE_SIZE, .access = access[random_below(4)]};
        page = end + random_below(8);
    }
    uint64_t size = SNAPSHOT_HEAD;
    for (page = 16 + random_below(16); page < PAGES - 8 && random_below(8) != 0; page += random_below(8)) {
        uint32_t pages = 1 + (uint32_t)random_below(8);
        made.extent[made.extent_count++] = (struct snapshot_extent){.page = (uint32_t)page, .pages = pages};
        size += pages * GUEST_PAGE_SIZE;
        page += pages;
    }
    struct spt_state *state = (struct spt_state *)made.machine;
    make_devices(&state->view);
    state->view.epoll = 3;
    state->view.timer = 4;
    made.processor[SNAPSHOT_PROCESSOR_XSAVE] = 3;
    state->xstate_size = SPT_XSTATE_SIZE;
    made.machine_size = sizeof *state;
    return size;
}

static uint64_t interesting(void) {
    static const uint64_t values[] = {0, 1, 2, 7, 64, 65, 128, 129, 4096, 4097, 0x100000, MEMORY, MEMORY + 4096, PAGES, INT32_MAX, UINT32_MAX, 1ull << 32, UINT64_MAX, UINT64_MAX - 4095};
    return values[random_below(sizeof values / sizeof *values)];
}

/* Changes a field, most often one that there is something in. */
static void spoil(void) {
    uint8_t *bytes = (uint8_t *)&made;
    size_t at;
    switch (random_below(6)) {
    case 0: at = random_below(64); break;
    case 1: at = offsetof(struct snapshot, segment) + random_below(24 * (made.segment_count + 1ull)); break;
    case 2: at = offsetof(struct snapshot, manifest) + random_below(MFT_SIZE(3)); break;
    case 3: at = offsetof(struct snapshot, extent) + random_below(8 * (made.extent_count + 1ull)); break;
    case 4: at = offsetof(struct snapshot, machine) + random_below(sizeof(struct spt_state)); break;
    default: at = random_below(sizeof made - 8);
    }
    uint64_t value = interesting();
    if (at > sizeof made - 8)
        at = sizeof made - 8;
    if (random_below(2))
        bytes[at] = (uint8_t)random_next();
    else
        memcpy(bytes + at / 4 * 4, &value, random_below(2) ? 4 : 8);
}

static void check(uint64_t file_size) {
    uint64_t before = GUEST_MIN_ADDRESS;
    memset(&image, 0, sizeof image);
    snapshot_image(&snapshot, &(struct file){.name = "x"}, &image);
    require(image.segment_count <= IMAGE_MAX_HEADERS, "too many segments");
    for (int i = 0; i < image.segment_count; i++) {
        const struct segment *segment = &image.segment[i];
        require(segment->start >= before && segment->end > segment->start && segment->end <= snapshot.memory_size, "a segment's place");
        require(segment->start % GUEST_PAGE_SIZE == 0 && segment->end % GUEST_PAGE_SIZE == 0, "a segment's pages");
        require((segment->access & (ACCESS_WRITE | ACCESS_EXECUTE)) != (ACCESS_WRITE | ACCESS_EXECUTE) && segment->access <= 7, "a segment's access");
        before = segment->end;
    }
    uint64_t end = SNAPSHOT_HEAD;
    before = 0;
    for (uint32_t i = 0; i < snapshot.extent_count; i++) {
        uint64_t start = (uint64_t)snapshot.extent[i].page * GUEST_PAGE_SIZE, size = (uint64_t)snapshot.extent[i].pages * GUEST_PAGE_SIZE;
        require(start >= before && size > 0 && start + size <= snapshot.memory_size, "an extent's place");
        require(snapshot.target != ABI_SPT || start >= SPT_MEMORY_START, "an extent where spt has no memory");
        before = start + size;
        end += size;
    }
    require(end == file_size, "an extent beyond the file");
    require(image.manifest.entries >= 1 && image.manifest.entries <= MFT_MAX_ENTRIES, "the manifest's entries");
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 64;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10);
    unsigned long taken = 0, refused = 0, whole = 0;
    int fd = memfd_create("snapshot", 0);
    for (unsigned long i = 0; i < rounds; i++) {
        struct target target = {.abi = random_below(2) ? ABI_HVT : ABI_SPT, .name = "hvt"};
        uint64_t size = make(target.abi);
        for (uint64_t changes = random_below(4); changes > 0; changes--)
            spoil();
        if (made.extent_count <= SNAPSHOT_EXTENTS && made.machine_size <= SNAPSHOT_MACHINE_SIZE) /* or it is refused before */
            made.checksum = snapshot_checksum(&made);
        if (random_below(20) == 0)
            made.checksum ^= 1ull << random_below(64);
        if (random_below(20) == 0)
            size = random_below(2) ? random_below(size) : size + random_below(8192);
        struct file file = {.fd = fd, .name = "made.snap", .size = size};
        require(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)size) == 0, "ftruncate");
        size_t head = size < sizeof made ? size : sizeof made;
        require(pwrite(fd, &made, head, 0) == (ssize_t)head, "pwrite");
        why.text[0] = '\0';
        memset(&snapshot, 0, sizeof snapshot);
        if (snapshot_read(&file, &target, &snapshot, &why) == 0) {
            check(size);
            taken++;
            whole += target.abi == ABI_SPT && spt_state_wrong(&snapshot) == NULL;
        } else {
            require(why.text[0] != '\0', "a refusal that says nothing");
            refused++;
        }
    }
    printf("%lu taken, %lu refused, %lu whole\n", taken, refused, whole);
    return 0;
}
