/* The course of an image's life: set up what C and WebAssembly need, run the module's main(), end with its result. */
#include "imports.h"
#include "random.h"
#include "trap.h"
#include "wasm_rt.h"

/* The canary gcc checks before a function of ours returns (-mstack-protector-guard=global). */
uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void);
void __stack_chk_fail(void) {
    trap("stack smashed");
}

_Noreturn void guest_main(const void *boot_info);

__attribute__((optimize("no-stack-protector"))) void guest_main(const void *boot_info) {
    static Z_image_instance_t module;
    static struct Z_guest_instance_t guest = {.module = &module};
    random_start();
    uintptr_t canary; /* not in its place: random_bytes() itself is guarded by it */
    random_bytes(&canary, sizeof canary);
    __stack_chk_guard = canary & ~(uintptr_t)0xff; /* a zero byte stops a string that runs over */

    struct boot boot = platform_start(boot_info);
    imports_set_boot(boot);
    if ((uint64_t)linear_memory > boot.memory_size)
        trap("not enough memory; give the image more with --mem");
    wasm_rt_set_memory(boot.memory_size - (uint64_t)linear_memory);

    Z_image_init_module();
    Z_image_instantiate(&module, &guest);
    platform_exit((int)Z_imageZ_main(&module));
}
