/* Solo5 notes. Each stands alone in its own PT_NOTE segment, so only a segment's first note is looked at. */
#include "notes.h"

#include "errors.h"

#include <string.h>

int note_read(const struct note_kind *kind, const struct program_headers *headers, const struct file *file, void *data,
              uint32_t *size, struct refusal *why) {
    *size = 0;
    for (unsigned i = 0; i < headers->count; i++) {
        const Elf64_Phdr *header = &headers->at[i];
        if (header->p_type != PT_NOTE || header->p_filesz < sizeof(struct note_header))
            continue;
        struct note_header note;
        if (file_read(file, &note, sizeof note, header->p_offset, "note", why) != 0)
            return -1;
        size_t owner = strlen(kind->owner) + 1;
        if (note.namesz != owner || memcmp(note.name, kind->owner, owner) != 0 || note.type != kind->type)
            continue;

        /* The descriptor counts the padding between the 20-byte header and the aligned data. */
        uint32_t padding = -(uint32_t)sizeof note & (kind->alignment - 1);
        if (note.descsz > kind->max_descsz)
            return fail(why, E_NOTE_MALFORMED, file->name, kind->name, "too long");
        if (note.descsz < padding + kind->min_size)
            return fail(why, E_NOTE_MALFORMED, file->name, kind->name, "too short");
        if (header->p_filesz < sizeof note + note.descsz)
            return fail(why, E_NOTE_MALFORMED, file->name, kind->name, "longer than its segment");
        uint64_t offset;
        if (__builtin_add_overflow(header->p_offset, sizeof note + padding, &offset))
            return fail(why, E_NOTE_MALFORMED, file->name, kind->name, "beyond the file");
        *size = note.descsz - padding;
        return file_read(file, data, *size, offset, "note", why);
    }
    return 0;
}
