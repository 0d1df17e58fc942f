/* Checking what a snapshot says of an spt guest's processor and descriptors. See spt_snapshot.h. */
#include "spt_snapshot.h"

#include <string.h>
#include <unistd.h>

/* No descriptor of a tender is above; it bounds what a hostile file can ask for. */
#define FD_MAX 65536

/* Of XSAVE's area: the registers of SSE and before, and the header. */
#define XSTATE_MIN 576

/*
 * The layout of XSAVE's area: Intel SDM vol. 1, 13.4. XRSTOR faults for whatever is refused here. It reads no more than what the header names,
 * which this processor keeps and has room for; what is missing of it is zero.
 */
static const char *wrong_xstate(const struct spt_state *state) {
    uint32_t low, high, mask;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    uint64_t header[8];
    memcpy(header, state->xstate + 512, sizeof header);
    uint32_t mxcsr;
    memcpy(&mxcsr, state->xstate + 24, sizeof mxcsr);
    uint8_t fxsave[512] __attribute__((aligned(16)));
    __asm__ volatile("fxsave64 %0" : "=m"(fxsave));
    memcpy(&mask, fxsave + 28, sizeof mask);
    if ((header[0] & ~((uint64_t)high << 32 | low)) != 0 || (mxcsr & ~(mask != 0 ? mask : 0xffbf)) != 0)
        return "its extended registers do not fit this processor";
    for (int i = 1; i < 8; i++)
        if (header[i] != 0)
            return "its extended registers are malformed";
    return NULL;
}

static const char *wrong_descriptors(const struct spt_view *view, const struct mft *manifest) {
    int seen[MFT_MAX_ENTRIES + 2] = {view->epoll, view->timer};
    unsigned count = 2;
    for (unsigned handle = 0; handle < MFT_MAX_ENTRIES; handle++) {
        bool device = handle < manifest->entries && manifest->e[handle].attached;
        if (device != (view->fd[handle] >= 0))
            return "a device has no descriptor, or a descriptor no device";
        if (device)
            seen[count++] = view->fd[handle];
    }
    for (unsigned i = 0; i < count; i++) {
        if (seen[i] <= STDERR_FILENO || seen[i] >= FD_MAX)
            return "a descriptor is out of range";
        for (unsigned j = 0; j < i; j++)
            if (seen[i] == seen[j])
                return "a descriptor stands for two things";
    }
    return NULL;
}

const char *spt_state_wrong(const struct snapshot *snapshot) {
    const struct spt_state *state = (const struct spt_state *)snapshot->machine;
    const size_t fixed = offsetof(struct spt_state, xstate);
    if (snapshot->processor[SNAPSHOT_PROCESSOR_XSAVE] == 0) /* this one has no less: snapshot_processor_check() */
        return "its extended registers do not fit this processor";
    if (snapshot->machine_size < fixed || state->xstate_size != snapshot->machine_size - fixed || state->xstate_size < XSTATE_MIN)
        return "its registers are cut short";
    if (state->timer_left > INT64_MAX || state->monotonic > INT64_MAX)
        return "its clock is out of range";
    const char *wrong = wrong_descriptors(&state->view, &snapshot->manifest);
    return wrong != NULL ? wrong : wrong_xstate(state);
}
