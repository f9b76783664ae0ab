import type { InetAddress } from './address.ts';
import { inetAddress } from './inet.ts';

/** Whether a network inside the process knows a host: IP addresses and `localhost`. */
export function isKnownHost(host: string): boolean {
  return host === 'localhost' || host.includes(':') || /^[\d.]+$/.test(host);
}

/** An address of a host that {@link isKnownHost}. */
export function inetOf(host: string, port: number): InetAddress {
  return inetAddress(host === 'localhost' ? '127.0.0.1' : host, port);
}

/** An address in lower case; `::ffff:10.0.0.7` is the IPv4 address 10.0.0.7, as IPv6 sockets see it. */
export function withoutMapping(host: string): string {
  const plain = host.toLowerCase();
  return /^::ffff:[\d.]+$/.test(plain) ? plain.slice('::ffff:'.length) : plain;
}

/** Where a datagram for a host goes: one for any address goes to this machine, as Linux has it. */
export function destinationOf(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : withoutMapping(host);
}

/** Whether it stands for every address of its family. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Whether it is a multicast group (RFC 1112, RFC 4291 section 2.7). */
export function isGroup(host: string): boolean {
  if (host.includes(':')) return /^ff/i.test(host);
  const first = parseInt(host, 10);
  return first >= 224 && first < 240;
}

/** Everybody in the network. */
export const BROADCAST = '255.255.255.255';
