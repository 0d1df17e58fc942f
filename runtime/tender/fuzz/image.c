/*
 * Fuzzes the loader: mutates images given as files and hands them to image_parse() and, where it takes them, to image_fit() and
 * image_load(), in one process, under AddressSanitizer. Not part of the tenders.
 *
 *   fuzz-image SEED ROUNDS IMAGE...      prints how many mutants were refused, taken, and of these loaded
 *
 * The same seed makes the same mutants. A mutant that is taken must satisfy what the loader relies on; that is checked.
 */
#include "../image.h"
#include "random.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#define IMAGE_MAX (1 << 20)
#define SEEDS_MAX 32
#define CHANGES_MAX 6
#define FRONT 4096

/* What a mutant is run with: larger than any image given, small enough to be mapped afresh each time. */
#define MEMORY (8ull << 20)

/* An image as it was given, and a file with the same bytes, which mutants change and put right again. */
struct seed {
    uint8_t *bytes;
    size_t size;
    size_t front; /* headers and notes are in front of it: where the parser looks */
    int fd;
};

/* Values that sit at the edges of checks. */
static uint64_t interesting(void) {
    static const uint64_t values[] = {0,          1,          2,          6,
                                      8,          20,         56,         63,
                                      64,         65,         104,        0xff,
                                      0xfff,      0x1000,     0xffff,     0xfffff,
                                      0x100000,   0x7fffffff, 0x80000000, 0xffffffff,
                                      MEMORY - 1, MEMORY,     MEMORY + 1, 0x7fffffffffffffff,
                                      1ull << 63, 0xfffffffffffff000, 0xffffffffffffffff};
    return values[random_below(sizeof values / sizeof *values)];
}

/* A field the parser reads: of the ELF header, of a program header, of a note, or anywhere in the front. */
static size_t field(const struct seed *seed, size_t *width) {
    static const struct {
        uint8_t at, width;
    } elf[] = {{4, 1}, {5, 1}, {16, 2}, {18, 2}, {20, 4}, {24, 8}, {32, 8}, {52, 2}, {54, 2}, {56, 2}},
      program[] = {{0, 4}, {4, 4}, {8, 8}, {16, 8}, {32, 8}, {40, 8}, {48, 8}},
      note[] = {{0, 4}, {4, 4}, {4, 4}, {8, 4}, {24, 4}, {28, 4}, {100, 4}, {128, 1}, {204, 4}};
    uint16_t headers;
    memcpy(&headers, seed->bytes + 56, sizeof headers);
    switch (random_below(5)) {
    case 0: {
        size_t which = random_below(sizeof elf / sizeof *elf);
        *width = elf[which].width;
        return elf[which].at;
    }
    case 1:
    case 2: {
        size_t which = random_below(sizeof program / sizeof *program);
        *width = program[which].width;
        return 64 + 56 * random_below(headers) + program[which].at;
    }
    case 3: {
        Elf64_Phdr header;
        memcpy(&header, seed->bytes + 64 + 56 * random_below(headers), sizeof header);
        if (header.p_type == PT_NOTE) {
            size_t which = random_below(sizeof note / sizeof *note);
            *width = note[which].width;
            return header.p_offset + note[which].at;
        }
    } /* fall through */
    default:
        *width = (size_t)1 << random_below(4);
        return random_below((random_below(8) == 0 ? seed->size : seed->front) - 8);
    }
}

/* Changes one field of `file`. */
static void change(const struct seed *seed, size_t *at, size_t *width) {
    *at = field(seed, width);
    uint64_t value = 0;
    memcpy(&value, seed->bytes + *at, *width);
    switch (random_below(6)) {
    case 0: value ^= 1ull << random_below(8 * *width); break;
    case 1: value += random_below(33) - 16; break;
    case 2: value = random_next(); break;
    case 3: memcpy(&value, seed->bytes + random_below(seed->front - 8), sizeof value); break; /* from elsewhere */
    default: value = interesting();
    }
    if (pwrite(seed->fd, &value, *width, (off_t)*at) != (ssize_t)*width)
        abort();
}

static void check(const struct image *image) {
    uint64_t end = GUEST_MIN_ADDRESS;
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        bool wrong = segment->address < GUEST_MIN_ADDRESS || segment->file_size > segment->memory_size ||
                     segment->address + segment->memory_size < segment->address || segment->end > image->memory_end ||
                     (segment->access & ACCESS_WRITE && segment->access & ACCESS_EXECUTE);
        if (segment->file_size > 0) {
            wrong |= segment->start < end || segment->offset + segment->file_size > image->file.size;
            end = segment->end;
        }
        if (wrong) {
            fprintf(stderr, "segment %d was taken and should not have been\n", i);
            abort();
        }
    }
    if (image->manifest.entries == 0 || image->manifest.entries > MFT_MAX_ENTRIES)
        abort();
    for (unsigned handle = 0; handle < image->manifest.entries; handle++)
        if (image->manifest.e[handle].name[MFT_NAME_SIZE - 1] != '\0' || image->manifest.e[handle].attached != 0)
            abort();
}

/* Loads it into memory as large as MEMORY and not a byte larger: what is written beyond is a fault. */
static bool load(const struct image *image, struct refusal *why) {
    if (image_fit(image, MEMORY, 1 << 20, why) != 0)
        return false;
    static uint8_t *memory;
    if (memory == NULL)
        memory = mmap(NULL, MEMORY + 2 * GUEST_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *zero = mmap(memory + GUEST_PAGE_SIZE, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zero == MAP_FAILED)
        abort();
    if (image_load(image, zero, true, why) == 0)
        return true;
    if (why->class != EX_DATAERR)
        abort(); /* the host had to stop it */
    return false;
}

static struct seed open_seed(const char *path, struct refusal *why) {
    struct file original;
    struct seed seed = {.fd = memfd_create("mutant", 0)};
    if (file_open(path, &original, why) != 0 || original.size < 4096 || original.size > IMAGE_MAX)
        exit(66);
    seed.size = original.size;
    seed.front = original.size < FRONT ? original.size : FRONT;
    seed.bytes = malloc(seed.size + 8);
    if (seed.bytes == NULL || file_read(&original, seed.bytes, seed.size, 0, "image", why) != 0 ||
        pwrite(seed.fd, seed.bytes, seed.size, 0) != (ssize_t)seed.size)
        exit(71);
    close(original.fd);
    return seed;
}

enum outcome { REFUSED, TAKEN, LOADED };

static enum outcome parse(const struct seed *seed, size_t size, struct refusal *why) {
    struct file file = {.fd = seed->fd, .name = "mutant", .size = size};
    static struct image image;
    struct target target = {.abi = ABI_SPT, .name = "spt"};
    if (random_below(8) == 0)
        target = (struct target){.abi = ABI_HVT, .name = "hvt"};
    why->text[0] = '\0';
    memset(&image, 0, sizeof image);
    if (image_parse(&file, &target, &image, why) == 0) {
        check(&image);
        return load(&image, why) ? LOADED : TAKEN;
    }
    if (why->text[0] == '\0')
        abort(); /* a refusal that says nothing */
    return REFUSED;
}

int main(int argc, char *argv[]) {
    if (argc < 4 || argc - 3 > SEEDS_MAX)
        return 64;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10);
    static struct refusal why;
    static struct seed seeds[SEEDS_MAX];
    for (int i = 3; i < argc; i++)
        seeds[i - 3] = open_seed(argv[i], &why);
    unsigned long outcomes[3] = {0};
    for (unsigned long i = 0; i < rounds; i++) {
        const struct seed *seed = &seeds[random_below((uint64_t)argc - 3)];
        size_t at[CHANGES_MAX], width[CHANGES_MAX], size = seed->size;
        uint64_t changes = 1 + random_below(1 + random_below(CHANGES_MAX));
        for (uint64_t c = 0; c < changes; c++)
            change(seed, &at[c], &width[c]);
        bool cut = random_below(8) == 0;
        if (cut)
            size = random_below(seed->size);
        bool behind_its_back = cut && random_below(4) == 0; /* the file became shorter after it was opened */
        if (behind_its_back && ftruncate(seed->fd, (off_t)size) != 0)
            return 71;
        outcomes[parse(seed, behind_its_back ? seed->size : size, &why)]++;
        for (uint64_t c = 0; c < changes; c++)
            if (pwrite(seed->fd, seed->bytes + at[c], width[c], (off_t)at[c]) != (ssize_t)width[c])
                return 71;
        if (behind_its_back && pwrite(seed->fd, seed->bytes + size, seed->size - size, (off_t)size) != (ssize_t)(seed->size - size))
            return 71;
    }
    printf("%lu refused, %lu taken, %lu loaded\n", outcomes[REFUSED], outcomes[TAKEN] + outcomes[LOADED], outcomes[LOADED]);
    return 0;
}
