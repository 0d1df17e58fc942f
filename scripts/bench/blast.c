/*
 * Sends UDP datagrams as fast as the kernel takes them. Not part of the runtime.
 *
 *   blast ADDRESS PORT BYTES SECONDS
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define LARGEST 1472

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char *argv[]) {
    if (argc != 5)
        return 64;
    static char bytes[LARGEST];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
    size_t size = strtoul(argv[3], NULL, 10);
    int socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (size > LARGEST || socket_fd < 0 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        return 64;
    struct iovec data = {.iov_base = bytes, .iov_len = size};
    struct mmsghdr batch[BATCH];
    for (int i = 0; i < BATCH; i++)
        batch[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &data, .msg_iovlen = 1}};
    /* What is refused because queues are full is the point: whoever reads the other end cannot be waited for. */
    for (double end = now() + atof(argv[4]); now() < end;)
        sendmmsg(socket_fd, batch, BATCH, 0);
    return 0;
}
