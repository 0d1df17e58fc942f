/* What the process may do once it listens to a stranger. */
#ifndef KITTIWAKE_CONFINE_H
#define KITTIWAKE_CONFINE_H

/* Private memory that one connection may take: a client's certificates several times over. */
#define MEMORY_MAX (128u << 20)

/* Reading, writing and waiting on what is open, and memory, are left. Returns 0, or -1 with errno. */
int confine(void);

#endif
