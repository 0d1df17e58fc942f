/* What is published: an address and port of the host for a port of the guest. See usernet.h. */
#include "errors.h"
#include "usernet.h"
#include "words.h"

#include <arpa/inet.h>
#include <string.h>

/* A port as digits up to `end`; 0 if it is none. */
static uint16_t parse_port(const char *text, const char *end) {
    uint64_t number;
    return take_number(text, &number) == end && number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* The host's address between `text` and `end`, an IPv6 one in brackets. */
static bool parse_address(const char *text, const char *end, struct publish *publish) {
    char copy[INET6_ADDRSTRLEN];
    bool ipv6 = end - text >= 2 && *text == '[' && end[-1] == ']';
    size_t length = (size_t)(end - text) - (ipv6 ? 2 : 0);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text + (ipv6 ? 1 : 0), length);
    copy[length] = '\0';
    if (ipv6) {
        publish->host.ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
        return inet_pton(AF_INET6, copy, &publish->host.ipv6.sin6_addr) == 1;
    }
    return inet_pton(AF_INET, copy, &publish->host.ipv4.sin_addr) == 1;
}

int publish_parse(const char *text, struct publish *publish, struct refusal *why) {
    *publish = (struct publish){.text = text};
    publish->host.ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *end = text + strlen(text);
    const char *slash = strrchr(text, '/');
    if (slash != NULL) {
        publish->udp = strcmp(slash, "/udp") == 0;
        if (!publish->udp && strcmp(slash, "/tcp") != 0)
            return fail(why, E_PUBLISH, text);
        end = slash;
    }
    /* Colons within brackets belong to an address. */
    const char *ports = text;
    if (*text == '[') {
        const char *bracket = memchr(text, ']', (size_t)(end - text));
        if (bracket == NULL || bracket + 1 >= end || bracket[1] != ':' || !parse_address(text, bracket + 1, publish))
            return fail(why, E_PUBLISH, text);
        ports = bracket + 2;
    }
    const char *colon = memchr(ports, ':', (size_t)(end - ports));
    const char *second = colon == NULL ? NULL : memchr(colon + 1, ':', (size_t)(end - colon - 1));
    if (second != NULL) {
        if (ports != text || !parse_address(text, colon, publish))
            return fail(why, E_PUBLISH, text);
        ports = colon + 1;
        colon = second;
    }
    uint16_t host_port = parse_port(ports, colon == NULL ? end : colon);
    publish->guest_port = colon == NULL ? host_port : parse_port(colon + 1, end);
    if (host_port == 0 || publish->guest_port == 0)
        return fail(why, E_PUBLISH, text);
    publish->host.ipv4.sin_port = htons(host_port); /* where sin6_port is, too */
    return 0;
}
