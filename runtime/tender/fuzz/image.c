/*
 * Fuzzes the image parser: mutates an image given as a file and hands it to image_parse(), in one process, under
 * AddressSanitizer. Not part of the tenders.
 *
 *   fuzz-image SEED ROUNDS IMAGE      prints how many mutants were taken and how many refused
 *
 * The same seed makes the same mutants. A mutant that is taken must satisfy what the loader relies on; that is checked.
 */
#include "../image.h"
#include "random.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define IMAGE_MAX (1 << 20)

/* Values that sit at the edges of checks. */
static uint64_t interesting(void) {
    static const uint64_t values[] = {0, 1, 2, 63, 64, 65, 0xff, 0xffff, 0xfffff, 0x100000, 0x7fffffff, 0xffffffff,
                                      0x7fffffffffffffff, 0xfffffffffffff000, 0xffffffffffffffff};
    return values[random_below(sizeof values / sizeof *values)];
}

/* Changes one to six fields; most within the headers and notes, where the parser looks. Returns the new size. */
static size_t mutate(uint8_t *bytes, size_t size, size_t front) {
    for (uint64_t changes = 1 + random_below(6); changes > 0; changes--) {
        size_t within = random_below(4) == 0 ? size : front;
        size_t width = (size_t)1 << random_below(4);
        size_t at = random_below(within - 8);
        uint64_t value = random_below(2) ? interesting() : random_next();
        if (random_below(4) == 0)
            bytes[at] ^= (uint8_t)(1 << random_below(8));
        else
            memcpy(bytes + at, &value, width);
    }
    return random_below(8) == 0 ? random_below(size) : size;
}

static void check(const struct image *image) {
    uint64_t end = GUEST_MIN_ADDRESS;
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        bool wrong = segment->address < GUEST_MIN_ADDRESS || segment->file_size > segment->memory_size ||
                     segment->address + segment->memory_size < segment->address || segment->end > image->memory_end;
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
}

int main(int argc, char *argv[]) {
    if (argc != 4)
        return 64;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10);
    static struct refusal why;
    struct file original;
    static uint8_t pristine[IMAGE_MAX], mutant[IMAGE_MAX];
    if (file_open(argv[3], &original, &why) != 0 || original.size < 4096 || original.size > IMAGE_MAX ||
        file_read(&original, pristine, original.size, 0, "image", &why) != 0)
        return 66;
    int fd = memfd_create("mutant", 0);
    unsigned long taken = 0, refused = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        memcpy(mutant, pristine, original.size);
        size_t size = mutate(mutant, original.size, 1024);
        if (ftruncate(fd, 0) != 0 || pwrite(fd, mutant, size, 0) != (ssize_t)size)
            return 71;
        struct file file = {.fd = fd, .name = "mutant", .size = size};
        static struct image image;
        struct target target = {.abi = ABI_SPT, .name = "spt"};
        if (image_parse(&file, &target, &image, &why) == 0) {
            check(&image);
            image_fit(&image, 4 << 20, 1 << 20, &why);
            taken++;
        } else if (why.text[0] == '\0') {
            abort(); /* a refusal that says nothing */
        } else {
            refused++;
        }
    }
    printf("%lu taken, %lu refused\n", taken, refused);
    return 0;
}
