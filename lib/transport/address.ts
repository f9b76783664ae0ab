import { isIP, isIPv6 } from 'node:net';
import { OptionError } from '../base/errors.ts';

export { isIP };

/** One end of a TCP connection. */
export interface InetAddress {
  readonly family: 'IPv4' | 'IPv6';
  readonly path?: undefined;
  /** IP address as text. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** One end of a connection through a Unix domain socket. */
export interface UnixAddress {
  readonly family: 'unix';
  /** Path in the file system; empty for the end that connected. */
  readonly path: string;
  readonly host?: undefined;
  readonly port?: undefined;
}

/** One end of a connection. */
export type Address = InetAddress | UnixAddress;

/** Where to connect to or to listen: a host name or IP address with a port, or the path of a Unix domain socket. */
export type Endpoint =
  | { readonly host?: string | undefined; readonly port: number; readonly path?: undefined }
  | { readonly path: string; readonly host?: undefined; readonly port?: undefined };

/**
 * An {@link Endpoint}, or short for it: a port on this machine (`5555`), `'host:port'`, `'[::1]:5555'`, `':5555'`, or
 * a path that begins with `/` or `unix:`.
 */
export type EndpointLike = Endpoint | number | string;

/** The address as text: `127.0.0.1:5555`, `[::1]:5555`, or the path of a Unix domain socket (`unix` if it has none). */
export function formatAddress(address: Address | Endpoint): string {
  if (address.path !== undefined) return address.path === '' ? 'unix' : address.path;
  const { host = '127.0.0.1', port } = address;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads an {@link EndpointLike}.
 *
 * @param name Name of the option or parameter, for the error.
 * @throws OptionError (`ERR_OPTION`) when it names no host and port or path, or the port is not 0 to 65535.
 */
export function parseEndpoint(endpoint: EndpointLike, name = 'address'): Endpoint {
  if (typeof endpoint === 'number') return { port: checkPort(endpoint, name) };
  if (typeof endpoint === 'string') return parseText(endpoint, name);
  const given: unknown = endpoint;
  if (typeof given !== 'object' || given === null) throw new OptionError(name, given, EXPECTED);
  const { host, port, path } = given as Partial<Record<'host' | 'port' | 'path', unknown>>;
  if (typeof path === 'string' && path !== '' && host === undefined && port === undefined) return { path };
  if (path !== undefined)
    throw new OptionError(`${name}.path`, path, 'a path by itself, without host and port');
  if (host !== undefined && (typeof host !== 'string' || host === '')) {
    throw new OptionError(`${name}.host`, host, 'a host name or an IP address');
  }
  return host === undefined
    ? { port: checkPort(port, `${name}.port`) }
    : { host, port: checkPort(port, `${name}.port`) };
}

const EXPECTED = "a port, 'host:port', { host, port } or { path }";

function parseText(text: string, name: string): Endpoint {
  if (/^unix:./.test(text)) return { path: text.slice('unix:'.length) };
  if (text.startsWith('/')) return { path: text };
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text) ?? /^()()(\d+)$/.exec(text);
  if (match === null) throw new OptionError(name, text, EXPECTED);
  const [, bracketed, plain, digits] = match;
  const host = bracketed ?? plain;
  const port = checkPort(Number(digits), name);
  return host === undefined || host === '' ? { port } : { host, port };
}

function checkPort(port: unknown, name: string): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new OptionError(name, port, 'a port from 0 to 65535');
}
