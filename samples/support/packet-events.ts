import type { ProtocolError } from 'hpsocket-rx';
import { type SampleEvent, preview, printer } from './events.ts';

/** An event of a sample that speaks in packets. */
export type PacketEvent = SampleEvent | ReturnType<(typeof ofPackets)[keyof typeof ofPackets]>;

/** Events that only packets have. */
export const ofPackets = {
  /** A packet that has a number was received. */
  receive: (id: number, { sequence, data }: { sequence: number; data: Uint8Array }) =>
    ({ event: 'receive', id, sequence, data }) as const,
  /** A packet was not sent, because the codec refused it. */
  refused: (id: number, { code, message }: ProtocolError) =>
    ({ event: 'refused', id, error: code, message }) as const,
};

/** Prints an event as a readable line, or as a JSON object a line, bytes in base64. */
export function packetPrinter(json: boolean): (event: PacketEvent) => void {
  const print = printer(json);
  return (event) => {
    if (event.event === 'refused') console.log(json ? JSON.stringify(event) : readable(event));
    else if (!json && 'sequence' in event) console.log(readable(event));
    else print(event);
  };
}

function readable(event: Exclude<PacketEvent, SampleEvent> | ReturnType<typeof ofPackets.receive>): string {
  if (event.event === 'refused') return `#${event.id} refused ${event.message}`;
  const { id, sequence, data } = event;
  return `#${id} receive packet ${sequence} of ${data.length} bytes ${preview(data)}`;
}
