/* The log of events. See eventlog.h. */
#include "eventlog.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* With every byte of two such texts escaped a line still holds them. */
#define TEXT_LIMIT 256

/* A pipe takes this much in one piece or not at all (PIPE_BUF), so that lines of several guests never mix. */
#define LINE_SIZE 4096

static int log_fd = -1;
static unsigned long dropped;
static bool torn; /* the last line that was written has no end */
static char line_text[LINE_SIZE];
static struct json_line current;

/*
 * Makes writing to a pipe or a terminal never wait, in an open file of our own, so that nothing changes for others that share the
 * one we were given. A socket cannot be opened again, and is made non-blocking as it stands; a file never waits for a reader.
 */
static int make_nonblocking(int fd, int flags) {
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (own < 0)
        return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? fd : -1;
    /* Under the number it was given: others that are missing are told by whether they are open. */
    int same = dup3(own, fd, O_CLOEXEC);
    close(own);
    return same;
}

int eventlog_open(const struct options *options, struct refusal *why) {
    int fd = options->events;
    if (fd == 0)
        return 0;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return fail(why, E_EVENTS_CLOSED, fd, fd, fd);
    if ((flags & O_ACCMODE) == O_RDONLY)
        return fail(why, E_EVENTS_READ_ONLY, fd, fd, fd);
    log_fd = make_nonblocking(fd, flags);
    return log_fd < 0 ? fail(why, E_HOST, "descriptor of --events", strerror(errno), "give it a pipe") : 0;
}

int eventlog_allow(struct rules *rules) {
    if (log_fd < 0)
        return 0;
    int broken = rules_add(rules, "lines of events", SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)log_fd));
    broken |= rules_add(rules, "a reader that is gone: SIGPIPE is held back", SCMP_ACT_ALLOW, SCMP_SYS(rt_sigprocmask), 0);
    return broken | rules_add(rules, "a reader that is gone: SIGPIPE is held back", SCMP_ACT_ALLOW, SCMP_SYS(rt_sigtimedwait), 0);
}

void eventlog_close(void) {
    if (log_fd >= 0)
        close(log_fd);
    log_fd = -1;
}

static struct json_line *begin(struct json_line *line, char *text, const char *event) {
    if (log_fd < 0)
        return NULL;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_begin(line, text, sizeof line_text);
    json_text(line, "event", event, TEXT_LIMIT);
    json_number(line, "time", (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    if (dropped > 0)
        json_number(line, "dropped", dropped);
    return line;
}

struct json_line *eventlog_begin(const char *event) {
    return begin(&current, line_text, event);
}

/* A signal may come while a line is being built; what its handler says has a place of its own. */
static struct json_line *begin_in_handler(const char *event) {
    static char text[sizeof line_text];
    static struct json_line line;
    return begin(&line, text, event);
}

static ssize_t write_now(const char *text, size_t size) {
    ssize_t count;
    do
        count = write(log_fd, text, size);
    while (count < 0 && errno == EINTR);
    return count;
}

void eventlog_end(struct json_line *line) {
    json_end(line);
    /* SIGPIPE is kept for the console: a log that nobody reads does not end the guest. */
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe, &before);
    /* A stream may have taken the beginning of a line only. */
    bool whole = !torn || write_now("\n", 1) == 1;
    ssize_t count = whole ? write_now(line->text, line->used) : -1;
    if (!whole || count < 0)
        sigtimedwait(&pipe, NULL, &(struct timespec){.tv_nsec = 0});
    sigprocmask(SIG_SETMASK, &before, NULL);
    torn = count > 0 ? (size_t)count < line->used : torn && !whole;
    dropped = count == (ssize_t)line->used ? 0 : dropped + 1;
}

static void list_devices(struct json_line *line, const struct image *image) {
    uint64_t left_out = 0;
    if (!json_array_begin(line, "devices"))
        return;
    for (unsigned handle = 1; handle < image->manifest.entries; handle++) {
        const struct mft_entry *entry = &image->manifest.e[handle];
        const char *type = entry->type == MFT_NET_BASIC ? "net" : "block";
        if (entry->type >= MFT_RESERVED_FIRST)
            continue;
        /* Room for the longest one, so that none is cut in its middle. */
        if (line->used > line->size - JSON_LINE_RESERVE - 2 * MFT_NAME_SIZE || !json_object_begin(line, NULL)) {
            left_out++;
            continue;
        }
        json_text(line, "type", type, TEXT_LIMIT);
        json_text(line, "name", entry->name, MFT_NAME_SIZE);
        json_object_end(line);
    }
    json_array_end(line);
    if (left_out > 0)
        json_number(line, "devices_left_out", left_out);
}

bool eventlog_is_open(void) {
    return log_fd >= 0;
}

void eventlog_started(int pid, int guest_pid, const char *tender, const struct options *options, const struct image *image) {
    struct json_line *line = eventlog_begin("started");
    if (line == NULL)
        return;
    json_number(line, "pid", (uint64_t)pid);
    if (guest_pid != pid)
        json_number(line, "guest_pid", (uint64_t)guest_pid);
    json_text(line, "tender", tender, TEXT_LIMIT);
    json_text(line, "version", KITTIWAKE_VERSION, TEXT_LIMIT);
    json_text(line, "image", options->image, TEXT_LIMIT);
    json_number(line, "memory", options->memory_mib << 20);
    list_devices(line, image);
    eventlog_end(line);
}

void eventlog_fault(const char *message, const struct registers *registers) {
    struct json_line *line = eventlog_begin("fault");
    if (line == NULL)
        return;
    json_text(line, "message", message, TEXT_LIMIT);
    registers_json(line, "registers", registers);
    eventlog_end(line);
}

void eventlog_snapshot(const char *path) {
    struct json_line *line = eventlog_begin("snapshot");
    if (line == NULL)
        return;
    json_text(line, "file", path, TEXT_LIMIT);
    eventlog_end(line);
}

void eventlog_exit(int status, const char *reason, const char *message) {
    struct json_line *line = eventlog_begin("exit");
    if (line == NULL)
        return;
    json_number(line, "status", (uint64_t)status);
    json_text(line, "reason", reason, TEXT_LIMIT);
    if (message != NULL)
        json_text(line, "message", message, TEXT_LIMIT);
    eventlog_end(line);
}

void eventlog_signal(int number) {
    struct json_line *line = begin_in_handler("exit");
    if (line == NULL)
        return;
    json_number(line, "signal", (uint64_t)number);
    json_text(line, "reason", "signal", TEXT_LIMIT);
    eventlog_end(line);
}

void eventlog_stopping(void) {
    struct json_line *line = begin_in_handler("stopping");
    if (line != NULL)
        eventlog_end(line);
}

static pid_t self;

void eventlog_end_by(int number) {
    eventlog_signal(number);
    syscall(SYS_tgkill, self, self, number);
}

int eventlog_catch(bool terminate, struct refusal *why) {
    static const int ending[] = {SIGINT, SIGHUP, SIGQUIT, SIGTERM};
    struct sigaction action = {.sa_handler = eventlog_end_by, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    self = getpid();
    for (unsigned i = 0; log_fd >= 0 && i < sizeof ending / sizeof *ending; i++)
        if ((ending[i] != SIGTERM || terminate) && sigaction(ending[i], &action, NULL) != 0)
            return fail(why, E_HOST, "catching signals", strerror(errno), "leave out '--events'");
    return 0;
}

int eventlog_catch_allow(struct rules *rules) {
    if (log_fd < 0)
        return 0;
    struct scmp_arg_cmp process = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self);
    struct scmp_arg_cmp thread = SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)self);
    return rules_add(rules, "ending by a signal that was told of", SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, process, thread) |
           rules_add(rules, "going back from its handler", SCMP_ACT_ALLOW, SCMP_SYS(rt_sigreturn), 0);
}
