/* One TCP stream at full speed, to measure the other side by.
 *   stream send|receive ADDRESS PORT SECONDS   connects, sends or receives, prints the bytes and the seconds it took
 *   stream serve send|receive PORT             does the same for whoever connects, one after another, for ever
 * Both ends use CUBIC, whatever the machine's default. Sending counts what the other side's window has taken, not what waits here: the send buffer's rest is taken off. */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[256 * 1024];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int fail(const char *what) {
    perror(what);
    return 1;
}

static int tcp(void) {
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    if (setsockopt(stream, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) < 0)
        exit(fail("cubic"));
    return stream;
}

/* Until `seconds` have passed or the stream ends; the bytes that went over it. A call that waits ends with the time, too. */
static uint64_t pump(int stream, int sending, double seconds) {
    uint64_t total = 0;
    double end = now() + seconds;
    for (double left; (left = end - now()) > 0;) {
        struct timeval wait = {(time_t)left, (suseconds_t)((left - (double)(time_t)left) * 1e6) + 1};
        setsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        setsockopt(stream, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        ssize_t done = sending ? send(stream, buffer, sizeof buffer, MSG_NOSIGNAL) : recv(stream, buffer, sizeof buffer, 0);
        if (done <= 0)
            break;
        total += (uint64_t)done;
    }
    int waiting = 0;
    if (sending && ioctl(stream, SIOCOUTQ, &waiting) == 0)
        total -= (uint64_t)waiting;
    return total;
}

static int serve(const char *what, const char *port) {
    int listener = tcp(), yes = 1;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) < 0 || listen(listener, 8) < 0)
        return fail("listen");
    for (;;) {
        int stream = accept(listener, NULL, NULL);
        if (stream < 0)
            return fail("accept");
        pump(stream, !strcmp(what, "send"), 1e6);
        close(stream);
    }
}

int main(int count, char **arguments) {
    if (count == 4 && !strcmp(arguments[1], "serve"))
        return serve(arguments[2], arguments[3]);
    if (count != 5)
        return fputs("usage: stream send|receive ADDRESS PORT SECONDS | stream serve send|receive PORT\n", stderr), 64;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[3]))};
    int stream = tcp();
    if (inet_pton(AF_INET, arguments[2], &to.sin_addr) != 1 || connect(stream, (struct sockaddr *)&to, sizeof to) < 0)
        return fail(arguments[2]);
    double start = now();
    uint64_t total = pump(stream, !strcmp(arguments[1], "send"), atof(arguments[4]));
    printf("%llu %.6f\n", (unsigned long long)total, now() - start);
    return 0;
}
