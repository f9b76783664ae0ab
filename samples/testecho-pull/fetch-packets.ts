import type { Connection, PullBuffer } from 'hpsocket-rx';
import { HEADER, type Packet, checkLength, decodeHeader } from './protocol.ts';

/** What a connection waits for; kept in its `extra`. */
interface Progress {
  expecting: 'header' | 'body';
  /** Bytes of what is expected. */
  required: number;
  /** The number of the packet whose body is expected. */
  sequence: number;
}

/** Prepares a connection: the first thing to come is a header. */
export function expectPackets(connection: Connection<PullBuffer>): void {
  connection.extra = { expecting: 'header', required: HEADER, sequence: 0 } satisfies Progress;
}

/**
 * Fetches the packets that are complete by now. What is left stays in the buffer until more has come.
 *
 * @throws ProtocolError when a header announces a body that is empty or too long.
 */
export function* fetchPackets(
  connection: Connection<PullBuffer>,
  buffer: PullBuffer,
  max: number,
): Generator<Packet> {
  const progress = connection.extra as Progress;
  for (;;) {
    const data = buffer.take(progress.required);
    if (data === undefined) return;
    if (progress.expecting === 'header') {
      const { sequence, length } = decodeHeader(data);
      checkLength(length, max, 'receive');
      Object.assign(progress, { expecting: 'body', required: length, sequence } satisfies Progress);
    } else {
      Object.assign(progress, { expecting: 'header', required: HEADER } satisfies Partial<Progress>);
      yield { sequence: progress.sequence, data };
    }
  }
}
