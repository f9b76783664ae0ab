import type { InetAddress } from './address.ts';

/** An address of the family that its host shows. */
export function inetAddress(host: string, port: number): InetAddress {
  return { family: host.includes(':') ? 'IPv6' : 'IPv4', host, port };
}
