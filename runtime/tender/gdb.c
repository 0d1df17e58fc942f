/* What a debugger asks for, and when the guest stops for it. See gdb.h, and the chapter on the remote protocol of gdb's manual. */
#include "gdb.h"

#include "errors.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* What a guest that is ended by its debugger exits with: as a process that SIGKILL ended does in a shell. */
#define EXIT_KILLED (128 + SIGKILL)

/* The most bytes of memory in one answer. */
#define MEMORY_MAX (GDB_PACKET_MAX / 2)

/* Tells a gdb that was started without the image what it looks at; the registers are those it has for this architecture anyway. */
static const char target_xml[] = "l<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
                                 "<target><architecture>i386:x86-64</architecture></target>";

int gdb_allow(struct rules *rules, const struct debugger *debugger) {
    static const unsigned long requests[] = {KVM_SET_REGS, KVM_GET_XSAVE, KVM_SET_XSAVE, KVM_TRANSLATE, KVM_SET_GUEST_DEBUG};
    static const char debugging[] = "debugging the guest", talking[] = "talking to the debugger";
    const uint32_t yes = SCMP_ACT_ALLOW;
    struct scmp_arg_cmp client = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)debugger->link.fd);
    struct scmp_arg_cmp vcpu = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)debugger->machine->vcpu);
    int broken = 0;
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
        broken |= rules_add(rules, debugging, yes, SCMP_SYS(ioctl), 2, vcpu, SCMP_A1(SCMP_CMP_EQ, requests[i]));
    broken |= rules_add(rules, talking, yes, SCMP_SYS(recvfrom), 1, client);
    broken |= rules_add(rules, talking, yes, SCMP_SYS(sendto), 1, client);
    broken |= rules_add(rules, talking, yes, SCMP_SYS(shutdown), 1, client);
    broken |= rules_add(rules, talking, yes, SCMP_SYS(rt_sigreturn), 0);
    /* Pages are opened one at a time and never for execution; a filter compares an argument once, so where the page lies is left to us. */
    return broken | rules_add(rules, debugging, yes, SCMP_SYS(mprotect), 2, SCMP_A1(SCMP_CMP_EQ, GUEST_PAGE_SIZE),
                              SCMP_A2(SCMP_CMP_LE, PROT_READ | PROT_WRITE));
}

/* ---- Answers ---- */

static void answer(struct debugger *debugger, const char *text) {
    debugger->out.used = 0;
    gdb_put(&debugger->out, text);
    gdb_send(&debugger->link, &debugger->out);
}

static void answer_whether(struct debugger *debugger, bool done) {
    answer(debugger, done ? "OK" : "E01");
}

/* How the guest stopped: by `number`, one of gdb's signals, which for these are the host's. */
static void tell_stop(struct debugger *debugger, int number, const struct breakpoint *watch) {
    static const char *const names[BREAKPOINT_KINDS] = {[WATCH_WRITE] = "watch:", [WATCH_READ] = "rwatch:", [WATCH_ACCESS] = "awatch:"};
    const uint8_t byte = (uint8_t)number;
    debugger->out.used = 0;
    gdb_put(&debugger->out, "T");
    gdb_put_bytes(&debugger->out, &byte, 1);
    gdb_put(&debugger->out, "thread:1;");
    if (watch != NULL && names[watch->kind] != NULL) {
        gdb_put(&debugger->out, names[watch->kind]);
        gdb_put_number(&debugger->out, watch->address);
        gdb_put(&debugger->out, ";");
    }
    gdb_send(&debugger->link, &debugger->out);
}

/* ---- Commands: `at` is what follows the letter ---- */

/* "ADDRESS,LENGTH". */
static bool range(const char **at, uint64_t *address, uint64_t *length) {
    if (!gdb_number(at, address) || **at != ',')
        return false;
    ++*at;
    return gdb_number(at, length);
}

static void read_memory(struct debugger *debugger, const char *at) {
    uint8_t bytes[MEMORY_MAX];
    uint64_t address, length;
    if (!range(&at, &address, &length) || *at != '\0') {
        answer(debugger, "E01");
        return;
    }
    if (length > sizeof bytes)
        length = sizeof bytes;
    /* As much as is there: gdb may ask beyond an end. */
    while (length > 0 && !guest_read(debugger, address, bytes, length))
        length /= 2;
    if (length == 0) {
        answer(debugger, "E14"); /* EFAULT */
        return;
    }
    debugger->out.used = 0;
    gdb_put_bytes(&debugger->out, bytes, length);
    gdb_send(&debugger->link, &debugger->out);
}

static void write_memory(struct debugger *debugger, const char *at) {
    uint8_t bytes[MEMORY_MAX];
    uint64_t address, length;
    bool right = range(&at, &address, &length) && *at == ':' && length <= sizeof bytes && gdb_bytes(at + 1, bytes, length);
    answer_whether(debugger, right && guest_write(debugger, address, bytes, length));
}

static void read_registers(struct debugger *debugger, size_t offset, size_t size) {
    uint8_t block[GDB_REGISTERS_SIZE];
    if (size == 0 || !guest_read_registers(debugger, block)) {
        answer(debugger, "E01");
        return;
    }
    debugger->out.used = 0;
    gdb_put_bytes(&debugger->out, block + offset, size);
    gdb_send(&debugger->link, &debugger->out);
}

static void read_one_register(struct debugger *debugger, const char *at) {
    uint64_t number;
    size_t offset = 0;
    size_t size = gdb_number(&at, &number) && *at == '\0' ? guest_register(number, &offset) : 0;
    read_registers(debugger, offset, size);
}

static void write_registers(struct debugger *debugger, const char *at, size_t offset, size_t size) {
    uint8_t block[GDB_REGISTERS_SIZE];
    bool right = size > 0 && guest_read_registers(debugger, block) && gdb_bytes(at, block + offset, size);
    answer_whether(debugger, right && guest_write_registers(debugger, block));
}

static void write_one_register(struct debugger *debugger, const char *at) {
    uint64_t number;
    size_t offset = 0;
    size_t size = gdb_number(&at, &number) && *at == '=' ? guest_register(number, &offset) : 0;
    write_registers(debugger, at + 1, offset, size);
}

/* "KIND,ADDRESS,LENGTH"; conditions and commands may follow, which gdb sends only to those who say they know them. */
static void change_breakpoint(struct debugger *debugger, const char *at, bool add) {
    struct breakpoint it = {.length = 1};
    uint64_t length;
    unsigned kind = (unsigned)(*at - '0');
    if (kind >= BREAKPOINT_KINDS || (kind != BREAK_SOFTWARE && !debugger->hardware)) {
        answer(debugger, ""); /* which gdb takes for: there is no such thing */
        return;
    }
    it.kind = (enum breakpoint_kind)kind;
    at++;
    if (*at++ != ',' || !range(&at, &it.address, &length) || *at != '\0') {
        answer(debugger, "E01");
        return;
    }
    if (it.kind != BREAK_SOFTWARE && it.kind != BREAK_HARDWARE)
        it.length = length;
    if (!add)
        breakpoint_remove(debugger, &it);
    answer_whether(debugger, !add || breakpoint_add(debugger, &it));
}

static void query(struct debugger *debugger, const char *text) {
    if (strncmp(text, "Supported", 9) == 0)
        answer(debugger, "PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;vContSupported+");
    else if (strncmp(text, "Attached", 8) == 0)
        answer(debugger, "1"); /* so that a gdb that quits leaves the guest alone */
    else if (strcmp(text, "C") == 0)
        answer(debugger, "QC1");
    else if (strcmp(text, "fThreadInfo") == 0)
        answer(debugger, "m1");
    else if (strcmp(text, "sThreadInfo") == 0)
        answer(debugger, "l");
    else if (strncmp(text, "Xfer:features:read:target.xml:0,", 32) == 0)
        answer(debugger, target_xml);
    else
        answer(debugger, "");
}

/* ---- Going on ---- */

/* Where the debugger is gone, the guest runs as if there had been none. */
static int leave(struct debugger *debugger) {
    debugger->breakpoint_count = 0;
    debugger->stepping = false;
    gdb_hang_up(&debugger->link);
    return CALL_DONE;
}

/* "c", "s", each with or without an address, or NULL: the address it stands at. False: there is no such address, or KVM refuses. */
static bool go(struct debugger *debugger, const char *address, bool step) {
    uint8_t block[GDB_REGISTERS_SIZE];
    size_t offset;
    size_t size = guest_register(GDB_REGISTER_RIP, &offset);
    uint64_t rip;
    if (!guest_read_registers(debugger, block))
        return false;
    memcpy(&rip, block + offset, size);
    uint64_t target = rip;
    if (*address != '\0' && (!gdb_number(&address, &target) || *address != '\0'))
        return false;
    memcpy(block + offset, &target, size);
    debugger->stepping = step;
    return (target == rip || guest_write_registers(debugger, block)) && guest_arm(debugger);
}

enum served { SERVE_MORE, SERVE_GO, SERVE_LEAVE, SERVE_KILL };

static enum served try_to_go(struct debugger *debugger, const char *address, bool step) {
    if (go(debugger, address, step))
        return SERVE_GO;
    guest_disarm(debugger);
    answer(debugger, "E01");
    return SERVE_MORE;
}

static enum served serve_v(struct debugger *debugger, const char *text) {
    if (strcmp(text, "Cont?") == 0) {
        answer(debugger, "vCont;c;C;s;S");
    } else if (strncmp(text, "Cont;", 5) == 0 && text[5] != '\0' && strchr("cCsS", text[5]) != NULL) {
        return try_to_go(debugger, "", (text[5] | 0x20) == 's'); /* there is one thread, and it takes no signals */
    } else if (strncmp(text, "Kill", 4) == 0) {
        answer(debugger, "OK");
        return SERVE_KILL;
    } else {
        answer(debugger, "");
    }
    return SERVE_MORE;
}

static enum served serve_one(struct debugger *debugger, int signal_number) {
    const char *text = debugger->in.text;
    switch (*text++) {
    case '?': tell_stop(debugger, signal_number, NULL); break;
    case 'g': read_registers(debugger, 0, GDB_REGISTERS_SIZE); break;
    case 'G': write_registers(debugger, text, 0, GDB_REGISTERS_SIZE); break;
    case 'p': read_one_register(debugger, text); break;
    case 'P': write_one_register(debugger, text); break;
    case 'm': read_memory(debugger, text); break;
    case 'M': write_memory(debugger, text); break;
    case 'Z': change_breakpoint(debugger, text, true); break;
    case 'z': change_breakpoint(debugger, text, false); break;
    case 'q': query(debugger, text); break;
    case 'H':
    case 'T': answer(debugger, "OK"); break; /* the one thread there is */
    case 'Q':
        if (strcmp(text, "StartNoAckMode") == 0) {
            answer(debugger, "OK");
            debugger->link.plain = true;
        } else {
            answer(debugger, "");
        }
        break;
    case 'c': return try_to_go(debugger, text, false);
    case 's': return try_to_go(debugger, text, true);
    case 'v': return serve_v(debugger, text);
    case 'D': answer(debugger, "OK"); return SERVE_LEAVE;
    case 'k': return SERVE_KILL;
    default: answer(debugger, "");
    }
    return SERVE_MORE;
}

/* Serves the debugger while the guest stands still because of `signal_number`. As gdb_start(). */
static int serve(struct debugger *debugger, int signal_number) {
    for (;;) {
        if (gdb_receive(&debugger->link, &debugger->in) == GDB_GONE)
            return leave(debugger);
        switch (serve_one(debugger, signal_number)) {
        case SERVE_MORE: break;
        case SERVE_GO: return gdb_look(debugger);
        case SERVE_LEAVE: return leave(debugger);
        case SERVE_KILL:
            gdb_hang_up(&debugger->link);
            report("kittiwake-hvt", "the debugger ended the guest");
            return EXIT_KILLED;
        }
    }
}

static int stop(struct debugger *debugger, int signal_number, const struct breakpoint *watch) {
    guest_disarm(debugger);
    tell_stop(debugger, signal_number, watch);
    return serve(debugger, signal_number);
}

int gdb_start(struct debugger *debugger) {
    return serve(debugger, SIGTRAP);
}

/* Whether the guest has executed a breakpoint; then it is set back to its address. */
static bool reached_breakpoint(struct debugger *debugger) {
    struct kvm_regs general;
    if (ioctl(debugger->machine->vcpu, KVM_GET_REGS, &general) != 0)
        return false;
    const struct breakpoint *it = breakpoint_at(debugger, general.rip - 1, BREAK_SOFTWARE);
    if (it == NULL || !it->placed)
        return false;
    general.rip--;
    return ioctl(debugger->machine->vcpu, KVM_SET_REGS, &general) == 0;
}

bool gdb_exit(struct debugger *debugger, int *status) {
    const struct kvm_run *run = debugger->machine->run;
    const struct breakpoint *watch = NULL;
    if (run->exit_reason == KVM_EXIT_HLT) {
        if (!reached_breakpoint(debugger))
            return false;
    } else if (run->exit_reason == KVM_EXIT_DEBUG) {
        for (unsigned i = 0; i < HARDWARE_MAX && watch == NULL; i++)
            if (run->debug.arch.dr6 >> i & 1)
                watch = breakpoint_in(debugger, i);
    } else {
        return false;
    }
    *status = stop(debugger, SIGTRAP, watch);
    return true;
}

int gdb_look(struct debugger *debugger) {
    debugger->machine->run->immediate_exit = 0; /* before looking: what comes after sets it again */
    if (debugger->link.fd < 0)
        return CALL_DONE;
    if (gdb_interrupted(&debugger->link))
        return stop(debugger, SIGINT, NULL);
    if (debugger->link.fd >= 0)
        return CALL_DONE;
    guest_disarm(debugger);
    return leave(debugger);
}

void gdb_end(struct debugger *debugger, int status) {
    if (debugger->link.fd < 0)
        return;
    if (status < 0 && stop(debugger, SIGSEGV, NULL) != CALL_DONE)
        return;
    if (debugger->link.fd < 0)
        return;
    const uint8_t byte = status < 0 ? SIGSEGV : (uint8_t)status;
    debugger->out.used = 0;
    gdb_put(&debugger->out, status < 0 ? "X" : "W");
    gdb_put_bytes(&debugger->out, &byte, 1);
    gdb_send(&debugger->link, &debugger->out);
}
