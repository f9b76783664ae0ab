import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { interfaceFor } from '../../lib/transport/udp-cast.ts';

/** Whether plain node:dgram gets its own datagram back by way of an interface: without that there is nothing to test. */
export async function loopsBack(family: 4 | 6, to: string, through: string | undefined): Promise<boolean> {
  const socket = family === 4 ? createSocket('udp4') : createSocket({ type: 'udp6', ipv6Only: true });
  const came = new Promise<boolean>((resolve) => {
    socket.on('message', () => resolve(true));
    socket.on('error', () => resolve(false));
    setTimeout(() => resolve(false), 300).unref();
  });
  socket.bind(0);
  await once(socket, 'listening');
  try {
    if (through === undefined) socket.setBroadcast(true);
    else {
      socket.setMulticastInterface(through);
      socket.addMembership(to, through);
    }
    socket.send('?', socket.address().port, to, () => undefined);
    return await came;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

/** The first interface that brings multicast datagrams of a family back, preferably one that leads out of here. */
export async function castInterface(
  family: 4 | 6,
  group: string,
): Promise<{ name: string; internal: boolean } | undefined> {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter((one) => one.family === `IPv${family}`).map(({ internal }) => ({ name, internal })),
  );
  for (const candidate of all.sort((a, b) => Number(a.internal) - Number(b.internal))) {
    if (await loopsBack(family, group, interfaceFor(candidate.name, family))) return candidate;
  }
  return undefined;
}
