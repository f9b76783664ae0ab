import { describe, expect, it } from '@jest/globals';
import { type ArqOptions, arqSettings } from '../../lib/arq/arq-options.ts';
import { OptionError } from '../../lib/base/errors.ts';

describe('arqSettings', () => {
  it('should have the defaults of the original', () => {
    expect(arqSettings()).toEqual({
      noDelay: false,
      congestionControl: true,
      flushInterval: 60,
      resendByAcks: 0,
      sendWindow: 128,
      receiveWindow: 512,
      minRto: 30,
      fastLimit: 5,
      maxTransUnit: 1432,
      maxMessageSize: 4096,
      handshakeTimeout: 5000,
      malformed: 'drop',
    });
  });

  it('should take from KCP what is too small there', () => {
    expect(arqSettings({ flushInterval: 1, receiveWindow: 1 })).toMatchObject({
      flushInterval: 10,
      receiveWindow: 128,
    });
  });

  it('should take the longest datagram of the socket for maxTransUnit 0', () => {
    expect(arqSettings({ maxTransUnit: 0 }, 548).maxTransUnit).toBe(548);
    expect(arqSettings({ maxTransUnit: 72 }, 548).maxTransUnit).toBe(72);
  });

  const limits: { name: keyof ArqOptions; legal: unknown[]; illegal: unknown[] }[] = [
    { name: 'noDelay', legal: [true, false], illegal: [1, 'true', null] },
    { name: 'congestionControl', legal: [true, false], illegal: [0] },
    { name: 'flushInterval', legal: [1, 5000], illegal: [0, 5001, 1.5, '60'] },
    { name: 'resendByAcks', legal: [0, 2 ** 31 - 1], illegal: [-1, 2 ** 31] },
    { name: 'sendWindow', legal: [1, 65_535], illegal: [0, 65_536] },
    { name: 'receiveWindow', legal: [1, 65_535], illegal: [0, 65_536] },
    { name: 'minRto', legal: [1, 2499], illegal: [0, 60_001] },
    { name: 'fastLimit', legal: [0, 2 ** 31 - 1], illegal: [-1] },
    { name: 'maxTransUnit', legal: [0, 72, 1432], illegal: [71, 1433, 65_537, -1, NaN] },
    { name: 'maxMessageSize', legal: [1, 127 * 1408 - 1], illegal: [0, 127 * 1408] },
    { name: 'malformed', legal: ['drop', 'close'], illegal: ['ignore', true, null] },
    { name: 'handshakeTimeout', legal: [61, 2 ** 31 - 1], illegal: [0, 60, 2 ** 31] },
  ];

  it.each(limits)('should check $name', ({ name, legal, illegal }) => {
    for (const value of legal) expect(() => arqSettings({ [name]: value })).not.toThrow();
    for (const value of illegal) {
      expect(() => arqSettings({ [name]: value }, 1432, 'arq.')).toThrow(
        expect.objectContaining({ name: 'OptionError', option: `arq.${name}`, value }),
      );
    }
  });

  it('should refuse a socket whose datagrams are too short for a segment', () => {
    expect(() => arqSettings({}, 71, 'arq.')).toThrow(
      'maxDatagramSize must be at least 72 for reliable UDP, got 71',
    );
    expect(arqSettings({ maxMessageSize: 100 }, 72).maxTransUnit).toBe(72);
  });

  it('should not make longer datagrams than UDP carries unless it is told to', () => {
    expect(arqSettings({}, 65_536).maxTransUnit).toBe(65_507);
    expect(arqSettings({ maxTransUnit: 65_536 }, 65_536).maxTransUnit).toBe(65_536);
  });

  it('should refuse an unknown name', () => {
    expect(() => arqSettings({ nodelay: true } as ArqOptions)).toThrow(OptionError);
  });
});
