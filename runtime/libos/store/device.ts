// The block device an archive lies on, as a store sees it: a function that reads whole sectors.

/** Reads `size` bytes at `offset`, both multiples of the sector's size, to `to`. False if the device failed. */
export type ReadSectors = (offset: u64, to: usize, size: u32) => bool;

@unmanaged
export class Device {
  /** The index of a ReadSectors. */
  reader: u32;
  /** Bytes of a sector: a power of two, at least 512. */
  sector: u32;
  /** Bytes, a multiple of the sector. */
  capacity: u64;
  /** Calls of the reader, and how many of them failed. */
  reads: u64;
  failures: u64;
}

export function newDevice(read: ReadSectors, capacity: u64, sector: u32): Device {
  const device = new Device();
  device.reader = read.index;
  device.sector = sector;
  device.capacity = capacity & ~(<u64>sector - 1);
  return device;
}

/** Reads `size` bytes at `offset`, both multiples of the sector's size and within the capacity. */
export function readSectors(device: Device, offset: u64, to: usize, size: u32): bool {
  device.reads++;
  if (call_indirect<bool>(device.reader, offset, to, size)) return true;
  device.failures++;
  return false;
}

/** The part of a device that was read last, for reading small things one after the other. */
@unmanaged
export class Window {
  device!: Device;
  buffer: usize;
  room: u32;
  /** What the buffer holds: `size` bytes from `offset` on. */
  offset: u64;
  size: u32;
}

/** A window that shows up to `size` bytes at a time; its memory goes back with freeWindow(). */
export function newWindow(device: Device, size: u32): Window {
  const window = new Window();
  window.device = device;
  window.room = size + 2 * device.sector; // what is asked for may begin and end within a sector
  window.buffer = heap.alloc(window.room);
  window.size = 0;
  return window;
}

export function freeWindow(window: Window): void {
  heap.free(window.buffer);
  heap.free(changetype<usize>(window));
}

/** The `size` bytes at `offset`, which lie within the capacity, until the next call; 0 if the device failed. */
export function show(window: Window, offset: u64, size: u32): usize {
  if (offset < window.offset || offset + size > window.offset + window.size) {
    const mask = <u64>window.device.sector - 1;
    const first = offset & ~mask;
    window.size = 0;
    const wanted = <u32>(((offset + size + mask) & ~mask) - first);
    if (!readSectors(window.device, first, window.buffer, wanted)) return 0;
    window.offset = first;
    window.size = wanted;
  }
  return window.buffer + <usize>(offset - window.offset);
}
