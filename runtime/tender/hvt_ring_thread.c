/* Making the net ring and its thread, and what passes between that and the main thread. See hvt_ring.h. */
#include "containment.h"
#include "errors.h"
#include "hvt_ring.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How often the thread looks again before it sleeps: a guest that is busy then need not wake it, which costs it an exit. */
#define SPINS 256

/* The longest line of a refusal takes 16 KiB of it. */
#define STACK_SIZE (128 * 1024)

/* The main thread is told that the guest broke the rules so often, until it has ended: it may have been about to sleep. */
#define REPEAT_NS 10000000

#define SIGNAL SIGRTMIN

/* The one ring of this process, and what its two threads share besides. */
static struct {
    struct ring ring;
    int process, main_thread;
    struct kvm_run *run;
    sem_t ready;
    int failed; /* to start */
    unsigned spins;
    bool broken;
    struct refusal why;
} own;

static int refused(const char *call, struct refusal *why) {
    return fail(why, E_HOST, call, strerror(errno), "run the guest without the net ring, by '--no-net-ring'");
}

/* How many processors this process may run on; 1 where the kernel does not say. */
static int processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static bool captures(const struct options *options) {
    for (unsigned i = 0; i < options->net_count; i++)
        if (options->net[i].capture != NULL)
            return true;
    return false;
}

/*
 * Why there can be no ring, or NULL. Beside a ring the guest runs on while a frame of its memory is sent and then recorded, and could change it in
 * between; without one it stands still. To copy each frame first would do, too, but be a second way for each frame to take.
 */
static const char *obstacle(const struct calls *calls, const struct machine *machine) {
    if (captures(calls->options))
        return "a guest could send another frame than the capture then holds";
    if (calls->options->snapshot != NULL || calls->options->restore != NULL)
        return "a snapshot does not hold it";
    if (calls->options->gdb)
        return "a debugger could not stop it";
    if (machine->memory_size + HVT_RING_PAGES > HVT_MAX_MEMORY_MIB << 20)
        return "there is no room for it behind so much memory";
    if (ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_IOEVENTFD) <= 0 || ioctl(machine->kvm, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
        return "this host's KVM lacks KVM_CAP_IOEVENTFD";
    return NULL;
}

/* On one processor a ring only loses: for each frame the guest has to leave it to the thread, which costs more than an exit. */
static int decide(const struct calls *calls, const struct machine *machine, bool *wanted, struct refusal *why) {
    unsigned handles[MAX_DEVICES];
    *wanted = calls->options->net_ring == RING_ON || (calls->options->net_ring == RING_AUTO && processors() > 1);
    if (!*wanted || devices_of(calls->devices, &calls->image->manifest, MFT_NET_BASIC, handles) == 0) {
        *wanted = false;
        return 0;
    }
    const char *cause = obstacle(calls, machine);
    if (cause != NULL && calls->options->net_ring == RING_ON)
        return fail(why, E_RING_IMPOSSIBLE, cause);
    *wanted = cause == NULL;
    return 0;
}

int ring_create(const struct calls *calls, struct machine *machine, struct refusal *why) {
    bool wanted;
    if (decide(calls, machine, &wanted, why) != 0)
        return -1;
    if (!wanted)
        return 0;
    void *memory = mmap(NULL, HVT_RING_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return refused("memory of the net ring", why);
    struct kvm_userspace_memory_region region = {
        .slot = 1,
        .guest_phys_addr = machine->memory_size,
        .memory_size = HVT_RING_PAGES,
        .userspace_addr = (uint64_t)memory,
    };
    if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) != 0)
        return refused("KVM_SET_USER_MEMORY_REGION", why);
    own.ring = (struct ring){.shared = memory, .calls = calls, .kick = eventfd(0, EFD_CLOEXEC)};
    struct kvm_ioeventfd kick = {.addr = HVT_RING_PORT, .len = 4, .fd = own.ring.kick, .flags = KVM_IOEVENTFD_FLAG_PIO};
    if (own.ring.kick < 0 || ioctl(machine->vm, KVM_IOEVENTFD, &kick) != 0)
        return refused("KVM_IOEVENTFD", why);
    machine->ring = memory;
    return 0;
}

/* ---- The thread ---- */

static int allow(struct rules *rules) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    return net_allow(rules, own.ring.calls) |
           rules_add(rules, "waiting for a limit", yes, SCMP_SYS(ppoll), 0) |
           rules_add(rules, "time for a limit", yes, SCMP_SYS(clock_gettime), 1, SCMP_A0(SCMP_CMP_EQ, CLOCK_MONOTONIC)) |
           rules_add(rules, "being woken by the guest", yes, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)own.ring.kick)) |
           rules_add(rules, "saying that it is ready", yes, SCMP_SYS(futex), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)&own.ready)) |
           rules_add(rules, "stopping a guest that broke the ring's rules", yes, SCMP_SYS(tgkill), 3,
                     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)own.process), SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)own.main_thread),
                     SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)SIGNAL));
}

static bool is_empty(void) {
    return __atomic_load_n(&own.ring.shared->entry_tail, __ATOMIC_ACQUIRE) == own.ring.entry_head;
}

/* Asks to be kicked, and sleeps until it is. Either the guest sees that it must, or this thread sees what the guest left. */
static void sleep_until_kicked(void) {
    uint64_t times;
    __atomic_store_n(&own.ring.shared->needs_kick, 1, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (is_empty() && read(own.ring.kick, &times, sizeof times) < 0)
        return; /* no signal reaches this thread */
    __atomic_store_n(&own.ring.shared->needs_kick, 0, __ATOMIC_RELEASE);
}

static void serve(void) {
    for (unsigned idle = 0;;) {
        int done = ring_serve(&own.ring, &own.why);
        if (done < 0)
            return;
        if (done > 0) {
            idle = 0;
        } else if (idle < own.spins) {
            idle++;
            __builtin_ia32_pause();
        } else {
            sleep_until_kicked(); /* and does not spin again before something comes */
        }
    }
}

/* Capabilities and Landlock it has inherited. */
static void *thread(void *program) {
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) != 0)
        own.failed = errno;
    sem_post(&own.ready);
    if (own.failed)
        return NULL;
    serve();
    __atomic_store_n(&own.broken, true, __ATOMIC_RELEASE);
    for (;;) {
        static const struct timespec again = {.tv_nsec = REPEAT_NS};
        syscall(SYS_tgkill, own.process, own.main_thread, SIGNAL);
        ppoll(NULL, 0, &again, NULL);
    }
}

/* ---- The main thread ---- */

/* KVM_RUN then returns at once, also where it is yet to be called. */
static void on_signal(int number) {
    (void)number;
    own.run->immediate_exit = 1;
}

static int start(const struct sock_fprog *program, struct refusal *why) {
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_t id;
    if (sem_init(&own.ready, 0, 0) != 0 || sigaction(SIGNAL, &action, NULL) != 0 || (errno = pthread_attr_init(&attributes)) != 0 ||
        (errno = pthread_attr_setstacksize(&attributes, STACK_SIZE)) != 0)
        return refused("net ring", why);
    /* The thread inherits it: all signals are for the main thread. */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&id, &attributes, thread, (void *)program);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if ((errno = error) != 0)
        return refused("a thread for the net ring", why);
    while (sem_wait(&own.ready) != 0)
        continue;
    errno = own.failed;
    return own.failed ? refused("seccomp", why) : 0;
}

struct sealed_thread *ring_thread(const struct calls *calls) {
    static struct sealed_thread sealed;
    if (calls->machine->ring == NULL)
        return NULL;
    own.process = getpid();
    own.main_thread = (int)syscall(SYS_gettid);
    own.run = calls->machine->run;
    own.spins = processors() > 1 ? SPINS : 0;
    sealed.broken = allow(&sealed.rules);
    sealed.start = start;
    return &sealed;
}

int ring_allow(struct rules *rules, const struct calls *calls) {
    if (calls->machine->ring == NULL)
        return 0;
    return rules_add(rules, "the net ring's signal", SCMP_ACT_ALLOW, SCMP_SYS(rt_sigreturn), 0);
}

bool ring_broken(struct refusal *why) {
    if (!__atomic_load_n(&own.broken, __ATOMIC_ACQUIRE))
        return false;
    if (why != NULL)
        *why = own.why;
    return true;
}
