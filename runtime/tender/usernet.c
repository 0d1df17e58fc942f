/*
 * kittiwake-usernet: a network for one unikernel, made of the host's sockets, which needs no privilege: no tap, no bridge, no route.
 *
 *   this process ── socketpair(2), one frame a message ── its child
 *   becomes the tender                                    is the network: libslirp, behind a sandbox of its own
 *
 * The tender keeps the process number that the caller knows. When it ends, the kernel ends the network.
 */
#include "usernet.h"

#include "clean_start.h"
#include "errors.h"
#include "manifest.h"
#include "words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char help[] =
    "Run a tender with a network made of the host's sockets, without any privilege.\n"
    "\n"
    "Usage: kittiwake-usernet --net=NAME [OPTIONS] -- TENDER [OPTIONS] IMAGE [ARGUMENTS]\n"
    "\n"
    "'kittiwake run' starts it where no --net is given; there is no need to call it by\n"
    "hand. The guest is 10.0.0.2 in a network of its own, by DHCP or because it takes\n"
    "that address when it is told none; its gateway is 10.0.0.1, a DNS forwarder is\n"
    "10.0.0.3, and routers' advertisements give it an address in fd00:6b77::/64.\n"
    "\n"
    "Options:\n"
    "  --net=NAME        the image's network device\n"
    "  --mac=MAC         its MAC address (default: 02:00:00:00:00:02)\n"
    "  --publish=[ADDRESS:]PORT[:GUEST-PORT][/tcp|/udp]\n"
    "                    hand what comes to PORT of the host to the guest's GUEST-PORT\n"
    "                    (default: the same one, TCP); ADDRESS is 127.0.0.1 if none is\n"
    "                    given, 0.0.0.0 is all of the host's, [::1] is one of IPv6\n"
    "  --reach-host      let the guest connect to the host's 127.0.0.1, as 10.0.0.1\n"
    "  --sysexits        fail with the statuses of sysexits(3) instead of 1\n"
    "  --help            show this text\n"
    "\n"
    "Example:\n"
    "  kittiwake-usernet --net=service --publish=8080:80 -- \\\n"
    "    kittiwake-spt --block-ro:data=site.tar website.spt\n"
    "\n"
    "Exit status: the tender's. If the network cannot be made: 1, or with --sysexits 64\n"
    "(usage), 71 (the host refused), 77 (permission) or 78 (a port that is taken).\n";

/* The words of the command line. */
struct request {
    struct usernet usernet;
    const char *device;
    const char *mac;
    char **tender; /* its argv */
    bool sysexits;
    bool help;
};

static int parse(char **words, struct request *request, struct refusal *why) {
    const char *rest;
    request->mac = "02:00:00:00:00:02";
    for (char **word = words; *word != NULL; word++)
        if (strcmp(*word, "--sysexits") == 0)
            request->sysexits = true;
        else if (strcmp(*word, "--") == 0)
            break;
    for (; *words != NULL && strcmp(*words, "--") != 0; words++) {
        if (strcmp(*words, "--help") == 0) {
            request->help = true;
            return 0;
        }
        if (strcmp(*words, "--reach-host") == 0) {
            request->usernet.reach_host = true;
        } else if ((rest = option_rest(*words, "--net=")) != NULL) {
            request->device = rest;
        } else if ((rest = option_rest(*words, "--mac=")) != NULL) {
            request->mac = rest;
        } else if ((rest = option_rest(*words, "--publish=")) != NULL) {
            if (request->usernet.publish_count == PUBLISH_MAX)
                return fail(why, E_PUBLISH_MANY, rest, PUBLISH_MAX);
            if (publish_parse(rest, &request->usernet.publish[request->usernet.publish_count++], why) != 0)
                return -1;
        } else if (strcmp(*words, "--sysexits") != 0) {
            return fail(why, E_USERNET_OPTION, *words);
        }
    }
    if (!parse_mac(request->mac, request->usernet.mac))
        return fail(why, E_MAC_MALFORMED, request->mac);
    if (request->device == NULL || *words == NULL || words[1] == NULL)
        return fail(why, E_USERNET_TENDER);
    if (!device_name_valid(request->device))
        return fail(why, E_DEVICE_NAME, request->device, "--net=service");
    request->tender = words + 1;
    return 0;
}

/*
 * The child: the network. What it writes to `result` says whether there is one: a class of 0, or a refusal. It watches the tender by
 * `tender`, a pidfd: a signal at the parent's end would not come, since a tender without capabilities may not send one to nobody.
 */
static _Noreturn void be_network(const struct request *request, int fd, int result, int tender) {
    static struct refusal why;
    why.class = 0;
    const int kept[] = {fd, result, tender};
    if (clean_start(kept, 3, &why) == 0 && stack_open(&request->usernet, &why) == 0)
        (void)confine(&fd, &why);
    bool told = write(result, &why, sizeof why) == sizeof why;
    close(result);
    if (told && why.class == 0)
        stack_run(fd, tender);
    _exit(why.class == 0 ? 0 : 1);
}

/* Waits for the network to be there. Returns 0, or -1 with `why`. */
static int wait_for_network(int result, struct refusal *why) {
    char *to = (char *)why;
    size_t got = 0;
    ssize_t count = 0;
    while (got < sizeof *why && ((count = read(result, to + got, sizeof *why - got)) > 0 || (count < 0 && errno == EINTR)))
        got += count > 0 ? (size_t)count : 0;
    if (got < sizeof *why)
        return fail(why, E_HOST, "user-mode network", "its process ended", "see 'dmesg'");
    return why->class == 0 ? 0 : -1;
}

/* Becomes the tender, with three options about the device before those it was given. Returns -1 with `why`. */
static int be_tender(const struct request *request, int fd, struct refusal *why) {
    static char net[MFT_NAME_SIZE + 32], mac[MFT_NAME_SIZE + 64], mtu[MFT_NAME_SIZE + 32];
    snprintf(net, sizeof net, "--net:%s=@%d", request->device, fd);
    snprintf(mac, sizeof mac, "--net-mac:%s=%s", request->device, request->mac);
    snprintf(mtu, sizeof mtu, "--net-mtu:%s=%d", request->device, USERNET_MTU);
    size_t count = 0;
    while (request->tender[count] != NULL)
        count++;
    char **words = calloc(count + 4, sizeof *words);
    if (words == NULL)
        return fail(why, E_HOST, "memory", strerror(errno), "free some");
    words[0] = request->tender[0];
    words[1] = net;
    words[2] = mac;
    words[3] = mtu;
    memcpy(words + 4, request->tender + 1, (count - 1) * sizeof *words);
    execvp(words[0], words);
    return fail(why, E_HOST, request->tender[0], strerror(errno), "name the tender with its path");
}

static int run(const struct request *request, struct refusal *why) {
    /* Datagrams: their end does not become readable for ever when the other one is closed. */
    int ends[2], result[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 || pipe2(result, O_CLOEXEC) != 0)
        return fail(why, E_HOST, "a pair of sockets", strerror(errno), "raise 'ulimit -n'");
    int tender = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (tender < 0)
        return fail(why, E_HOST, "pidfd_open", strerror(errno), "the network needs Linux 5.9 or newer");
    pid_t child = fork();
    if (child < 0)
        return fail(why, E_HOST, "a process for the network", strerror(errno), "raise 'ulimit -u'");
    if (child == 0)
        be_network(request, ends[0], result[1], tender);
    close(ends[0]);
    close(result[1]);
    close(tender);
    if (wait_for_network(result[0], why) != 0)
        return -1;
    return be_tender(request, ends[1], why);
}

int main(int argc, char *argv[]) {
    static struct request request;
    static struct refusal why;
    static const char program[] = "kittiwake-usernet";
    (void)argc;
    if (parse(argv + 1, &request, &why) == 0) {
        if (request.help) {
            fputs(help, stdout);
            return fflush(stdout) == 0 ? 0 : 1;
        }
        run(&request, &why); /* comes back only if it failed */
    }
    report(program, why.text);
    return exit_status(&why, request.sysexits);
}
