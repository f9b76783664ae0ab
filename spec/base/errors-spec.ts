import { describe, expect, it } from '@jest/globals';
import {
  ERROR_CODES,
  NetworkError,
  NetworkTimeoutError,
  OptionError,
  systemError,
} from '../../lib/base/errors.ts';

describe('NetworkError', () => {
  it('should carry code, operation and cause, and begin its message with the code', () => {
    const cause = { some: 'thing' };
    const error = new NetworkError('ERR_CLOSED', 'too late', { operation: 'send', cause });
    expect(error).toMatchObject({
      name: 'NetworkError',
      code: 'ERR_CLOSED',
      operation: 'send',
      message: 'ERR_CLOSED: too late',
    });
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
  });

  it('should have no cause property when there is no cause', () => {
    expect(Object.hasOwn(new NetworkError('ERR_STATE', 'twice'), 'cause')).toBe(false);
    expect(new NetworkError('ERR_STATE', 'twice').operation).toBeUndefined();
  });

  it('should explain every code', () => {
    for (const [code, meaning] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^ERR_[A-Z_]+$/);
      expect(meaning).not.toBe('');
    }
  });
});

describe('the kinds of errors', () => {
  it('should all be NetworkErrors with their own name', () => {
    const option = new OptionError('port', -1, 'an integer');
    const timeout = new NetworkTimeoutError('readIdle', 20, 'the peer sent nothing');
    expect(option).toBeInstanceOf(NetworkError);
    expect(option.name).toBe('OptionError');
    expect(timeout).toBeInstanceOf(NetworkError);
    expect(timeout.name).toBe('NetworkTimeoutError');
  });

  it.each([
    ['connect', 'connect'],
    ['firstByte', 'receive'],
    ['readIdle', 'receive'],
    ['writeStall', 'send'],
    ['drain', 'close'],
  ] as const)('should say which timeout expired and which option sets it: %s', (timeout, operation) => {
    expect(new NetworkTimeoutError(timeout, 250, 'nothing happened')).toMatchObject({
      code: 'ERR_TIMEOUT',
      timeout,
      option: `timeouts.${timeout}`,
      operation,
      message: `ERR_TIMEOUT: nothing happened within 250 ms (option timeouts.${timeout})`,
    });
  });
});

describe('systemError', () => {
  it("should keep the system's code and the whole error as cause", () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
      code: 'ECONNREFUSED',
      errno: -111,
    });
    const error = systemError(cause, 'connect');
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      operation: 'connect',
      message: 'ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1',
    });
    expect(error.cause).toBe(cause);
  });

  it.each([
    ['write', 'send'],
    ['read', 'receive'],
    ['connect', 'close'],
    [undefined, 'close'],
  ] as const)('should take the operation from the system call %s', (syscall, operation) => {
    expect(systemError({ code: 'EPIPE', message: 'm', syscall }, 'close').operation).toBe(operation);
  });

  it('should pass an error of this library on unchanged', () => {
    const error = new NetworkError('ERR_ABORTED', 'given up', { operation: 'connect' });
    expect(systemError(error, 'send')).toBe(error);
  });

  it.each([
    ['a text', 'a text'],
    [new Error('no code'), 'no code'],
    [{ code: 5, message: 'numeric code' }, 'numeric code'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('should wrap whatever else was thrown: %p', (cause, message) => {
    const error = systemError(cause, 'send');
    expect(error).toMatchObject({ code: 'EUNKNOWN', operation: 'send', message: `EUNKNOWN: ${message}` });
    expect(error.cause).toBe(cause);
  });
});
