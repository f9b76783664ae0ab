import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, NetworkError } from '../../lib/base/errors.ts';
import { describeError, describeSocketError } from '../../lib/sys/error-text.ts';
import { SYS_ERROR_CODES } from '../../lib/sys/sys-error.ts';
import { VERSION } from '../../lib/sys/version.ts';

describe('describeError', () => {
  it('should describe codes of this library', () => {
    for (const [code, text] of Object.entries({ ...ERROR_CODES, ...SYS_ERROR_CODES }))
      expect(describeError(code)).toBe(text);
    expect(describeError(new NetworkError('ERR_CLOSED', 'now'))).toBe(ERROR_CODES.ERR_CLOSED);
  });

  it('should describe errors of the system by name, by number and by error', () => {
    expect(describeError('ECONNREFUSED')).toBe('connection refused');
    expect(describeError(constants.errno.ECONNREFUSED)).toBe('connection refused');
    expect(describeError(-constants.errno.ECONNREFUSED)).toBe('connection refused');
    expect(describeError({ code: 'EADDRINUSE' })).toBe('address already in use');
  });

  it('should fall back on the message, and on nothing', () => {
    expect(describeError(new TypeError('bad type'))).toBe('bad type');
    for (const nothing of [undefined, null, 0, 123_456, 'ERR_NO_SUCH', {}, Symbol('x')])
      expect(describeError(nothing)).toBe('UNKNOWN ERROR');
  });
});

describe('describeSocketError', () => {
  it('should know the errors of HP-Socket by number and by name', () => {
    expect([0, 4, 101, 99].map(describeSocketError)).toEqual([
      'SUCCESS',
      'Bind SOCKET Fail',
      'SSL environment not ready',
      'UNKNOWN ERROR',
    ]);
    expect(describeSocketError('SE_CONNECT_SERVER')).toBe('Connect to Server Fail');
  });
});

describe('VERSION', () => {
  it('should be that of the package', () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    expect(VERSION.text).toBe((JSON.parse(manifest) as { version: string }).version);
    const { major, minor, revision, build, number } = VERSION;
    expect(number).toBe(major * 2 ** 24 + minor * 2 ** 16 + revision * 2 ** 8 + build);
  });
});
