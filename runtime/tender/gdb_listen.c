/* Where a debugger connects to: a port of this host's loopback, or a socket in the file system for its owner only. See gdb.h. */
#include "errors.h"
#include "eventlog.h"
#include "gdb.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/* What on_input() interrupts. */
static struct {
    struct kvm_run *run;
    int timer;
} guest;

/* ---- Waiting ---- */

/* The socket's file while it is there, which no end of the tender leaves behind but SIGKILL and signals nobody ends a guest by. */
static const char *socket_file;

static void remove_socket(void) {
    if (socket_file != NULL)
        unlink(socket_file);
    socket_file = NULL;
}

static void on_ending(int number) {
    remove_socket();
    eventlog_signal(number);
    raise(number); /* by now as it is by default */
}

/* The signals that end a guest. */
static void catch_ending(void (*handler)(int)) {
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
    for (unsigned i = 0; i < sizeof ending / sizeof *ending; i++)
        sigaction(ending[i], &action, NULL);
}

/* No signal comes between making the file, or removing it, and knowing that. */
static void hold_signals(sigset_t *before) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, before);
}

static int listen_tcp(uint16_t port, struct refusal *why) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0)
        return fd;
    return errno == EADDRINUSE ? fail(why, E_GDB_PORT_BUSY, port) : fail(why, E_HOST, "gdb's port", strerror(errno), "use '--gdb=unix:PATH'");
}

static int listen_unix(const char *path, struct refusal *why) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1); /* options_debug.c has measured it */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    int result = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&address, sizeof address);
    umask(mask);
    if (result == 0)
        socket_file = path;
    if (result == 0 && listen(fd, 1) == 0)
        return fd;
    int error = errno;
    remove_socket();
    errno = error;
    return errno == EADDRINUSE ? fail(why, E_GDB_PATH_EXISTS, path) : fail(why, E_GDB_PATH, path, strerror(errno));
}

int gdb_listen(const struct options *options, int *fd, struct refusal *why) {
    *fd = -1;
    if (!options->gdb)
        return 0;
    sigset_t before;
    hold_signals(&before);
    *fd = options->gdb_path != NULL ? listen_unix(options->gdb_path, why) : listen_tcp(options->gdb_port, why);
    if (*fd >= 0)
        catch_ending(on_ending);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return *fd < 0 ? -1 : 0;
}

/* Ends KVM_RUN before it enters the guest, and a guest's sleep, which looks at immediate_exit once the timer is set. */
static void on_input(int number) {
    (void)number;
    int saved = errno;
    const struct itimerspec now = {.it_value.tv_nsec = 1};
    guest.run->immediate_exit = 1;
    timerfd_settime(guest.timer, 0, &now, NULL);
    errno = saved;
}

static int signal_input(int fd, const struct debugger *debugger, struct refusal *why) {
    struct sigaction action = {.sa_handler = on_input};
    struct f_owner_ex thread = {.type = F_OWNER_TID, .pid = gettid()}; /* the one that runs the guest */
    guest.run = debugger->machine->run;
    guest.timer = debugger->timer;
    if (sigaction(SIGIO, &action, NULL) != 0 || fcntl(fd, F_SETOWN_EX, &thread) != 0 || fcntl(fd, F_SETFL, O_ASYNC) != 0)
        return fail(why, E_HOST, "gdb's socket", strerror(errno), "see 'dmesg'");
    return 0;
}

int gdb_accept(const struct options *options, int fd, struct debugger *debugger, struct refusal *why) {
    char line[512];
    if (options->gdb_path != NULL)
        snprintf(line, sizeof line, "waiting for a debugger: gdb -ex 'target remote %s' %s", options->gdb_path, options->image);
    else
        snprintf(line, sizeof line, "waiting for a debugger: gdb -ex 'target remote 127.0.0.1:%u' %s", options->gdb_port, options->image);
    report("kittiwake-hvt", line);
    int client;
    do
        client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    while (client < 0 && (errno == EINTR || errno == ECONNABORTED));
    int error = errno;
    close(fd);
    sigset_t before;
    hold_signals(&before);
    remove_socket();
    catch_ending(SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (client < 0)
        return fail(why, E_HOST, "waiting for a debugger", strerror(error), "see 'dmesg'");
    int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails for a Unix socket, which needs it not */
    debugger->link.fd = client;
    return signal_input(client, debugger, why);
}
