/*
 * What /dev/kvm is good for. It may open and yet be an emulation that interprets guest code, slowly and without SSE2, or hang;
 * only running an instruction tells. This happens in a child that can be left behind, so the answer always comes in time.
 */
#include "errors.h"
#include "hvt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * For all of it, in looks at whether the child has answered. A host that does much else lets us wait as it does the child, so looks
 * that come late count no more than others: ten seconds where nothing else happens, longer where much does. An interpreter is found out
 * before; this is for what hangs.
 */
#define LOOKS 200
#define LOOK_MS 50
#define PROBE_MEMORY 0x200000ull
#define PROBE_PORT 0x508

/*
 * An SSE2 instruction, then 400,000 plain ones, then an OUT, and again. A processor takes a fraction of a millisecond for a round, one
 * that is itself emulated some milliseconds, an interpreter of a million instructions a second 400. On a busy host any round may be
 * interrupted for long, so one that is quick is enough, and only if all are slow is it an interpreter.
 */
#define ROUNDS 6
#define ROUND_MS 100
static const uint8_t program[] = {
    0x66, 0x0f, 0xef, 0xc0,             /* pxor %xmm0, %xmm0 */
    0x66, 0x0f, 0xd4, 0xc0,             /* paddq %xmm0, %xmm0 */
    0xb9, 0x40, 0x0d, 0x03, 0x00,       /* mov $200000, %ecx */
    0xff, 0xc9,                         /* dec %ecx */
    0x75, 0xfc,                         /* jnz to the dec */
    0xba, 0x08, 0x05, 0x00, 0x00,       /* mov $0x508, %edx */
    0xef,                               /* out %eax, %dx */
    0xeb, 0xe7,                         /* jmp to the pxor */
};

/* Crosses from the child to its parent, in which a string constant has the same address. */
struct answer {
    const char *kvm;
    int status;
    char detail[256];
};

static struct answer answer(const char *kvm, int status, const char *detail) {
    struct answer made = {.kvm = kvm, .status = status};
    size_t length = strnlen(detail, sizeof made.detail - 1);
    memcpy(made.detail, detail, length);
    return made;
}

/* What a refusal of kvm_create() means for somebody who asks what KVM is good for. */
static struct answer from_refusal(const struct refusal *why) {
    static const char *const states[] = {"missing", "forbidden", "busy", "unsupported"};
    for (unsigned i = 0; i < sizeof states / sizeof *states; i++) {
        char prefix[32];
        int length = snprintf(prefix, sizeof prefix, "/dev/kvm: %s: ", states[i]);
        if (strncmp(why->text, prefix, (size_t)length) == 0)
            return answer(states[i], why->class, why->text + length);
    }
    return answer("unsupported", EX_UNAVAILABLE, why->text);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct answer try_guest(void) {
    static struct refusal why;
    static struct image image = {.segment_count = 1};
    image.segment[0] = (struct segment){.start = GUEST_MIN_ADDRESS, .end = GUEST_MIN_ADDRESS + GUEST_PAGE_SIZE, .access = ACCESS_EXECUTE};
    struct machine machine;
    if (kvm_create(PROBE_MEMORY, &machine, &why) != 0 || pages_write(&machine, &image, &why) != 0 ||
        kvm_set_start(&machine, GUEST_MIN_ADDRESS, &why) != 0)
        return from_refusal(&why);
    memcpy(machine.memory + GUEST_MIN_ADDRESS, program, sizeof program);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t begun = now_ms();
        int result;
        do
            result = ioctl(machine.vcpu, KVM_RUN, 0);
        while (result != 0 && errno == EINTR);
        if (result != 0 || machine.run->exit_reason != KVM_EXIT_IO || machine.run->io.port != PROBE_PORT)
            return answer("emulating", EX_UNAVAILABLE, "it opens, but cannot run an SSE2 instruction");
        if (now_ms() - begun < ROUND_MS)
            return answer("real", 0, "it runs guest code on the processor");
    }
    return answer("emulating", EX_UNAVAILABLE, "it opens, but runs less than four million instructions a second");
}

static int print(const struct answer *made) {
    printf("{\"kvm\":\"%s\",\"detail\":\"", made->kvm);
    for (const char *c = made->detail; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            printf("\\u%04x", (unsigned char)*c);
        else
            printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    printf("\"}\n");
    return fflush(stdout) == 0 ? made->status : EX_OSERR;
}

int hvt_probe(void) {
    static const char too_slow[] = "it opens, but did not run 400,000 instructions in time";
    int channel[2];
    pid_t child = pipe(channel) == 0 ? fork() : -1;
    if (child < 0) {
        struct answer made = answer("unsupported", EX_OSERR, strerror(errno));
        return print(&made);
    }
    if (child == 0) {
        struct answer made = try_guest();
        ssize_t written = write(channel[1], &made, sizeof made);
        _exit(written == sizeof made ? 0 : 1);
    }
    close(channel[1]);
    struct pollfd result = {.fd = channel[0], .events = POLLIN};
    struct answer made;
    int ready = 0;
    for (int look = 0; look < LOOKS && ready == 0; look++)
        ready = poll(&result, 1, LOOK_MS);
    if (ready == 1 && read(channel[0], &made, sizeof made) == sizeof made) {
        waitpid(child, NULL, 0);
    } else {
        /* Not waited for: a child inside a broken KVM may be slow to die. */
        kill(child, SIGKILL);
        made = answer("emulating", EX_UNAVAILABLE, ready == 0 ? too_slow : "the host ended the process that tried it");
    }
    return print(&made);
}
