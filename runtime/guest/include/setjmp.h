/* wasm-rt.h names this type for exceptions, which our modules have none of. */
typedef int jmp_buf;
