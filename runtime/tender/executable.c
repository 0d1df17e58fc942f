/* The ELF header: is this an executable for this machine? Names what it is if not. */
#include "executable.h"

#include "errors.h"
#include "machine.h"

#include <string.h>

static_assert(sizeof(Elf64_Ehdr) == 64 && sizeof(Elf64_Phdr) == 56, "ELF-64 object file format, figures 3 and 8");

const char *machine_name(unsigned machine) {
    switch (machine) {
    case EM_386: return "i386";
    case EM_MIPS: return "MIPS";
    case EM_PPC: return "PowerPC";
    case EM_PPC64: return "ppc64";
    case EM_S390: return "s390x";
    case EM_ARM: return "32-bit ARM";
    case EM_X86_64: return "x86_64";
    case EM_AARCH64: return "aarch64";
    case EM_RISCV: return "RISC-V";
    case 258: return "LoongArch"; /* EM_LOONGARCH, not in this elf.h */
    default: return "another machine";
    }
}

/* Says what a file is that is no ELF file. */
static int refuse_foreign(const struct file *file, const struct target *target, struct refusal *why) {
    if (file->size == 0)
        return fail(why, E_ELF_EMPTY, file->name);
    uint8_t bytes[256];
    uint64_t size = file->size < sizeof bytes ? file->size : sizeof bytes;
    if (file_read(file, bytes, size, 0, "first bytes", why) != 0)
        return -1;
    static const uint8_t magic[SELFMAG] = ELFMAG;
    if (size >= SELFMAG && memcmp(bytes, magic, SELFMAG) == 0)
        return fail(why, E_ELF_TRUNCATED, file->name, (unsigned long long)file->size, "ELF header",
                    (unsigned long long)sizeof(Elf64_Ehdr));
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 && bytes[i] != '\n' && bytes[i] != '\t' && bytes[i] != '\r' && bytes[i] != '\f')
            return fail(why, E_ELF_MAGIC, file->name, target->name);
    return fail(why, E_ELF_TEXT, file->name, target->name);
}

/* EI_OSABI and EI_ABIVERSION are deliberately not looked at: toolchains of several systems build Solo5 images. */
static int check_header(const Elf64_Ehdr *header, const struct file *file, struct refusal *why) {
    const char *host = machine_name(HOST_MACHINE);
    if (header->e_ident[EI_CLASS] == ELFCLASS32)
        return fail(why, E_ELF_CLASS, file->name, host);
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return fail(why, E_ELF_HEADER, file->name, "unknown class");
    if (header->e_ident[EI_DATA] == ELFDATA2MSB)
        return fail(why, E_ELF_ORDER, file->name, host);
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return fail(why, E_ELF_HEADER, file->name, "unknown byte order");
    if (header->e_version != EV_CURRENT)
        return fail(why, E_ELF_VERSION, file->name, header->e_version);
    if (header->e_machine != HOST_MACHINE)
        return fail(why, E_ELF_MACHINE, file->name, machine_name(header->e_machine), host, host);
    if (header->e_type == ET_DYN)
        return fail(why, E_ELF_DYNAMIC, file->name);
    if (header->e_type != ET_EXEC)
        return fail(why, E_ELF_TYPE, file->name, header->e_type);
    if (header->e_ehsize != sizeof(Elf64_Ehdr))
        return fail(why, E_ELF_HEADER, file->name, "wrong header size");
    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return fail(why, E_ELF_HEADER, file->name, "wrong program header size");
    if (header->e_phnum == 0)
        return fail(why, E_ELF_HEADER, file->name, "no program headers");
    if (header->e_phnum > IMAGE_MAX_HEADERS)
        return fail(why, E_ELF_HEADERS_MANY, file->name, header->e_phnum, IMAGE_MAX_HEADERS);
    return 0;
}

int executable_read(const struct target *target, struct image *image, struct program_headers *headers,
                    struct refusal *why) {
    const struct file *file = &image->file;
    Elf64_Ehdr header;
    if (file->size < sizeof header)
        return refuse_foreign(file, target, why);
    if (file_read(file, &header, sizeof header, 0, "ELF header", why) != 0)
        return -1;
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return refuse_foreign(file, target, why);
    if (check_header(&header, file, why) != 0)
        return -1;
    if (header.e_entry < GUEST_MIN_ADDRESS)
        return fail(why, E_ELF_ENTRY, file->name, (unsigned long long)header.e_entry);
    image->entry = header.e_entry;
    headers->count = header.e_phnum;
    return file_read(file, headers->at, header.e_phnum * sizeof(Elf64_Phdr), header.e_phoff, "program header table", why);
}
