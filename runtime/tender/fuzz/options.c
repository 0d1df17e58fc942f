/*
 * Fuzzes the command line: words made of options, pieces of them and any bytes, under AddressSanitizer. Not part of the tenders.
 *
 *   fuzz-options SEED ROUNDS      prints how many command lines were taken and how many refused
 *
 * What is taken must be what the devices and the guest rely on; that is checked.
 */
#include "../manifest.h"
#include "../options.h"
#include "random.h"

#include <stdio.h>
#include <string.h>

#define MAX_WORDS 80
#define MAX_WORD 600

static char words[MAX_WORDS][MAX_WORD];
static struct options options;
static struct refusal why;

static void append(char *word, const char *piece) {
    size_t used = strlen(word);
    size_t length = strlen(piece);
    if (used + length < MAX_WORD)
        memcpy(word + used, piece, length + 1);
}

static void append_piece(char *word) {
    static const char *const pieces[] = {
        "--",   "-",    "--net:", "--net-mac:", "--mem=", "--mem", "--help", "--sysexits", "--block:", "--block-ro:", "--block-sector-size:", "--net-mtu:", "@", "--x-exec-heap", "--net-ring", "--no-net-ring", "512", "=", ":",
        "0",    "4",    "64",     "64M",        "2G",     "5000",  "18446744073709551616", "service",  "a",     "tap0",
        "tap1", "/",    ".",      "02:00:00:00:00:01", "0:0:0:0:0:0", "ff:ff:ff:ff:ff:ff", "02:0:", "x", "image.hvt", "--pcap:", "--net-rate:", "--block-rate:", "in=", "out=", "bytes=", "operations=", ",", "K", "G", "averyveryverylongname",
    };
    char bytes[8] = "";
    switch (random_below(6)) {
    case 0:
        for (uint64_t i = random_below(sizeof bytes); i > 0; i--)
            bytes[i - 1] = (char)(1 + random_below(255));
        append(word, bytes);
        break;
    case 1:
        snprintf(bytes, sizeof bytes, "%u", (unsigned)random_below(70)); /* many devices of different names */
        append(word, bytes);
        break;
    default: append(word, pieces[random_below(sizeof pieces / sizeof *pieces)]);
    }
}

/* A word: a right option now and then, else some pieces; rarely a very long one. */
static void make_word(char *word) {
    word[0] = '\0';
    switch (random_below(13)) {
    case 0: snprintf(word, MAX_WORD, "--net:device%u=tap%u", (unsigned)random_below(70), (unsigned)random_below(9)); break;
    case 1: snprintf(word, MAX_WORD, "--net-mac:device%u=02:00:00:00:00:%x", (unsigned)random_below(70), (unsigned)random_below(300)); break;
    case 2: snprintf(word, MAX_WORD, "--mem=%u%s", (unsigned)random_below(5000), random_below(2) ? "M" : ""); break;
    case 3: snprintf(word, MAX_WORD, "--block%s:device%u=some file", random_below(2) ? "-ro" : "", (unsigned)random_below(70)); break;
    case 5: snprintf(word, MAX_WORD, "--%s:device%u=@%u", random_below(2) ? "net" : "block", (unsigned)random_below(70), (unsigned)random_below(200)); break;
    case 6: snprintf(word, MAX_WORD, "--net-mtu:device%u=%u", (unsigned)random_below(70), (unsigned)random_below(70000)); break;
    case 7: snprintf(word, MAX_WORD, "--net-rate:device%u=in=%u%s,out-frames=%u/%u%s", (unsigned)random_below(70), (unsigned)random_below(9000), random_below(2) ? "M" : "G", (unsigned)random_next(), (unsigned)random_below(9), random_below(2) ? "K" : ""); break;
    case 8: snprintf(word, MAX_WORD, "--pcap:device%u=file", (unsigned)random_below(70)); break;
    case 4: snprintf(word, MAX_WORD, "--block-sector-size:device%u=%u", (unsigned)random_below(70), 256u << random_below(9)); break;
    default:
        for (uint64_t count = random_below(random_below(30) == 0 ? 200 : 5); count > 0; count--)
            append_piece(word);
    }
}

/* Whether a device that is given as a descriptor has one from 3 on that stays open, exactly once. */
static bool descriptor_kept(int fd, const char *given) {
    unsigned times = 0;
    for (unsigned i = 0; i < options.descriptor_count; i++)
        times += options.descriptor[i] == fd;
    return given[0] == '@' ? fd > 2 && times == 1 : fd == 0;
}

/* Each is within what the arithmetic takes. */
static bool has_rate(const struct rate rates[2]) {
    for (int i = 0; i < 2; i++)
        if (rates[i].rate > RATE_MAX || rates[i].burst > BURST_MAX || (rates[i].rate != 0) != (rates[i].burst != 0))
            abort();
    return rates[0].rate != 0 || rates[1].rate != 0;
}

static void check(const struct limits *limits) {
    bool wrong = options.memory_mib == 0 || options.memory_mib > limits->max_memory_mib || options.net_count > MAX_DEVICES ||
                 (options.action == ACTION_RUN && options.image == NULL) ||
                 memchr(options.cmdline, '\0', sizeof options.cmdline) == NULL;
    for (unsigned i = 0; i < options.net_count && !wrong; i++) {
        const struct net_option *net = &options.net[i];
        wrong = memchr(net->name, '\0', sizeof net->name) == NULL || !device_name_valid(net->name) ||
                memchr(net->tap, '\0', sizeof net->tap) == NULL || (net->tap[0] == '\0' && !net->has_mac && net->mtu == 0 && net->capture == NULL && !has_rate(net->rate[0]) && !has_rate(net->rate[1])) ||
                !descriptor_kept(net->fd, net->tap) || (net->mtu != 0 && (net->mtu < 68 || net->mtu > 65521)) ||
                (net->has_mac && (net->mac[0] & 1));
    }
    wrong |= options.block_count > MAX_DEVICES;
    for (unsigned i = 0; i < options.block_count && !wrong; i++) {
        const struct block_option *block = &options.block[i];
        bool power = (block->sector & (block->sector - 1)) == 0 && block->sector >= 512 && block->sector <= 32768;
        wrong = memchr(block->name, '\0', sizeof block->name) == NULL || !device_name_valid(block->name) ||
                (block->path == NULL ? block->sector == 0 && !has_rate(block->rate) : block->path[0] == '\0') || (block->sector != 0 && !power) ||
                !descriptor_kept(block->fd, block->path == NULL ? "" : block->path);
    }
    if (wrong) {
        fprintf(stderr, "a command line was taken and should not have been\n");
        abort();
    }
}

int main(int argc, char *argv[]) {
    if (argc != 3)
        return 64;
    random_seed(argv[1]);
    unsigned long rounds = strtoul(argv[2], NULL, 10);
    unsigned long taken = 0, refused = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        char *line[MAX_WORDS + 2] = {"kittiwake"};
        int count = (int)random_below(random_below(4) == 0 ? MAX_WORDS : 6);
        for (int word = 0; word < count; word++) {
            make_word(words[word]);
            line[word + 1] = words[word];
        }
        struct limits limits = {.program = "kittiwake-hvt", .target = "hvt", .max_memory_mib = 4096, .has_probe = random_below(2), .has_exec_heap = random_below(2), .has_ring = random_below(2)};
        why.text[0] = '\0';
        memset(&options, 0, sizeof options);
        if (options_parse(count + 1, line, &limits, &options, &why) == 0) {
            check(&limits);
            taken++;
        } else if (why.text[0] == '\0') {
            abort(); /* a refusal that says nothing */
        } else {
            refused++;
        }
    }
    printf("%lu taken, %lu refused\n", taken, refused);
    return 0;
}
