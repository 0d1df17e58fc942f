/*
 * --events=FD: what happens to the guest, as lines of JSON on a descriptor that the caller opened.
 *
 *   {"event":"started","time":MS,"pid":N,...}   the guest is about to run
 *   {"event":"stopping","time":MS}              it was asked to end
 *   {"event":"fault","time":MS,"message":"...","registers":{...}}
 *                                               it broke the rules
 *   {"event":"snapshot","time":MS,"file":"..."} a snapshot of it is complete
 *   {"event":"exit","time":MS,"status":N,"reason":"exited"|"fault"|"signal"|"refused"}
 *
 * A line is one write(2) that never waits: if the reader is slow or gone, the line is lost, and the next one that gets through
 * says how many were ("dropped":N). There is one log a process. Without the option all of this does nothing.
 */
#ifndef KITTIWAKE_EVENTLOG_H
#define KITTIWAKE_EVENTLOG_H

#include "devices.h"
#include "fault.h"
#include "image.h"
#include "json_line.h"
#include "options.h"


/* Takes over the descriptor the command line names, which must be open for writing. Returns 0, or -1 with `why`. */
int eventlog_open(const struct options *options, struct refusal *why);

/* What a filter must let through for the functions below. Returns 0, or -1. */
int eventlog_allow(struct rules *rules);

/* For a process that is not to write any more, such as the one that becomes the guest where another one watches it. */
void eventlog_close(void);

/* A line of one's own: begin, json_...(line, ...), end. NULL where there is no log. */
struct json_line *eventlog_begin(const char *event);
void eventlog_end(struct json_line *line);

bool eventlog_is_open(void);

/* `guest_pid` is `pid` where one process is both. */
void eventlog_started(int pid, int guest_pid, const char *tender, const struct options *options, const struct image *image);
void eventlog_fault(const char *message, const struct registers *registers);
/* A snapshot is complete under this name. */
void eventlog_snapshot(const char *path);
/* `message` is NULL, or says why in a line. */
void eventlog_exit(int status, const char *reason, const char *message);
/* These may run in a signal handler, whatever it has interrupted. */
void eventlog_signal(int number);
void eventlog_stopping(void);

/*
 * For a process that is the guest's and the log's at once (hvt): the signals that end it tell of it before; SIGTERM only if `terminate`
 * says that it has no handler of its own. Returns 0, or -1 with `why`.
 */
int eventlog_catch(bool terminate, struct refusal *why);
int eventlog_catch_allow(struct rules *rules);
/* Tells of the signal, whose action is the default one by now, and sends it, after eventlog_catch(); for its handler. */
void eventlog_end_by(int number);

#endif
