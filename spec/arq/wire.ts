import { SEGMENT_HEADER, readUint16, readUint32, writeUint16, writeUint32 } from '../../lib/arq/segment.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';

/** A segment as specs write and read it. */
export interface Segment {
  readonly conversation: number;
  readonly command: number;
  readonly fragment: number;
  readonly window: number;
  readonly ts: number;
  readonly sn: number;
  readonly una: number;
  readonly data: string;
}

const PLAIN: Segment = {
  conversation: 7,
  command: 81,
  fragment: 0,
  window: 128,
  ts: 0,
  sn: 0,
  una: 0,
  data: '',
};

/** A datagram made of segments. */
export function datagramOf(...segments: Partial<Segment>[]): Buffer {
  return Buffer.concat(segments.map(bytesOf));
}

function bytesOf(given: Partial<Segment>): Uint8Array {
  const segment = { ...PLAIN, ...given };
  const data = utf8(segment.data);
  const bytes = Buffer.alloc(SEGMENT_HEADER + data.length);
  writeUint32(bytes, 0, segment.conversation);
  bytes[4] = segment.command;
  bytes[5] = segment.fragment;
  writeUint16(bytes, 6, segment.window);
  writeUint32(bytes, 8, segment.ts);
  writeUint32(bytes, 12, segment.sn);
  writeUint32(bytes, 16, segment.una);
  writeUint32(bytes, 20, data.length);
  bytes.set(data, SEGMENT_HEADER);
  return bytes;
}

/** The segments of a datagram. */
export function segmentsOf(datagram: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < datagram.length;) {
    const end = at + SEGMENT_HEADER + readUint32(datagram, at + 20);
    segments.push({
      conversation: readUint32(datagram, at),
      command: datagram[at + 4]!,
      fragment: datagram[at + 5]!,
      window: readUint16(datagram, at + 6),
      ts: readUint32(datagram, at + 8),
      sn: readUint32(datagram, at + 12),
      una: readUint32(datagram, at + 16),
      data: toText(datagram.subarray(at + SEGMENT_HEADER, end)),
    });
    at = end;
  }
  return segments;
}
