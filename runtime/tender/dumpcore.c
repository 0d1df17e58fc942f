/*
 * A guest's memory and registers as an ELF core file (System V ABI, and elf_core_dump() of Linux for the note). See dumpcore.h.
 *
 * The file is made when the guest has failed, behind the filter, which knows the folder and, in memory nobody can write, the name; so
 * nothing is left of guests that end well or are killed.
 */
#include "dumpcore.h"

#include "errors.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#define FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define MODE 0600

/* The lowest addresses of the file: headers and the note; memory begins behind. */
union head {
    struct {
        Elf64_Ehdr elf;
        Elf64_Phdr note, memory;
        struct {
            Elf64_Nhdr header;
            char owner[8];
            uint8_t status[sizeof(struct elf_prstatus)];
        } content;
    } is;
    uint8_t page[GUEST_PAGE_SIZE];
};
static_assert(sizeof(struct elf_prstatus) == 336, "as gdb knows it for x86_64");

static const char *folder_path;
static int folder = -1;
static int file; /* the descriptor the file gets: the lowest free one */

static union {
    char text[32];
    uint8_t page[GUEST_PAGE_SIZE];
} name __attribute__((aligned(GUEST_PAGE_SIZE)));

int dumpcore_open(const char *path, struct refusal *why) {
    if (path == NULL)
        return 0;
    folder_path = path;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return fail(why, E_DUMPCORE, path, strerror(errno));
    snprintf(name.text, sizeof name.text, "core.solo5-hvt.%d", (int)getpid());
    file = dup(folder);
    if (file < 0 || close(file) != 0 || mprotect(&name, sizeof name, PROT_READ) != 0)
        return fail(why, E_HOST, "preparing for a core file", strerror(errno), "raise 'ulimit -n'");
    signal(SIGXFSZ, SIG_IGN); /* beyond 'ulimit -f' writing fails; it does not end the tender */
    return 0;
}

int dumpcore_allow(struct rules *rules) {
    static const char core[] = "a core file of the guest";
    if (folder < 0)
        return 0;
    struct scmp_arg_cmp in = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)folder), it = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)file);
    struct scmp_arg_cmp named = SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)name.text);
    int broken = rules_add(rules, core, SCMP_ACT_ALLOW, SCMP_SYS(openat), 4, in, named, SCMP_A2(SCMP_CMP_EQ, FLAGS), SCMP_A3(SCMP_CMP_EQ, MODE));
    broken |= rules_add(rules, core, SCMP_ACT_ALLOW, SCMP_SYS(unlinkat), 3, in, named, SCMP_A2(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, core, SCMP_ACT_ALLOW, SCMP_SYS(ftruncate), 1, it);
    return broken | rules_add(rules, core, SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 1, it);
}

/* Where the guest's own handler noted what was before the trap, that is what the core shows. */
static void fill_registers(const struct fault *fault, const struct kvm_sregs *system, struct user_regs_struct *to) {
    const uint64_t *from = fault->registers.value;
    const uint64_t *trap = fault->trap;
    bool has = fault->has_trap;
    *to = (struct user_regs_struct){
        .r15 = from[R15], .r14 = from[R14], .r13 = from[R13], .r12 = from[R12], .r11 = from[R11], .r10 = from[R10], .r9 = from[R9],
        .r8 = from[R8], .rbp = from[RBP], .rbx = from[RBX], .rax = from[RAX], .rcx = from[RCX], .rdx = from[RDX], .rsi = from[RSI],
        .rdi = from[RDI], .orig_rax = UINT64_MAX, /* no system call is under way */
        .rip = has ? trap[TRAP_RIP] : from[RIP],
        .cs = has ? trap[TRAP_CS] : system->cs.selector,
        .eflags = has ? trap[TRAP_RFLAGS] : from[RFLAGS],
        .rsp = has ? trap[TRAP_RSP] : from[RSP],
        .ss = has ? trap[TRAP_SS] : system->ss.selector,
        .fs_base = system->fs.base, .gs_base = system->gs.base,
        .ds = system->ds.selector, .es = system->es.selector, .fs = system->fs.selector, .gs = system->gs.selector,
    };
}

static void fill_head(const struct fault *fault, const struct kvm_sregs *system, uint64_t memory_size, union head *head) {
    struct elf_prstatus status = {.pr_cursig = SIGABRT, .pr_pid = 1};
    struct user_regs_struct registers;
    head->is.elf = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE},
        .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
        .e_ehsize = sizeof(Elf64_Ehdr), .e_phoff = offsetof(union head, is.note), .e_phnum = 2, .e_phentsize = sizeof(Elf64_Phdr),
    };
    head->is.note = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offsetof(union head, is.content), .p_filesz = sizeof head->is.content, .p_align = 4};
    head->is.memory = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = sizeof *head, .p_filesz = memory_size, .p_memsz = memory_size,
        .p_align = GUEST_PAGE_SIZE,
    };
    head->is.content.header = (Elf64_Nhdr){.n_namesz = sizeof "CORE", .n_descsz = sizeof(struct elf_prstatus), .n_type = NT_PRSTATUS};
    memcpy(head->is.content.owner, "CORE", sizeof "CORE");
    fill_registers(fault, system, &registers);
    static_assert(sizeof registers == sizeof status.pr_reg, "registers");
    memcpy(&status.pr_reg, &registers, sizeof registers);
    memcpy(head->is.content.status, &status, sizeof status);
}

static bool put(const void *bytes, uint64_t size, uint64_t offset) {
    for (uint64_t done = 0; done < size;) {
        ssize_t count = pwrite(file, (const uint8_t *)bytes + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        done += (uint64_t)count;
    }
    return true;
}

static bool is_zero(const uint8_t *page) {
    return page[0] == 0 && memcmp(page, page + 1, GUEST_PAGE_SIZE - 1) == 0;
}

/* Pages of zeroes, and those the image has closed to everybody, stay holes. */
static bool put_memory(const struct machine *machine, const struct image *image) {
    for (uint64_t at = 0; at < machine->memory_size; at += GUEST_PAGE_SIZE) {
        const uint8_t *page = machine->memory + at;
        if ((image_protection(image, at) & PROT_READ) && !is_zero(page) && !put(page, GUEST_PAGE_SIZE, sizeof(union head) + at))
            return false;
    }
    return true;
}

void dumpcore_write(const struct fault *fault, const struct kvm_sregs *system, const struct machine *machine, const struct image *image) {
    static union head head;
    char line[512];
    if (folder < 0)
        return;
    errno = EBADF;
    int made = openat(folder, name.text, FLAGS, MODE);
    bool whole = made == file && ftruncate(file, (off_t)(sizeof head + machine->memory_size)) == 0 && put_memory(machine, image);
    if (whole) {
        fill_head(fault, system, machine->memory_size, &head);
        whole = put(&head, sizeof head, 0);
    }
    if (whole) {
        snprintf(line, sizeof line, "dumpcore: dumped the guest's core to: %s/%s", folder_path, name.text); /* its end is what Solo5's test suite looks for */
    } else {
        snprintf(line, sizeof line, "dumpcore: no core file %s/%s: %s; see whether it exists or the disk is full", folder_path, name.text, strerror(errno));
        if (made >= 0)
            unlinkat(folder, name.text, 0);
    }
    report("kittiwake-hvt", line);
}
