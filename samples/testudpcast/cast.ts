// A member of a multicast group, or of everybody with --mode broadcast: shows each datagram with its sender, and sends
// what you type to all members, or --message TEXT --count N.
import { UdpCast } from 'hpsocket-rx';
import { finalize, takeUntil } from 'rxjs';
import type { Given } from '../support/arguments.ts';
import { datagramEventsOf, datagramPrinter, ofDatagrams } from '../support/datagram-events.ts';
import { fail } from '../support/fail.ts';
import { announce } from '../support/serve.ts';
import { interrupted$ } from '../support/signals.ts';
import { castAddressOf, casting, modeOf } from './casting.ts';
import { speak } from './speak.ts';

export const options = { mode: modeOf<'multicast' | 'broadcast'>('multicast', 'broadcast'), ...casting };

export async function run(given: Given<typeof options>): Promise<void> {
  const { mode, address, port, interface: through, ttl, 'no-loop': noLoop, json, ...what } = given;
  const castAddress = castAddressOf(mode, address);
  const member = new UdpCast({ mode, castAddress, port, interface: through, ttl, loop: !noLoop });

  const print = datagramPrinter(json);
  datagramEventsOf(member).subscribe(print);

  await member.start().then((bound) => announce(bound, 'udp'), fail(member.castAddress));

  const send = (text: string) => {
    const result = member.send(text);
    if (result === 'refused' && member.lastError !== undefined) print(ofDatagrams.refused(member.lastError));
    return result;
  };

  speak(member, what, send)
    .pipe(
      takeUntil(interrupted$),
      finalize(() => void member.stop({ deadline: 500 })),
    )
    .subscribe({ error: fail(member.castAddress) });
}
