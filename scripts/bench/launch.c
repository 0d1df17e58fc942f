/*
 * Starts a command again and again and measures it, with a few microseconds of its own; Node needs more to start a program than
 * the program takes. Not part of the runtime.
 *
 *   launch wall COUNT COMMAND...    microseconds from before the start to the end, the mean of COUNT starts
 *   launch first COUNT COMMAND...   microseconds from before the start to its first byte of output, the mean of COUNT starts
 *   launch rss COUNT COMMAND...     KiB of memory it has resident when it ends, the mean of COUNT starts
 *
 * The command's exit status must be 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
    exit(71);
}

/* Its standard output goes to `output`. vfork(2), so that the parent's size does not count. */
static pid_t start(char *const command[], int output, int traced) {
    pid_t pid = vfork();
    if (pid < 0)
        give_up("vfork");
    if (pid == 0) {
        dup2(output, STDOUT_FILENO);
        if (traced)
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(command[0], command);
        _exit(127);
    }
    return pid;
}

static void end(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            give_up("waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "launch: the command ended with wait status 0x%x\n", (unsigned)status);
        exit(70);
    }
}

static double wall(char *const command[], int null) {
    double started = now();
    end(start(command, null, 0));
    return now() - started;
}

static double first(char *const command[], int null) {
    (void)null;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        give_up("pipe2");
    double started = now();
    pid_t pid = start(command, ends[1], 0);
    close(ends[1]);
    char bytes[4096];
    if (read(ends[0], bytes, sizeof bytes) <= 0)
        give_up("the command's first byte");
    double took = now() - started;
    while (read(ends[0], bytes, sizeof bytes) > 0) {
    }
    close(ends[0]);
    end(pid);
    return took;
}

/* The kernel's counters of a process are rounded for speed; smaps_rollup counts pages. */
static double resident(pid_t pid) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    double kib = -1;
    while (file != NULL && kib < 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Rss: %lf", &kib);
    if (kib < 0)
        give_up(path);
    fclose(file);
    return kib;
}

/* Stopped on its way out, with all its memory still there. */
static double rss(char *const command[], int null) {
    pid_t pid = start(command, null, 1);
    double kib = -1;
    for (;;) {
        int status;
        if (waitpid(pid, &status, 0) < 0)
            give_up("waitpid");
        if (WIFEXITED(status) || WIFSIGNALED(status))
            break;
        int number = WSTOPSIG(status);
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
            kib = resident(pid);
        else if (number == SIGTRAP)
            ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEEXIT);
        ptrace(PTRACE_CONT, pid, NULL, number == SIGTRAP ? 0L : (long)number);
    }
    if (kib < 0)
        give_up("the command's end");
    return kib;
}

int main(int argc, char *argv[]) {
    static const struct {
        const char *name;
        double (*measure)(char *const command[], int null);
    } kinds[] = {{"wall", wall}, {"first", first}, {"rss", rss}};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int count = argc > 3 ? atoi(argv[2]) : 0;
    for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds && count > 0; kind++)
        if (strcmp(argv[1], kinds[kind].name) == 0) {
            double sum = 0;
            for (int i = 0; i < count; i++)
                sum += kinds[kind].measure(argv + 3, null);
            printf("%.2f\n", sum / count);
            return 0;
        }
    return 64;
}
