import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HTTP_ERROR_REASONS, type HttpErrorReason } from '../../lib/http/http-error.ts';
import { parseAnyhow, reasonOf } from './recorder.ts';

interface Case {
  readonly id: string;
  readonly description: string;
  readonly expected: string;
  readonly payload: string;
}

const { cases } = JSON.parse(
  readFileSync(new URL('../vectors/http11probe/cases.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

/** Where any answer is right, what ours is. Nothing here is refused because it had to be. */
const TAKEN_OR_REFUSED: Record<string, HttpErrorReason | 'taken' | 'unfinished'> = {
  'RFC9112-2.2-BARE-LF-HEADER': 'bare-lf',
  'RFC9112-3-MULTI-SP-REQUEST-LINE': 'request-line',
  'RFC9112-3.2-FRAGMENT-IN-TARGET': 'target-character',
  'COMP-METHOD-CASE': 'method-unknown',
  'COMP-REQUEST-LINE-TAB': 'method-token',
  'COMP-HTTP12-VERSION': 'version-unsupported',
  // For the server to answer.
  'COMP-METHOD-TRACE': 'taken',
  'COMP-TRACE-WITH-BODY': 'taken',
  'COMP-TRACE-SENSITIVE': 'taken',
  'COMP-UNKNOWN-METHOD': 'method-unknown',
  'COMP-POST-NO-CL-NO-TE': 'taken',
  'COOK-MALFORMED': 'taken',
  'MAL-INCOMPLETE-REQUEST': 'unfinished',
  'MAL-CL-TAB-BEFORE-VALUE': 'taken',
  'MAL-URL-BACKSLASH': 'target-character',
  'MAL-URL-PERCENT-NULL': 'taken',
  // An underscore is an underscore.
  'NORM-UNDERSCORE-CL': 'taken',
  'NORM-UNDERSCORE-TE': 'taken',
  'SMUG-TRANSFER_ENCODING': 'taken',
  'NORM-SP-BEFORE-COLON-CL': 'field-name-space',
  'NORM-TAB-IN-NAME': 'field-name-space',
  'NORM-CASE-TE': 'content-length-conflict',
  'SMUG-CL-TE-BOTH': 'content-length-conflict',
  'SMUG-CLTE-PIPELINE': 'content-length-conflict',
  'SMUG-TE-TRAILING-SPACE': 'content-length-conflict',
  'SMUG-TE-CASE-MISMATCH': 'content-length-conflict',
  'SMUG-TE-TRAILING-COMMA': 'transfer-encoding-malformed',
  'SMUG-TE-OBS-FOLD': 'transfer-encoding-malformed',
  'SMUG-CL-COMMA-SAME': 'content-length-repeated',
  'SMUG-CL-COMMA-TRIPLE': 'content-length-repeated',
  'SMUG-CHUNK-EXT-LF': 'chunk-extension',
  'SMUG-CHUNK-LF-TERM': 'chunk-end',
  'SMUG-EXPECT-100-CL': 'taken',
  'SMUG-TRAILER-CL': 'trailer-forbidden',
  'SMUG-TRAILER-HOST': 'trailer-forbidden',
  // Fields behind a body are handed on by themselves: what is not for them does no harm there.
  'SMUG-TRAILER-AUTH': 'taken',
  'SMUG-TRAILER-CONTENT-TYPE': 'taken',
};

/** The underscores of these two were lost when they were written down: what is sent is good. */
const LOST = ['SMUG-CHUNK-UNDERSCORE', 'SMUG-CL-UNDERSCORE'];

describe('cases of Http11Probe', () => {
  it.each(cases)('should be answered as they should be: $id', ({ id, expected, payload }) => {
    const happenings = parseAnyhow(Buffer.from(payload, 'base64'), { kind: 'request' });
    const reason = reasonOf(happenings) as HttpErrorReason | undefined;
    const isTaken = reason === undefined && happenings.at(-2)?.[0] === 'messageComplete';
    const open = TAKEN_OR_REFUSED[id];
    if (open !== undefined) expect(reason ?? (isTaken ? 'taken' : 'unfinished')).toBe(open);
    else if (LOST.includes(id)) expect(happenings.some(([what]) => what === 'head')).toBe(true);
    else if (/^(2xx|!101|not 414|200)/.test(expected)) expect(reason).toBeUndefined();
    else {
      expect(reason).toBeDefined();
      const statuses = expected.match(/\b[45]\d\d\b/g) ?? [];
      expect(statuses).toContain(String(HTTP_ERROR_REASONS[reason!][1]));
    }
  });

  it('should have all that are listed', () => {
    const ids = new Set(cases.map(({ id }) => id));
    expect([...Object.keys(TAKEN_OR_REFUSED), ...LOST].filter((id) => !ids.has(id))).toEqual([]);
  });
});
