// A node that speaks to anybody: shows each datagram with its sender, and sends what you type, or --message TEXT
// --count N, to the peer of --to, or else to the group or to everybody with --mode multicast or broadcast.
import { UdpNode } from 'hpsocket-rx';
import { finalize, takeUntil } from 'rxjs';
import { type Given, type Option, endpoint, text } from '../support/arguments.ts';
import { datagramEventsOf, datagramPrinter, ofDatagrams } from '../support/datagram-events.ts';
import { fail } from '../support/fail.ts';
import { announce } from '../support/serve.ts';
import { interrupted$ } from '../support/signals.ts';
import { type Mode, castAddressOf, casting, modeOf } from './casting.ts';
import { speak } from './speak.ts';

const peer: Option<ReturnType<typeof endpoint.read> | undefined> = {
  placeholder: 'HOST:PORT',
  read: (given) => (given === undefined ? undefined : endpoint.read(given)),
};

export const options = {
  host: text('HOST', undefined),
  to: peer,
  mode: modeOf<Mode>('unicast', 'multicast', 'broadcast'),
  ...casting,
};

export async function run(given: Given<typeof options>): Promise<void> {
  const { to, mode, address, port, interface: through, ttl, 'no-loop': noLoop, json, ...what } = given;
  const host = given.host ?? (mode === 'unicast' ? '127.0.0.1' : undefined);
  const castAddress = castAddressOf(mode, address);
  const node = new UdpNode({ host, port, mode, castAddress, interface: through, ttl, loop: !noLoop });

  const print = datagramPrinter(json);
  datagramEventsOf(node).subscribe(print);

  await node.start().then((bound) => announce(bound, 'udp'), fail({ host: host ?? '0.0.0.0', port }));

  const send = (message: string) => {
    const result = to === undefined ? node.sendCast(message) : node.send(to, message);
    if (result === 'refused' && node.lastError !== undefined) print(ofDatagrams.refused(node.lastError));
    return result;
  };

  speak(node, what, send)
    .pipe(
      takeUntil(interrupted$),
      finalize(() => void node.stop({ deadline: 500 })),
    )
    .subscribe({ error: fail({ host: host ?? '0.0.0.0', port }) });
}
