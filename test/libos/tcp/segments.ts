// TCP segments as the peer of a connection sends them to the host under test.
import { ip, packet } from '../../packets.ts';
import { encodeSegment, TCP, type Segment } from '../../segments.ts';
import { PEER, US } from '../frames.ts';

export interface Fields extends Partial<Segment> {
  readonly fromAddress?: string;
  /** Of the same version as `fromAddress`. */
  readonly toAddress?: string;
}

/** The whole frame, from 10.0.0.1 to 10.0.0.2 where nothing else is said; `flags` are letters of "FSRPAU". */
export function encode(fields: Fields): Buffer {
  const { fromAddress = PEER.ip, toAddress = US.ip } = fields;
  const [from, to] = [ip(fromAddress), ip(toAddress)];
  return packet({ to: US.mac, from: PEER.mac }, from, to, TCP, encodeSegment(from, to, fields));
}
