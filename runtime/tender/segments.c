/* The loadable segments of an image: checking them, and copying them into guest memory. */
#include "errors.h"
#include "executable.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define MIB (1024ull * 1024)

static_assert(ACCESS_EXECUTE == PF_X && ACCESS_WRITE == PF_W && ACCESS_READ == PF_R, "access bits are ELF's");

static bool is_page_aligned(uint64_t address) {
    return address % GUEST_PAGE_SIZE == 0;
}

static uint64_t round_down(uint64_t value, uint64_t step) {
    return value / step * step;
}

/* Returns false if the result would not fit. */
static bool round_up(uint64_t value, uint64_t step, uint64_t *result) {
    if (__builtin_add_overflow(value, step - 1, result))
        return false;
    *result = round_down(*result, step);
    return true;
}

/* Fills `segment` from one header, without regard to its neighbours. Returns NULL, or what is wrong. */
static const char *read_segment(const Elf64_Phdr *header, struct segment *segment) {
    *segment = (struct segment){
        .address = header->p_vaddr,
        .offset = header->p_offset,
        .file_size = header->p_filesz,
        .memory_size = header->p_memsz,
        .access = header->p_flags & (ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE),
    };
    uint64_t align = header->p_align;
    if (align == 0 || (align & (align - 1)) != 0)
        return "its alignment is not a power of two";
    if (segment->file_size > segment->memory_size)
        return "it is larger in the file than in memory";
    if (segment->address < GUEST_MIN_ADDRESS)
        return "its address is below 0x100000";
    uint64_t end;
    if (__builtin_add_overflow(segment->address, segment->memory_size, &end))
        return "its end is beyond the address space";

    /* Zero-only segments stay as guest memory is: they need no pages of their own. */
    if (segment->file_size == 0) {
        segment->start = segment->address;
        segment->end = end;
        return NULL;
    }
    segment->start = round_down(segment->address, align);
    if (segment->start < GUEST_MIN_ADDRESS)
        return "its aligned start is below 0x100000";
    if (!round_up(end, align, &segment->end))
        return "its aligned end is beyond the address space";
    if (!is_page_aligned(segment->start) || !is_page_aligned(segment->end))
        return "it does not begin and end on pages";
    return NULL;
}

int executable_segments(const struct program_headers *headers, struct image *image, struct refusal *why) {
    const char *name = image->file.name;
    uint64_t loaded_end = 0;
    for (unsigned i = 0; i < headers->count; i++) {
        const Elf64_Phdr *header = &headers->at[i];
        if (header->p_type != PT_LOAD || header->p_memsz == 0)
            continue;
        struct segment *segment = &image->segment[image->segment_count];
        const char *wrong = read_segment(header, segment);
        /* Ascending and disjoint, so that no segment's pages are overwritten or re-protected by another. */
        if (wrong == NULL && segment->file_size > 0 && segment->start < loaded_end)
            wrong = "it overlaps or precedes an earlier one";
        if (wrong != NULL)
            return fail(why, E_ELF_SEGMENT, name, (int)i, wrong);
        if ((segment->access & ACCESS_WRITE) && (segment->access & ACCESS_EXECUTE))
            return fail(why, E_ELF_WX, name, (int)i);
        uint64_t file_end;
        if (__builtin_add_overflow(segment->offset, segment->file_size, &file_end))
            file_end = UINT64_MAX;
        if (segment->file_size > 0 && file_end > image->file.size)
            return fail(why, E_ELF_TRUNCATED, name, (unsigned long long)image->file.size, "segment data",
                        (unsigned long long)file_end);
        if (segment->file_size > 0)
            loaded_end = segment->end;
        if (segment->end > image->memory_end)
            image->memory_end = segment->end;
        image->segment_count++;
    }
    if (loaded_end == 0)
        return fail(why, E_ELF_HEADER, name, "nothing to load");
    image->kernel_end = loaded_end;
    if (image->entry >= image->memory_end)
        return fail(why, E_ELF_ENTRY, name, (unsigned long long)image->entry);
    return 0;
}

int image_fit(const struct image *image, uint64_t memory_size, uint64_t step, struct refusal *why) {
    if (image->memory_end <= memory_size)
        return 0;
    /* Beside the image itself a guest needs a heap and a stack; Solo5's bindings insist on 512 KiB. */
    uint64_t needed;
    if (__builtin_add_overflow(image->memory_end, MIB / 2, &needed) || !round_up(needed, step, &needed))
        needed = UINT64_MAX;
    return fail(why, E_MEM_SMALL, image_called(image), (unsigned long long)(memory_size / MIB),
                (unsigned long long)(needed / MIB));
}

static int protection(unsigned access, bool executable) {
    int protection = PROT_NONE;
    if (access & ACCESS_READ)
        protection |= PROT_READ;
    if (access & ACCESS_WRITE)
        protection |= PROT_READ | PROT_WRITE;
    if (access & ACCESS_EXECUTE)
        protection |= executable ? PROT_EXEC : PROT_READ; /* KVM reads what the guest executes */
    return protection;
}

int image_load(const struct image *image, uint8_t *at_zero, bool executable, struct refusal *why) {
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        if (segment->file_size == 0)
            continue;
        if (file_read(&image->file, at_zero + segment->address, segment->file_size, segment->offset, "segment data", why) != 0)
            return -1;
    }
    return image_protect(image, at_zero, executable, why);
}

int image_protect(const struct image *image, uint8_t *at_zero, bool executable, struct refusal *why) {
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        if (segment->file_size == 0)
            continue;
        if (mprotect(at_zero + segment->start, segment->end - segment->start, protection(segment->access, executable)) != 0)
            return fail(why, E_HOST, "protecting the image's memory", strerror(errno), "see 'dmesg'");
    }
    return 0;
}

int image_protection(const struct image *image, uint64_t address) {
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        if (segment->file_size > 0 && address >= segment->start && address < segment->end)
            return protection(segment->access, false);
    }
    return PROT_READ | PROT_WRITE;
}
