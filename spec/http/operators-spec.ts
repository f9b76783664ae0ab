import { describe, expect, it } from '@jest/globals';
import { Subject, map, mergeMap, of, pipe } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { dial } from '../../lib/component/dial.ts';
import { handleEach } from '../../lib/component/handle-each.ts';
import { listen } from '../../lib/component/listen.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { httpAnswers } from '../../lib/http/operators/http-answers.ts';
import type { HttpEvent } from '../../lib/http/operators/http-event.ts';
import { httpEvents } from '../../lib/http/operators/http-events.ts';
import { type HttpMessage, httpMessages } from '../../lib/http/operators/http-messages.ts';
import type { HttpParserOptions } from '../../lib/http/limits.ts';
import type { RequestHead } from '../../lib/http/head.ts';
import { HttpError } from '../../lib/http/http-error.ts';
import { simulate } from '../../lib/testing/simulate.ts';
import { marbles } from '../support/under-gate.ts';

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n';
const CHUNKED = 'PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
const SOCKET = 'GET /s HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';

/** Chunks for marbles. */
const CHUNKS: Record<string, Uint8Array> = {
  g: utf8(GET),
  h: utf8(GET.slice(0, 10)),
  i: utf8(GET.slice(10)),
  p: utf8(POST),
  x: utf8('xy'),
  y: utf8('z'),
  c: utf8(CHUNKED),
  d: utf8('2;e=f\r\nab\r\n1\r\nc\r\n'),
  e: utf8('0\r\nX-T: u\r\n\r\n'),
  s: utf8(`${SOCKET}rest`),
  u: utf8('later'),
  f: utf8(`${GET}?? ??\r\n\r\n`),
  k: utf8('GET /k HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'),
};

const fault = (reason: ConstructorParameters<typeof HttpError>[0], detail?: string) =>
  new HttpError(reason, detail);

/** An event in a few words. */
function named(event: HttpEvent): string {
  switch (event.type) {
    case 'request-line':
      return `${event.method} ${event.target}`;
    case 'status-line':
      return `${event.status} ${event.reason}`;
    case 'header':
      return `${event.trailer ? 'trailer' : 'header'} ${event.name}: ${event.value}`;
    case 'body':
      return `body ${String(event.data)}`;
    case 'chunk-header':
      return `chunk ${event.length} ${event.extensions}`.trim();
    case 'upgrade':
      return `upgrade ${event.kind ?? ''} ${String(event.rest)}`;
    default:
      return event.type;
  }
}

const HEAD = (line: string, ...headers: string[]) => [
  'message-begin',
  line,
  'header Host: h',
  ...headers,
  'headers-complete',
];
const LENGTH = 'header Content-Length: 3';
const CODING = 'header Transfer-Encoding: chunked';

describe('httpEvents', () => {
  const cases: [string, string, Record<string, string[]>, string, unknown?][] = [
    ['tell of a request', '-g-|', { g: [...HEAD('GET /a'), 'message-complete'] }, '-g-|'],
    [
      'tell of a head when it is complete',
      '-h-i-',
      { h: ['message-begin'], i: [...HEAD('GET /a').slice(1), 'message-complete'] },
      '-h-i-',
    ],
    [
      'tell of a body as it comes',
      '-p-x-y',
      { p: HEAD('POST /b', LENGTH), x: ['body xy'], y: ['body z', 'message-complete'] },
      '-p-x-y',
    ],
    [
      'tell of chunks and trailers',
      '-c-d-e',
      {
        c: HEAD('PUT /c', CODING),
        d: ['chunk 2 e=f', 'body ab', 'chunk-complete', 'chunk 1', 'body c', 'chunk-complete'],
        e: ['chunk 0', 'trailer X-T: u', 'chunk-complete', 'message-complete'],
      },
      '-c-d-e',
    ],
    [
      'hand on what follows an upgrade',
      '-s-u-|',
      {
        s: [
          ...HEAD('GET /s', 'header Connection: upgrade', 'header Upgrade: websocket'),
          'message-complete',
          'upgrade websocket rest',
        ],
        u: ['upgrade websocket later'],
      },
      '-s-u-|',
    ],
    [
      'error behind what was in front of the fault',
      '--f-g',
      { f: [...HEAD('GET /a'), 'message-complete', 'message-begin'] },
      '--(f#)',
      fault('method-token'),
    ],
    ['error with the source', '-h-#', { h: ['message-begin'] }, '-h-#', 'error'],
    [
      'error when the source completes in the midst of a message',
      '-h-|',
      { h: ['message-begin'] },
      '-h-#',
      fault('truncated'),
    ],
    ['complete with the source', '--|', {}, '--|'],
  ];
  for (const [name, source, values, expected, error] of cases) {
    it(`should ${name}`, () => {
      const seen: Record<string, string[]> = {};
      marbles().run(({ hot, expectObservable }) => {
        let last = '';
        const chunks$ = hot(source, CHUNKS).pipe(
          map((chunk) => {
            last = Object.keys(CHUNKS).find((key) => CHUNKS[key] === chunk)!;
            return chunk;
          }),
        );
        const times$ = chunks$.pipe(
          httpEvents('request'),
          mergeMap((event) => {
            const before = seen[last] !== undefined;
            (seen[last] ??= []).push(named(event));
            return before ? [] : [last];
          }),
        );
        expectObservable(times$).toBe(expected, undefined, error);
      });
      expect(seen).toEqual(values);
    });
  }

  it('should leave the source when it fails or is unsubscribed from', () => {
    marbles().run(({ hot, expectSubscriptions, expectObservable }) => {
      const bad = hot('--f-g', CHUNKS);
      expectObservable(
        bad.pipe(
          httpEvents('request'),
          map(() => 'e'),
        ),
      ).toBe('--(eeeeee#)', undefined, fault('method-token'));
      expectSubscriptions(bad.subscriptions).toBe('^-!');
      const good = hot('-g-g-', CHUNKS);
      expectObservable(
        good.pipe(
          httpEvents('request'),
          map(() => 'e'),
        ),
        '^-!',
      ).toBe('-(eeeee)');
      expectSubscriptions(good.subscriptions).toBe('^-!');
    });
  });

  it('should let the head decide', () => {
    const seen: string[] = [];
    of(utf8(`${SOCKET}${POST}${GET}`))
      .pipe(httpEvents('request', { decide: ({ method }) => (method === 'POST' ? 'skip-body' : 'stay') }))
      .subscribe((event) => seen.push(named(event)));
    expect(seen.filter((name) => name === 'message-complete' || name.includes('/'))).toEqual([
      'GET /s',
      'message-complete',
      'POST /b',
      'message-complete',
      'GET /a',
      'message-complete',
    ]);
  });

  it('should error with what the decision throws', () => {
    const errors: unknown[] = [];
    of(utf8(GET))
      .pipe(
        httpEvents('request', {
          decide: () => {
            throw new Error('no');
          },
        }),
      )
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toEqual([new Error('no')]);
  });

  it('should read responses', () => {
    const seen: string[] = [];
    of(utf8('HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok'))
      .pipe(httpEvents('response'))
      .subscribe((event) => seen.push(named(event)));
    expect(seen).toEqual([
      'message-begin',
      '200 Fine',
      'header Content-Length: 2',
      'headers-complete',
      'body ok',
      'message-complete',
    ]);
  });

  it('should refuse illegal options at once', () => {
    expect(() => httpEvents('request', { limits: { maxHead: 1 } })).toThrow(OptionError);
    expect(() => httpEvents('request', { lenint: {} } as HttpParserOptions)).toThrow(OptionError);
  });
});

const brief = ({ head, body, trailers }: HttpMessage<RequestHead>) =>
  `${head.method} ${String(body)}${[...trailers].map(([name, value]) => ` ${name}=${value}`).join('')}`;

describe('httpMessages', () => {
  const cases: [string, string, Record<string, string>, string, unknown?][] = [
    ['emit a request when it is complete', '-h-i-', { i: 'GET ' }, '---i-'],
    ['join a body', '-p-x-y', { y: 'POST xyz' }, '-----y'],
    ['join chunks, with trailers', '-c-d-e', { e: 'PUT abc X-T=u' }, '-----e'],
    ['complete with the source', '-g-|', { g: 'GET ' }, '-g-|'],
    ['error with the source', '-p-x-#', {}, '-----#', 'error'],
    ['error when the source completes in the midst of a message', '-p-x-|', {}, '-----#', fault('truncated')],
    ['emit what was in front of a fault', '-f-', { g: 'GET ' }, '-(g#)', fault('method-token')],
  ];
  for (const [name, source, values, expected, error] of cases) {
    it(`should ${name}`, () => {
      marbles().run(({ hot, expectObservable }) => {
        const messages$ = hot(source, CHUNKS).pipe(httpEvents('request'), httpMessages(), map(brief));
        expectObservable(messages$).toBe(expected, values, error);
      });
    });
  }

  it.each([
    ['announced', '-p', '-#'],
    ['in chunks', '-c-d', '---#'],
  ])('should error with 413 when a body is too long: %s', (_, source, expected) => {
    marbles().run(({ hot, expectObservable }) => {
      const messages$ = hot(source, CHUNKS).pipe(
        httpEvents('request'),
        httpMessages({ maxBody: 2 }),
        map(brief),
      );
      expectObservable(messages$).toBe(expected, {}, fault('body-length', '3 bytes, 2 are allowed'));
    });
  });

  it('should take a body that is as long as is allowed, and refuse illegal options', () => {
    const seen: string[] = [];
    of(utf8(`${POST}xyz`))
      .pipe(httpEvents('request'), httpMessages({ maxBody: 3 }), map(brief))
      .subscribe((text) => seen.push(text));
    expect(seen).toEqual(['POST xyz']);
    expect(() => httpMessages({ maxBody: -1 })).toThrow(OptionError);
  });
});

const answered = pipe(
  httpEvents('request'),
  httpMessages<RequestHead>(),
  httpAnswers(({ head }) => ({ body: head.path })),
  map(String),
);
const answer = (body: string, ...more: string[]) =>
  `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${more.join('')}\r\n${body}`;

describe('httpAnswers', () => {
  const cases: [string, string, Record<string, string>, string, unknown?][] = [
    ['answer each request', '-g-g-', { a: answer('/a') }, '-a-a-'],
    [
      'complete behind the last answer of a connection',
      '-k-g',
      { k: answer('/k', 'Connection: close\r\n') },
      '-(k|)',
    ],
    ['complete with the source', '-g-|', { a: answer('/a') }, '-a-|'],
    ['error with the source', '-g-#', { a: answer('/a') }, '-a-#', 'error'],
  ];
  for (const [name, source, values, expected, error] of cases) {
    it(`should ${name}`, () => {
      marbles().run(({ hot, expectObservable, expectSubscriptions }) => {
        const chunks = hot(source, CHUNKS);
        expectObservable(chunks.pipe(answered)).toBe(expected, values, error);
        if (expected.endsWith('|)')) expectSubscriptions(chunks.subscriptions).toBe('^!');
      });
    });
  }

  it.each([
    [
      'what is thrown',
      () => {
        throw new Error('no');
      },
      'no',
    ],
    ['an illegal answer', () => ({ status: 204, body: 'x' }), 'ERR_HTTP_MESSAGE'],
  ])('should error with %s', (_, make, message) => {
    const errors: string[] = [];
    const requests$ = new Subject<Uint8Array>();
    requests$
      .pipe(httpEvents('request'), httpMessages(), httpAnswers(make as () => object))
      .subscribe({ error: (error: unknown) => errors.push((error as Error).message) });
    requests$.next(utf8(GET));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(requests$.observed).toBe(false);
  });

  it('should not send a body to HEAD, and date answers if it is told the time', () => {
    const seen: string[] = [];
    of(utf8('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n'))
      .pipe(
        httpEvents('request'),
        httpMessages(),
        httpAnswers(() => ({ body: 'abc' }), { now: () => 0 }),
      )
      .subscribe((bytes) => seen.push(String(bytes)));
    expect(seen).toEqual([
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n',
    ]);
  });

  it('should be the last step of a server, also for bodies larger than what flow control lets wait', () => {
    let text = '';
    let ended = false;
    simulate({ duration: 5000 }, ({ world }) => {
      listen({ ...world, port: 8080 })
        .pipe(
          handleEach((connection) =>
            connection.receive$.pipe(
              httpEvents('request'),
              httpMessages(),
              httpAnswers(({ head, body }) => ({ body: `you asked for ${head.path} (${body.length})` })),
              sendTo(connection, { end: true }),
            ),
          ),
        )
        .subscribe();
      dial(8080, world).subscribe((connection) => {
        connection.receive$.subscribe({
          next: (chunk) => (text += String(chunk)),
          complete: () => (ended = true),
        });
        connection.send(
          GET,
          `POST /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n`,
        );
        connection.send(Buffer.alloc(1_000_000));
      });
    });
    expect(text.match(/you asked for .*?\)/g)).toEqual([
      'you asked for /a (0)',
      'you asked for /b (1000000)',
    ]);
    expect(ended).toBe(true);
  });
});
