/*
 * Starts a program with descriptors that a shell cannot make, for tests of tenders:
 *
 *   inherit FD=KIND ... PROGRAM ARGUMENTS...
 *
 * KIND is dgram or seqpacket (one end of a pair; this program is the other end), stream, loose, inet, tun, tap:NAME, tap-pi:NAME,
 * tap-vnet:NAME, tun:NAME, bare-tun, path:FILE, direct:FILE, or same:FD. The other end of a pair sends one frame of 60 bytes, and
 * says how long a frame it gets back is; that of a kind with "-gone" behind it sends it and goes away. Exits as the program does.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int other_end = -1;

static int pair(int type, int gone) {
    int ends[2];
    char frame[60] = "\2\0\0\0\0\1\2\0\0\0\0\2\x88\xb5";
    if (socketpair(AF_UNIX, type, 0, ends) != 0 || send(ends[1], frame, sizeof frame, 0) != sizeof frame)
        err(1, "socketpair");
    if (gone)
        close(ends[1]);
    else
        other_end = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
    return ends[0];
}

static int tun(const char *name, int flags) {
    int fd = open("/dev/net/tun", O_RDWR);
    struct ifreq request = {.ifr_flags = (short)flags};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
        err(1, "%s", name);
    return fd;
}

static int make(const char *kind) {
    const char *rest = strchr(kind, ':');
    rest = rest ? rest + 1 : "";
    if (strncmp(kind, "dgram", 5) == 0)
        return pair(SOCK_DGRAM, strcmp(kind + 5, "-gone") == 0);
    if (strncmp(kind, "seqpacket", 9) == 0)
        return pair(SOCK_SEQPACKET, strcmp(kind + 9, "-gone") == 0);
    if (strcmp(kind, "stream") == 0)
        return pair(SOCK_STREAM, 1);
    if (strcmp(kind, "loose") == 0)
        return socket(AF_UNIX, SOCK_DGRAM, 0);
    if (strcmp(kind, "inet") == 0)
        return socket(AF_INET, SOCK_DGRAM, 0);
    if (strcmp(kind, "bare-tun") == 0)
        return open("/dev/net/tun", O_RDWR);
    if (strncmp(kind, "tun:", 4) == 0)
        return tun(rest, IFF_TUN | IFF_NO_PI);
    if (strncmp(kind, "tap:", 4) == 0)
        return tun(rest, IFF_TAP | IFF_NO_PI);
    if (strncmp(kind, "tap-pi:", 7) == 0)
        return tun(rest, IFF_TAP);
    if (strncmp(kind, "tap-vnet:", 9) == 0)
        return tun(rest, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
    if (strncmp(kind, "path:", 5) == 0)
        return open(rest, O_PATH);
    if (strncmp(kind, "direct:", 7) == 0)
        return open(rest, O_RDWR | O_DIRECT);
    if (strncmp(kind, "same:", 5) == 0)
        return dup(atoi(rest));
    errx(1, "%s: no such kind", kind);
}

int main(int argc, char *argv[]) {
    int word = 1;
    for (; word < argc && argv[word][0] >= '0' && argv[word][0] <= '9'; word++) {
        int fd = make(strchr(argv[word], '=') + 1);
        int wanted = atoi(argv[word]);
        if (fd < 0 || (fd != wanted && (dup2(fd, wanted) < 0 || close(fd) != 0)))
            err(1, "%s", argv[word]);
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execvp(argv[word], argv + word);
        err(127, "%s", argv[word]);
    }
    for (int fd = 3; fd < 100; fd++)
        close(fd);
    struct pollfd answer = {.fd = other_end, .events = POLLIN};
    static char frame[70000];
    int status;
    pid_t ended = 0;
    do { /* once more after its end: what it sent last */
        if (ended == 0)
            ended = waitpid(child, &status, WNOHANG);
        while (poll(&answer, 1, ended == 0 ? 20 : 0) == 1) {
            ssize_t size = recv(other_end, frame, sizeof frame, MSG_DONTWAIT);
            if (size < 0 || (answer.revents & POLLHUP && size == 0))
                break;
            dprintf(1, "got %zd\n", size);
        }
    } while (ended == 0);
    if (ended != child)
        err(1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
