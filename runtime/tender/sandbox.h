/* What --show-sandbox says. */
#ifndef KITTIWAKE_SANDBOX_H
#define KITTIWAKE_SANDBOX_H

#include "rules.h"

/*
 * Prints what is left to this process: from the rules, and those of its second thread where it has one, and what the kernel says of user, capabilities, limits and descriptors. Then ends the
 * process, with status 0 if all of it could be printed.
 */
_Noreturn void sandbox_show(const struct rules *rules, const struct rules *thread);

#endif
