import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { MessageKind } from '../../lib/http/parser.ts';
import { parseAnyhow, reasonOf } from './recorder.ts';

interface Case {
  readonly name: string;
  readonly kind: MessageKind | 'headers';
  readonly input: string;
  readonly result: 'ok' | 'error' | 'incomplete';
}

const { cases } = JSON.parse(
  readFileSync(new URL('../vectors/picohttpparser/cases.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

/** What is refused here although picohttpparser takes it, with the reason, and why. */
const REFUSED: Record<string, string> = {
  // Folded fields (RFC 9112 section 5.2).
  'request: parse multiline': 'field-fold',
  'response: parse multiline': 'field-fold',
  // Bytes above 0x7f in a target.
  'request: accept MSB chars': 'target-character',
  // Several spaces in a start line.
  'request: accept multiple spaces between tokens': 'request-line',
  'response: accept multiple spaces between tokens': 'status-code',
  // LF alone.
  'response: incomplete 11 (LF)': 'bare-lf',
};

describe('cases of picohttpparser', () => {
  it.each(cases)(
    'should be taken or refused however they are cut: $name',
    ({ name, kind, input, result }) => {
      const bytes = Buffer.from(input, 'base64');
      const head = kind === 'headers' ? Buffer.from('GET / HTTP/1.1\r\n') : Buffer.alloc(0);
      const happenings = parseAnyhow(Buffer.concat([head, bytes]), {
        kind: kind === 'headers' ? 'request' : kind,
        options: { lenient: { missingHost: true } },
      });
      const key = bytes.includes('\n') && !bytes.includes('\r') ? `${name} (LF)` : name;
      const refused = REFUSED[key];
      if (refused !== undefined) expect(reasonOf(happenings)).toBe(refused);
      else if (result === 'error') expect(reasonOf(happenings)).toBeDefined();
      else {
        expect(reasonOf(happenings)).toBeUndefined();
        expect(happenings.some(([what]) => what === 'head')).toBe(result === 'ok');
      }
    },
  );
});
