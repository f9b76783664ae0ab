import { type MonoTypeOperatorFunction, type Observable, map } from 'rxjs';
import { integer, table } from '../../base/options.ts';
import type { Connection } from '../../connection/connection.ts';
import { HttpFields } from '../fields.ts';
import type { ResponseHead } from '../head.ts';
import { clientError } from './client-error.ts';
import type { ClientRequest } from './client-request.ts';
import { HttpClientResponse } from './client-response.ts';
import { type Coding, type UnpackLimits, unpacked } from './unpacked.ts';

/** Options of {@link decompressed}. */
export interface DecompressedOptions {
  /**
   * Bytes that a body may have when it is unpacked; a few bytes can become gigabytes. 0 to 2^53 - 1.
   * @default 268435456 (256 MiB)
   */
  readonly maxLength?: number;
}

const checkOptions = table<DecompressedOptions>({
  maxLength: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 256 * 1024 * 1024 }),
});

const CODINGS: Readonly<Record<string, Coding>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
};

/** More codings on top of each other than anybody has a reason to use. */
const MOST_CODINGS = 3;

/**
 * Unpacks bodies that the server has compressed (gzip, deflate, br): the response that is emitted instead has the contents as
 * its body, and neither `Content-Encoding` nor `Content-Length` among its {@link HttpClientResponse.fields}; its `head`
 * stays what it was. A response with another coding, or without one, is emitted as it is. Servers compress if they are
 * asked to: see option `http.acceptEncoding`.
 *
 * The body is unpacked as it is read, and no faster. It errors with `ERR_HTTP_CODING` when it is malformed, cut off, or
 * becomes longer than `maxLength`. A response with more than 3 codings errors with that itself.
 *
 * @throws OptionError (`ERR_OPTION`) at once.
 * @example
 * const agent = new HttpAgent({ http: { acceptEncoding: 'br, gzip, deflate' } });
 * agent.get(url).pipe(decompressed(), mergeMap((response) => response.text()));
 */
export function decompressed(options?: DecompressedOptions): MonoTypeOperatorFunction<HttpClientResponse> {
  const limits = checkOptions(options);
  return (source) =>
    source.pipe(
      map((response) => {
        const codings = codingsOf(response);
        return codings.length === 0 ? response : new UnpackedResponse(response, codings, limits);
      }),
    );
}

/** How a body is to be unpacked: what was done last comes first. */
function codingsOf(response: HttpClientResponse): readonly Coding[] {
  const { request, status, fields } = response;
  const value = fields.get('content-encoding');
  if (value === undefined || request.method === 'HEAD' || status === 204 || status === 304) return [];
  const names = value.split(',', MOST_CODINGS + 1).map((name) => name.trim().toLowerCase());
  if (names.length > MOST_CODINGS) {
    response.discard();
    throw clientError('ERR_HTTP_CODING', `a body is encoded more than ${MOST_CODINGS} times`);
  }
  const codings: Coding[] = [];
  for (const name of names) {
    if (name === '' || name === 'identity') continue;
    const coding = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined;
    if (coding === undefined) return [];
    codings.unshift(coding);
  }
  return codings;
}

const NOT_OF_CONTENTS: ReadonlySet<string> = new Set(['content-encoding', 'content-length']);

/** A response whose body is unpacked. */
class UnpackedResponse extends HttpClientResponse {
  readonly body$: Observable<Uint8Array>;
  readonly fields: HttpFields;
  private readonly packed: HttpClientResponse;

  constructor(packed: HttpClientResponse, codings: readonly Coding[], limits: UnpackLimits) {
    super();
    this.packed = packed;
    this.fields = HttpFields.from(
      [...packed.fields].filter(([name]) => !NOT_OF_CONTENTS.has(name.toLowerCase())),
    );
    const { flow } = packed.connection;
    this.body$ = codings.reduce<Observable<Uint8Array>>(
      (body$, coding) => body$.pipe(unpacked(coding, flow, limits)),
      packed.body$,
    );
  }

  get request(): ClientRequest {
    return this.packed.request;
  }

  get head(): ResponseHead {
    return this.packed.head;
  }

  get connection(): Connection {
    return this.packed.connection;
  }

  get trailers(): HttpFields | undefined {
    return this.packed.trailers;
  }

  get isComplete(): boolean {
    return this.packed.isComplete;
  }

  /** Nobody knows before it is unpacked. */
  get bodyLength(): undefined {
    return undefined;
  }

  discard(): void {
    this.packed.discard();
  }
}
