import { describe, expect, it } from '@jest/globals';
import {
  type Address,
  type EndpointLike,
  formatAddress,
  parseEndpoint,
} from '../../lib/transport/address.ts';

describe('parseEndpoint', () => {
  it.each<[EndpointLike, object]>([
    [5555, { port: 5555 }],
    [0, { port: 0 }],
    [65_535, { port: 65_535 }],
    ['5555', { port: 5555 }],
    [':5555', { port: 5555 }],
    ['localhost:5555', { host: 'localhost', port: 5555 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
    ['/run/echo.sock', { path: '/run/echo.sock' }],
    ['unix:echo.sock', { path: 'echo.sock' }],
    [{ port: 80 }, { port: 80 }],
    [
      { host: 'example.org', port: 80 },
      { host: 'example.org', port: 80 },
    ],
    [{ host: undefined, port: 80 }, { port: 80 }],
    [{ path: '/run/echo.sock' }, { path: '/run/echo.sock' }],
  ])('should read %j', (endpoint, expected) => {
    expect(parseEndpoint(endpoint)).toEqual(expected);
  });

  it.each<[unknown, string, string]>([
    [-1, 'address', 'a port from 0 to 65535, got -1'],
    [1.5, 'address', 'a port from 0 to 65535, got 1.5'],
    [65_536, 'address', 'a port from 0 to 65535, got 65536'],
    [NaN, 'address', 'a port from 0 to 65535, got NaN'],
    ['host:65536', 'address', 'a port from 0 to 65535, got 65536'],
    ['', 'address', 'a port, '],
    ['localhost', 'address', 'a port, '],
    ['localhost:', 'address', 'a port, '],
    ['::1:80', 'address', 'a port, '],
    ['host:80x', 'address', 'a port, '],
    ['[::1]80', 'address', 'a port, '],
    ['unix:', 'address', 'a port, '],
    [null, 'address', 'a port, '],
    [undefined, 'address', 'a port, '],
    [true, 'address', 'a port, '],
    [{}, 'address.port', 'a port from 0 to 65535, got undefined'],
    [{ port: '80' }, 'address.port', 'a port from 0 to 65535, got "80"'],
    [{ host: '', port: 80 }, 'address.host', 'a host name or an IP address, got ""'],
    [{ host: 7, port: 80 }, 'address.host', 'a host name or an IP address, got 7'],
    [{ path: '' }, 'address.path', 'a path by itself, without host and port, got ""'],
    [{ path: '/a', port: 80 }, 'address.path', 'a path by itself, without host and port, got "/a"'],
  ])('should refuse %j', (endpoint, option, expected) => {
    const error = refusalOf(endpoint);
    expect(error).toMatchObject({ code: 'ERR_OPTION', option });
    expect((error as Error).message).toContain(`${option} must be ${expected}`);
  });

  it('should name the option that holds the endpoint', () => {
    expect(() => parseEndpoint('nowhere', 'to')).toThrow(/^ERR_OPTION: to must be a port, /);
  });
});

describe('formatAddress', () => {
  it.each<[Address | { host?: string; port: number }, string]>([
    [{ family: 'IPv4', host: '127.0.0.1', port: 80 }, '127.0.0.1:80'],
    [{ family: 'IPv6', host: '::1', port: 80 }, '[::1]:80'],
    [{ family: 'unix', path: '/run/echo.sock' }, '/run/echo.sock'],
    [{ family: 'unix', path: '' }, 'unix'],
    [{ host: 'example.org', port: 80 }, 'example.org:80'],
    [{ port: 80 }, '127.0.0.1:80'],
  ])('should write %j', (address, text) => {
    expect(formatAddress(address)).toBe(text);
  });

  it.each(['127.0.0.1:80', '[::1]:80', 'example.org:80', '/run/echo.sock'])(
    'should write %s as it was read',
    (text) => {
      expect(formatAddress(parseEndpoint(text))).toBe(text);
    },
  );
});

function refusalOf(endpoint: unknown): unknown {
  try {
    return parseEndpoint(endpoint as EndpointLike);
  } catch (error) {
    return error;
  }
}
