/*
 * The functions a module may import, all from "guest"; runtime/libos/guest.ts declares them. Pointers are offsets into linear
 * memory and are checked here: what a module asks for, it gets only within its own memory.
 */
#include "imports.h"

#include "module.h"
#include "platform.h"
#include "random.h"
#include "trap.h"

#include <string.h>

static struct boot boot;

void imports_set_boot(struct boot from_tender) {
    boot = from_tender;
}

static uint8_t *linear(struct Z_guest_instance_t *guest, uint32_t address, uint32_t size) {
    const wasm_rt_memory_t *memory = Z_imageZ_memory(guest->module);
    if ((uint64_t)address + size > memory->size)
        wasm_rt_trap(WASM_RT_TRAP_OOB);
    return memory->data + address;
}

/* ---- Console, clocks, the end ---- */

void Z_guestZ_console_write(struct Z_guest_instance_t *guest, uint32_t text, uint32_t size) {
    platform_console(linear(guest, text, size), size);
}

uint64_t Z_guestZ_clock_monotonic(struct Z_guest_instance_t *guest) {
    (void)guest;
    return platform_monotonic();
}

uint64_t Z_guestZ_clock_wall(struct Z_guest_instance_t *guest) {
    (void)guest;
    return platform_wall();
}

uint64_t Z_guestZ_poll(struct Z_guest_instance_t *guest, uint64_t deadline) {
    (void)guest;
    return platform_poll(deadline);
}

uint32_t Z_guestZ_stop_requested(struct Z_guest_instance_t *guest) {
    (void)guest;
    return platform_notice()->stop != 0;
}

uint64_t Z_guestZ_generation(struct Z_guest_instance_t *guest) {
    (void)guest;
    return platform_notice()->generation;
}

/* How far linear memory can grow. */
uint32_t Z_guestZ_memory_limit(struct Z_guest_instance_t *guest) {
    return (uint32_t)(Z_imageZ_memory(guest->module)->max_pages * 65536ull);
}

/* ---- Command line ---- */

uint32_t Z_guestZ_arguments_size(struct Z_guest_instance_t *guest) {
    (void)guest;
    return (uint32_t)strlen(boot.cmdline);
}

void Z_guestZ_arguments_read(struct Z_guest_instance_t *guest, uint32_t to) {
    uint32_t size = (uint32_t)strlen(boot.cmdline);
    memcpy(linear(guest, to, size), boot.cmdline, size);
}

/* ---- Devices ---- */

/* A handle comes from the module, so it is checked at every use. */
static const struct mft_entry *device(uint32_t handle, uint32_t type) {
    if (handle >= boot.manifest->entries || boot.manifest->e[handle].type != type)
        trap(type == MFT_NET_BASIC ? "a handle that is no network device" : "a handle that is no block device");
    return &boot.manifest->e[handle];
}

/* The handle of the attached device of this type with this name, 0 if there is none. */
static uint32_t find(uint32_t type, const uint8_t *name, uint32_t size) {
    for (uint32_t handle = 1; handle < boot.manifest->entries; handle++) {
        const struct mft_entry *entry = &boot.manifest->e[handle];
        if (entry->type == type && entry->attached && strlen(entry->name) == size && memcmp(entry->name, name, size) == 0)
            return handle;
    }
    return 0;
}

/* ---- Network ---- */

uint32_t Z_guestZ_net_find(struct Z_guest_instance_t *guest, uint32_t name, uint32_t size) {
    return find(MFT_NET_BASIC, linear(guest, name, size), size);
}

void Z_guestZ_net_mac(struct Z_guest_instance_t *guest, uint32_t handle, uint32_t to) {
    memcpy(linear(guest, to, 6), device(handle, MFT_NET_BASIC)->u.net.mac, 6);
}

uint32_t Z_guestZ_net_mtu(struct Z_guest_instance_t *guest, uint32_t handle) {
    (void)guest;
    return device(handle, MFT_NET_BASIC)->u.net.mtu;
}

/* Bit 0: frames begin with a header, both ways (FEATURE_NET_OFFLOAD of abi.h). */
uint32_t Z_guestZ_net_features(struct Z_guest_instance_t *guest, uint32_t handle) {
    (void)guest;
    return device(handle, MFT_NET_BASIC)->features;
}

/* The frame's length, 0 if there is none, -1 if the device failed. */
uint32_t Z_guestZ_net_read(struct Z_guest_instance_t *guest, uint32_t handle, uint32_t to, uint32_t size) {
    size_t got = 0;
    device(handle, MFT_NET_BASIC);
    int result = platform_net_read(handle, linear(guest, to, size), size, &got);
    return result == SOLO5_OK ? (uint32_t)got : result == SOLO5_AGAIN ? 0 : UINT32_MAX;
}

/* 0, or the solo5_result that says why not. */
uint32_t Z_guestZ_net_write(struct Z_guest_instance_t *guest, uint32_t handle, uint32_t from, uint32_t size) {
    device(handle, MFT_NET_BASIC);
    return (uint32_t)platform_net_write(handle, linear(guest, from, size), size);
}

/* ---- Block devices ---- */

uint32_t Z_guestZ_block_find(struct Z_guest_instance_t *guest, uint32_t name, uint32_t size) {
    return find(MFT_BLOCK_BASIC, linear(guest, name, size), size);
}

uint64_t Z_guestZ_block_capacity(struct Z_guest_instance_t *guest, uint32_t handle) {
    (void)guest;
    return device(handle, MFT_BLOCK_BASIC)->u.block.capacity;
}

uint32_t Z_guestZ_block_sector(struct Z_guest_instance_t *guest, uint32_t handle) {
    (void)guest;
    return device(handle, MFT_BLOCK_BASIC)->u.block.block_size;
}

/* The spt tender kills a guest that asks for anything else. */
static bool whole_sectors(const struct mft_entry *entry, uint64_t offset, uint32_t size) {
    uint64_t capacity = entry->u.block.capacity, sector = entry->u.block.block_size;
    return offset % sector == 0 && size % sector == 0 && offset <= capacity && size <= capacity - offset;
}

/* Both: 0, or the solo5_result that says why not. */
uint32_t Z_guestZ_block_read(struct Z_guest_instance_t *guest, uint32_t handle, uint64_t offset, uint32_t to, uint32_t size) {
    uint8_t *data = linear(guest, to, size);
    if (!whole_sectors(device(handle, MFT_BLOCK_BASIC), offset, size))
        return SOLO5_EINVAL;
    return size == 0 ? SOLO5_OK : (uint32_t)platform_block_read(handle, offset, data, size);
}

uint32_t Z_guestZ_block_write(struct Z_guest_instance_t *guest, uint32_t handle, uint64_t offset, uint32_t from, uint32_t size) {
    const uint8_t *data = linear(guest, from, size);
    if (!whole_sectors(device(handle, MFT_BLOCK_BASIC), offset, size))
        return SOLO5_EINVAL;
    return size == 0 ? SOLO5_OK : (uint32_t)platform_block_write(handle, offset, data, size);
}

/* ---- Random bytes ---- */

void Z_guestZ_random(struct Z_guest_instance_t *guest, uint32_t to, uint32_t size) {
    random_bytes(linear(guest, to, size), size);
}

/* ---- AssemblyScript's abort: a failed assertion, a thrown error, an index out of range ---- */

#define STRING_MAX 160

/* Copies an AssemblyScript string (UTF-16, its size in the 4 bytes before it) as ASCII; 0 is no string. */
static void copy_string(struct Z_guest_instance_t *guest, uint32_t string, char out[STRING_MAX]) {
    size_t used = 0;
    if (string >= 4) {
        uint32_t size;
        memcpy(&size, linear(guest, string - 4, 4), 4);
        const uint8_t *text = linear(guest, string, size);
        for (uint32_t i = 0; i + 1 < size && used < STRING_MAX - 1; i += 2) {
            bool printable = text[i + 1] == 0 && text[i] >= 0x20 && text[i] <= 0x7e;
            out[used++] = printable ? (char)text[i] : '?';
        }
    }
    out[used] = '\0';
}

static size_t append(char *line, size_t used, size_t room, const char *text) {
    while (*text != '\0' && used < room - 1)
        line[used++] = *text++;
    line[used] = '\0';
    return used;
}

static size_t append_number(char *line, size_t used, size_t room, uint32_t number) {
    char digits[11];
    size_t first = sizeof digits - 1;
    digits[first] = '\0';
    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return append(line, used, room, digits + first);
}

void Z_guestZ_abort(struct Z_guest_instance_t *guest, uint32_t message, uint32_t file, uint32_t row, uint32_t column) {
    static char text[STRING_MAX], line[3 * STRING_MAX];
    copy_string(guest, message, text);
    size_t used = append(line, 0, sizeof line, text[0] != '\0' ? text : "assertion failed");
    copy_string(guest, file, text);
    used = append(line, used, sizeof line, " at ");
    used = append(line, used, sizeof line, text);
    used = append(line, used, sizeof line, ":");
    used = append_number(line, used, sizeof line, row);
    used = append(line, used, sizeof line, ":");
    append_number(line, used, sizeof line, column);
    trap(line);
}
