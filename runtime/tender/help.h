/* What --help says. */
#ifndef KITTIWAKE_HELP_H
#define KITTIWAKE_HELP_H

#include "abi.h"

/* Writes it to standard output, for the tender of `target`. */
void help_print(enum abi_target target);

#endif
