// Machine code of hand-made guests: words, stores, and the hypercalls of hvt. System calls of spt are in guest-elf.ts.

/** Where guests of the tests keep their data. */
export const DATA = 0x200000;
/** Arguments of HALT lie here, where no test needs anything else. */
export const LAST = DATA + 0x800;

/** 32 bits, the lowest first. */
export function word(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
}

/** movq $value, address; the value is extended with its sign. */
export function store(address: number, value: number): number[] {
  return [0x48, 0xc7, 0x04, 0x25, ...word(address), ...word(value)];
}

/** mov $address, %eax; mov $0x500 + number, %edx; out %eax, %dx. */
export function hypercall(number: number, address: number): number[] {
  return [0xb8, ...word(address), 0xba, ...word(0x500 + number), 0xef];
}

/** HALT of hvt, with a cookie's address if there is one. */
export function halt(status: number, cookie = 0): number[] {
  return [...store(LAST, cookie), ...store(LAST + 8, status), ...hypercall(8, LAST)];
}
