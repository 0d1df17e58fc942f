/* The processor this tender is built for, as ELF names it. */
#ifndef KITTIWAKE_MACHINE_H
#define KITTIWAKE_MACHINE_H

#include <elf.h>

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#else
#error "the tender knows x86_64 and aarch64 hosts"
#endif

/* The name of an ELF machine, or "another machine". Never NULL. */
const char *machine_name(unsigned machine);

#endif
