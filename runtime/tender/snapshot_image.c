/* What an image's checks had found, into a snapshot and back. See snapshot.h. */
#include "snapshot.h"

#include <string.h>

void snapshot_describe(struct snapshot *snapshot, enum abi_target target, const struct options *options, const struct image *image) {
    snapshot->target = target;
    snapshot->memory_size = options->memory_mib << 20;
    snapshot->exec_heap = options->exec_heap;
    snapshot->kernel_end = image->kernel_end;
    snapshot->features = image->features;
    snapshot->manifest = image->manifest;
    snapshot_processor(snapshot->processor);
    snapshot->segment_count = 0;
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *from = &image->segment[i];
        if (from->file_size > 0) /* the others are plain memory */
            snapshot->segment[snapshot->segment_count++] =
                (struct snapshot_segment){.start = from->start, .end = from->end, .access = from->access};
    }
}

void snapshot_image(const struct snapshot *snapshot, const struct file *file, struct image *image) {
    image->file = *file;
    image->target = (enum abi_target)snapshot->target;
    image->kernel_end = snapshot->kernel_end;
    image->memory_end = snapshot->memory_size;
    image->segment_count = (int)snapshot->segment_count;
    image->features = snapshot->features;
    memcpy(&image->manifest, &snapshot->manifest, MFT_SIZE(snapshot->manifest.entries));
    for (unsigned i = 0; i < snapshot->segment_count; i++) {
        const struct snapshot_segment *from = &snapshot->segment[i];
        image->segment[i] = (struct segment){
            .address = from->start,
            .file_size = from->end - from->start,
            .memory_size = from->end - from->start,
            .start = from->start,
            .end = from->end,
            .access = from->access,
        };
    }
}
