/* Descriptors of the caller's as devices. See inherited.h. */
#include "inherited.h"

#include "errors.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* /dev/net/tun: Documentation/admin-guide/devices.txt of Linux. */
#define TUN_MAJOR 10
#define TUN_MINOR 200

static int check(const char *kind, const char *name, int fd, const struct options *options, struct refusal *why) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return fail(why, E_FD_CLOSED, kind, name, fd, fd);
    /* Two numbers of one open file share its locks and its frames. A kernel without kcmp(2) does not tell. */
    for (unsigned i = 0; i < options->descriptor_count; i++) {
        int other = options->descriptor[i];
        if (other != fd && syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, other) == 0)
            return fail(why, E_FD_SAME, kind, name, fd, other);
    }
    return 0;
}

int inherited_check(const struct options *options, struct refusal *why) {
    for (unsigned i = 0; i < options->net_count; i++)
        if (options->net[i].fd != 0 && check("net", options->net[i].name, options->net[i].fd, options, why) != 0)
            return -1;
    for (unsigned i = 0; i < options->block_count; i++)
        if (options->block[i].fd != 0 && check("block", options->block[i].name, options->block[i].fd, options, why) != 0)
            return -1;
    return 0;
}

static int host_refused(const struct net_option *option, const char *call, struct refusal *why) {
    return fail(why, E_TUN_FAILED, option->name, option->tap, call, strerror(errno));
}

static int socket_option(int fd, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/* What is wrong with a socket, or NULL. */
static const char *socket_fault(int fd) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (socket_option(fd, SO_DOMAIN) != AF_UNIX)
        return "a socket of another family than AF_UNIX";
    if (socket_option(fd, SO_TYPE) == SOCK_STREAM)
        return "a stream socket, in which frames run together";
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
        return "a socket that is connected to nobody";
    return NULL;
}

static int inherit_socket(const struct net_option *option, const struct image *image, struct inherited_net *found, struct refusal *why) {
    const char *fault = socket_fault(option->fd);
    if (fault != NULL)
        return fail(why, E_FD_NET, option->name, option->fd, fault);
    /* Once its other end is closed such a socket can always be read; an hvt guest is spared that by its tender. */
    found->ends = socket_option(option->fd, SO_TYPE) == SOCK_SEQPACKET;
    if (found->ends && image->target == ABI_SPT)
        return fail(why, E_FD_SEQPACKET, option->name, option->fd);
    found->mtu = option->mtu != 0 ? option->mtu : SOCKET_MTU;
    found->offload = false;
    return 0;
}

static const char *kind_of(const struct stat *status) {
    switch (status->st_mode & S_IFMT) {
    case S_IFREG: return "a file";
    case S_IFDIR: return "a directory";
    case S_IFBLK: return "a disk";
    case S_IFCHR: return "another device than /dev/net/tun";
    case S_IFIFO: return "a pipe";
    default: return "no device";
    }
}

int inherited_net(const struct net_option *option, const struct image *image, struct inherited_net *found, struct refusal *why) {
    struct stat status;
    int flags = fcntl(option->fd, F_GETFL);
    if (flags < 0 || fstat(option->fd, &status) != 0)
        return host_refused(option, "fstat", why);
    found->ends = false;
    int broken;
    if (S_ISSOCK(status.st_mode))
        broken = inherit_socket(option, image, found, why);
    else if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(TUN_MAJOR, TUN_MINOR))
        broken = fail(why, E_FD_NET, option->name, option->fd, kind_of(&status));
    else if ((flags & (O_ACCMODE | O_PATH)) != O_RDWR)
        broken = fail(why, E_FD_MODE, "net", option->name, option->fd, "not to read and write", option->fd);
    else
        broken = tap_inherit(option, image_called(image), &found->mtu, &found->offload, why);
    if (broken)
        return -1;
    return fcntl(option->fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : host_refused(option, "O_NONBLOCK", why);
}
