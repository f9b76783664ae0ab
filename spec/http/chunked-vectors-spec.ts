import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { parseAnyhow, reasonOf } from './recorder.ts';

const { valid, invalid } = JSON.parse(
  readFileSync(new URL('../vectors/rfc/rfc9112-chunked.json', import.meta.url), 'utf8'),
) as { valid: { inputHex: string; decoded: string }[]; invalid: string[] };

const HEAD = utf8('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');

function parsed(inputHex: string) {
  return parseAnyhow(Buffer.concat([HEAD, hex(inputHex)]), { kind: 'request' });
}

describe('chunked bodies', () => {
  it.each(valid)('should be taken: $inputHex', ({ inputHex, decoded }) => {
    const happenings = parsed(inputHex);
    expect(happenings.at(-2)).toEqual(['messageComplete']);
    expect(
      happenings
        .filter(([what]) => what === 'body')
        .map(([, text]) => text)
        .join(''),
    ).toBe(decoded);
  });

  it.each(invalid)('should be refused: %s', (inputHex) => {
    expect(reasonOf(parsed(inputHex))).toMatch(/^chunk-/);
  });
});
