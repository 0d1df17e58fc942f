// What an image can ask its guest support code for (runtime/guest/imports.c). Pointers are into linear memory.

/** Ends the image with its message; what a failed assertion and a thrown error become (asc --use abort). */
@external('guest', 'abort')
export declare function abort(message: string | null, file: string | null, line: u32, column: u32): void;

/** Writes `size` bytes at `text` to the console. */
@external('guest', 'console_write')
export declare function consoleWrite(text: usize, size: u32): void;

/** Nanoseconds since some moment before the start; never goes back. */
@external('guest', 'clock_monotonic')
export declare function clockMonotonic(): u64;

/** Nanoseconds since 1970, UTC. */
@external('guest', 'clock_wall')
export declare function clockWall(): u64;

/**
 * Sleeps until a network device has a frame or clockMonotonic() is `deadline`; 0 only looks, u64.MAX_VALUE is no deadline.
 * It may return early with nothing ready, so look at the clock after it. Bit n: the device of handle n is ready; bit 0: the tender has
 * something to say, as that the image is to end.
 */
@external('guest', 'poll')
export declare function poll(deadline: u64): u64;

/**
 * Whether the image is asked to end, which poll() wakes it for. An image that uses this is asked by SIGTERM, and ended some seconds later; any
 * other is ended at once.
 */
@external('guest', 'stop_requested')
export declare function stopRequested(): bool;

/**
 * How often this guest was restored from a snapshot. When it changes, there may be others like it: the MAC address and the arguments may be
 * new, and what it keeps secret others know. Random bytes are other ones by themselves.
 */
@external('guest', 'generation')
export declare function generation(): u64;

/** Bytes the module's memory can grow to, as the image was given memory; a module that needs more is ended. */
@external('guest', 'memory_limit')
export declare function memoryLimit(): u32;

/** Bytes of the command line. */
@external('guest', 'arguments_size')
export declare function argumentsSize(): u32;

/** Copies the command line to `to`, which has argumentsSize() bytes. */
@external('guest', 'arguments_read')
export declare function argumentsRead(to: usize): void;

/** The handle of the network device with this name (`size` bytes of ASCII), 0 if the manifest declares none. */
@external('guest', 'net_find')
export declare function netFind(name: usize, size: u32): u32;

/** Copies the device's MAC address to the 6 bytes at `to`. */
@external('guest', 'net_mac')
export declare function netMac(handle: u32, to: usize): void;

/** The device's MTU in bytes, without the 14 of the Ethernet header. */
@external('guest', 'net_mtu')
export declare function netMtu(handle: u32): u32;

/** Bit 0: every frame begins with a header of 10 bytes, both ways (iface/offload.ts). */
@external('guest', 'net_features')
export declare function netFeatures(handle: u32): u32;

/** Reads one frame into the `size` bytes at `to`; its length, 0 if there is none, -1 if the device failed. */
@external('guest', 'net_read')
export declare function netRead(handle: u32, to: usize, size: u32): i32;

/** Sends one frame; 0, or the Solo5 result that says why not. */
@external('guest', 'net_write')
export declare function netWrite(handle: u32, from: usize, size: u32): u32;

/** The handle of the block device with this name (`size` bytes of ASCII), 0 if the manifest declares none. */
@external('guest', 'block_find')
export declare function blockFind(name: usize, size: u32): u32;

/** The device's size in bytes, a multiple of its sector. */
@external('guest', 'block_capacity')
export declare function blockCapacity(handle: u32): u64;

/** The device's sector in bytes, a power of two from 512 to 32,768; all reading and writing is in whole sectors. */
@external('guest', 'block_sector')
export declare function blockSector(handle: u32): u32;

/**
 * Reads `size` bytes at `offset` of the device to `to`, both multiples of the sector; waits for the host's disk. 0, 2 (EINVAL)
 * if they are no whole sectors within the device, 3 (EUNSPEC) if the host failed to: then any part of them may have been read.
 */
@external('guest', 'block_read')
export declare function blockRead(handle: u32, offset: u64, to: usize, size: u32): u32;

/** Writes as blockRead() reads, with the same results; a device that was given read-only answers 3. Nothing is flushed. */
@external('guest', 'block_write')
export declare function blockWrite(handle: u32, offset: u64, from: usize, size: u32): u32;

/** Fills the `size` bytes at `to` with random ones, good enough for keys where the processor has RDRAND. Never waits. */
@external('guest', 'random')
export declare function random(to: usize, size: u32): void;
