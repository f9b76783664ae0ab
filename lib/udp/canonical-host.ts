/**
 * An IP address as the system writes it when a datagram comes from there: `::1` for `0:0:0:0:0:0:0:1`. Any address
 * (`0.0.0.0`, `::`) is one of this machine, since nothing ever comes from it.
 */
export function canonicalHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (!host.includes(':')) return host;
  const [address = '', zone] = host.split('%');
  const { hostname } = new URL(`udp-peer://[${address}]`);
  const canonical = hostname.slice(1, -1);
  if (canonical === '::') return '::1';
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}
