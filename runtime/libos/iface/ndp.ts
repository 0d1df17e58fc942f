// Neighbour discovery (RFC 4861).
import { Neighbour } from './neighbours';
import { Stack } from './stack';

/** Asks for the station of `entry`. */
export function solicit(stack: Stack, entry: Neighbour): void {}
