// A member of a group in a process of its own: answers each datagram of the group to its sender, until it is told 'end'.
import { UdpCast } from '../../../lib/udp/udp-cast.ts';
import { UdpNode } from '../../../lib/udp/udp-node.ts';

const [castAddress, port, name] = process.argv.slice(2);
const member = new UdpCast({ castAddress, port: Number(port), interface: name, loop: true });
const answering = new UdpNode({ host: castAddress?.includes(':') === true ? '::' : '0.0.0.0' });

member.receive$.subscribe(({ data, remote }) => {
  const text = Buffer.from(data).toString();
  if (text === 'end') void Promise.all([answering.flush().then(() => answering.stop()), member.stop()]);
  else answering.send(remote, `${process.pid} got ${text}`);
});

await answering.start();
await member.start();
console.log('joined');
