/* The options about watching and limiting a guest: --events=, --stats=, --pcap:, --net-rate:, --block-rate:. See options.h. */
#include "errors.h"
#include "options.h"
#include "options_rate.h"
#include "traffic.h"

/* One frame of the largest kind (TSO), or block operation that guests use. */
#define LEAST_BURST_BYTES 65536

#define FORM_NET_RATE "--net-rate:NAME=in=10M,out=10M/1M,in-frames=1000,out-frames=1000"
#define FORM_BLOCK_RATE "--block-rate:NAME=bytes=10M,operations=100"

static int parse_events(const char *word, const char *value, struct options *options, struct refusal *why) {
    if (options->events != 0)
        return fail(why, E_OPTION_AGAIN, word);
    int fd = option_descriptor(word, value, "--events=3' with '3>events.json", options, why);
    if (fd < 0)
        return -1;
    options->events = fd;
    return 0;
}

static int parse_pcap(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *path;
    struct net_option *entry = option_net(word, assignment, "--pcap:NAME=FILE", &path, options, why);
    if (entry == NULL)
        return -1;
    if (entry->capture != NULL)
        return fail(why, E_OPTION_TWICE, word, entry->name);
    entry->capture = path;
    return 0;
}

static int parse_net_rate(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *value;
    struct net_option *entry = option_net(word, assignment, FORM_NET_RATE, &value, options, why);
    if (entry == NULL)
        return -1;
    struct rate *in = entry->rate[TO_GUEST];
    struct rate *out = entry->rate[FROM_GUEST];
    const struct rate_key keys[] = {
        {"in", &in[0], LEAST_BURST_BYTES}, {"out", &out[0], LEAST_BURST_BYTES}, {"in-frames", &in[1], 1}, {"out-frames", &out[1], 1}};
    return parse_rates(word, value, keys, sizeof keys / sizeof *keys, FORM_NET_RATE, why);
}

static int parse_block_rate(const char *word, const char *assignment, struct options *options, struct refusal *why) {
    const char *value;
    struct block_option *entry = option_block(word, assignment, FORM_BLOCK_RATE, &value, options, why);
    if (entry == NULL)
        return -1;
    const struct rate_key keys[] = {{"bytes", &entry->rate[0], LEAST_BURST_BYTES}, {"operations", &entry->rate[1], 1}};
    return parse_rates(word, value, keys, sizeof keys / sizeof *keys, FORM_BLOCK_RATE, why);
}

int parse_observe_option(const char *word, struct options *options, struct refusal *why) {
    const char *value;
    if ((value = option_rest(word, "--pcap:")) != NULL)
        return parse_pcap(word, value, options, why);
    if ((value = option_rest(word, "--net-rate:")) != NULL)
        return parse_net_rate(word, value, options, why);
    if ((value = option_rest(word, "--block-rate:")) != NULL)
        return parse_block_rate(word, value, options, why);
    int other = option_value(word, "--events", "--events=3", &value, why);
    if (other <= 0)
        return other == 0 ? parse_events(word, value, options, why) : -1;
    return option_path(word, "--stats", "--stats=FILE", &options->stats, why);
}
