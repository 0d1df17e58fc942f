/* Pings that a microsecond matters to.
 *   ping rtt ADDRESS COUNT              sends an echo request as soon as the last one is answered; prints the median of the
 *                                       round trips in microseconds, from before the send to after the receive
 *   ping first ADDRESS CPU COMMAND...   starts COMMAND on processor CPU, sends an echo request every 20 µs meanwhile, prints the
 *                                       microseconds from just before the exec to the first reply, and kills COMMAND. Not from
 *                                       the fork: until the new process has left for its processor it waits for this busy one.
 *                                       The neighbour entry of ADDRESS has to be permanent: the kernel asks by ARP only once a
 *                                       second for somebody who is not there yet. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int fail(const char *what) {
    perror(what);
    return 1;
}

static struct icmphdr echo = {.type = ICMP_ECHO};

static int open_probe(const char *address, int flags) {
    int probe = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | flags, IPPROTO_ICMP);
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (probe < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(probe, (struct sockaddr *)&to, sizeof to) < 0)
        exit(fail(address));
    /* No code, identifier and sequence number zero: the checksum is the complement of the type. */
    echo.checksum = htons(0xf7ff);
    return probe;
}

static int is_reply(int probe) {
    unsigned char reply[1500];
    ssize_t got = recv(probe, reply, sizeof reply, 0);
    return got >= 28 && reply[(reply[0] & 15) * 4] == ICMP_ECHOREPLY;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int round_trip(const char *address, int count) {
    int probe = open_probe(address, 0);
    struct timeval limit = {1, 0};
    setsockopt(probe, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    double *times = calloc((size_t)count, sizeof *times);
    for (int i = 0; i < count; i++) {
        double start = now();
        if (send(probe, &echo, sizeof echo, 0) < 0)
            return fail(address);
        while (!is_reply(probe))
            if (now() - start > 1e6)
                return fputs("ping: no answer\n", stderr), 1;
        times[i] = now() - start;
    }
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf("%.3f\n", times[count / 2]);
    return 0;
}

/* Says in `*start` when. */
static void become(int cpu, char **command, volatile double *start) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET((size_t)cpu, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    *start = now();
    execv(command[0], command);
    perror(command[0]);
    _exit(127);
}

static int first(const char *address, int cpu, char **command) {
    int probe = open_probe(address, SOCK_NONBLOCK);
    volatile double *start = mmap(NULL, sizeof *start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return fail("mmap");
    double next = now(), limit = next + 10e6, answered = 0;
    pid_t child = fork();
    if (child == 0)
        become(cpu, command, start);
    while (!answered && now() < limit && waitpid(child, NULL, WNOHANG) == 0) {
        if (now() >= next) {
            (void)!send(probe, &echo, sizeof echo, 0); /* lost until the tap has a reader */
            next = now() + 20;
        }
        if (is_reply(probe))
            answered = now();
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (!answered)
        return fputs("ping: no answer\n", stderr), 1;
    printf("%.0f\n", answered - *start);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 4 && !strcmp(arguments[1], "rtt"))
        return round_trip(arguments[2], atoi(arguments[3]));
    if (count >= 5 && !strcmp(arguments[1], "first"))
        return first(arguments[2], atoi(arguments[3]), arguments + 4);
    return fputs("usage: ping rtt ADDRESS COUNT | ping first ADDRESS CPU COMMAND...\n", stderr), 64;
}
