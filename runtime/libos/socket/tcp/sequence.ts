// Sequence numbers are compared around the circle (RFC 9293, 3.4).

@inline
export function before(a: u32, b: u32): bool {
  return <i32>(a - b) < 0;
}

@inline
export function after(a: u32, b: u32): bool {
  return <i32>(a - b) > 0;
}

@inline
export function latest(a: u32, b: u32): u32 {
  return before(a, b) ? b : a;
}
