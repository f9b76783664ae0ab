import { describe, expect, it } from '@jest/globals';
import { type Observable, EMPTY, map, of } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import type { HttpAgent } from '../../../lib/http/client/http-agent.ts';
import type { HttpClientResponse } from '../../../lib/http/client/client-response.ts';
import { type RetryIdempotentOptions, retryIdempotent } from '../../../lib/http/client/retry-idempotent.ts';
import { ROOT, answer, inTime } from './world.ts';

type Ask = (agent: HttpAgent) => Observable<HttpClientResponse>;

/** How a request goes whose server answers with these statuses, one after the other; 0 for a connection that ends. */
function story(
  statuses: readonly (number | string)[],
  { ask = (agent) => agent.get(ROOT), ...options }: RetryIdempotentOptions & { ask?: Ask } = {},
): string[] {
  const left = [...statuses];
  const log = inTime(({ raw, agent, at, follow, scheduler, note }) => {
    raw((connection) => {
      const status = left.shift() ?? 200;
      if (status === 0) connection.disconnect();
      else connection.send(answer('x').replace('200 OK', String(status)));
    });
    const client = agent({ http: { timeouts: { idle: 0 } } });
    const onRetry: RetryIdempotentOptions['onRetry'] = ({ attempt, delay, error, response }) =>
      note(`retry ${attempt} in ${delay} after ${response?.status ?? (error as { code: string }).code}`);
    at(0, () => {
      const retried = retryIdempotent({ scheduler, onRetry, random: () => 1, jitter: 0, ...options });
      follow('one', ask(client).pipe(retried), false);
    });
    at(100_000, () => client.stop({ drain: false }));
  });
  return log.slice(0, -1).filter((line) => !line.includes('closed'));
}

describe('retryIdempotent', () => {
  // What ends without an answer on a connection that was used before, the agent sends once more by itself.
  it('should ask again when the server cannot answer, after longer and longer', () => {
    expect(story([503, 0, 0, '502 Bad', 200])).toEqual([
      ...[
        '0 retry 1 in 100 after 503',
        '100 retry 2 in 200 after ERR_CLOSED',
        '300 retry 3 in 400 after 502',
      ],
      '700 one: 200',
    ]);
  });

  it('should give what there is when the retries are used up', () => {
    expect(story([503, 504], { max: 1 })).toEqual(['0 retry 1 in 100 after 503', '100 one: 504']);
    expect(story([0, 0], { max: 1 })).toEqual(['0 retry 1 in 100 after ERR_CLOSED', '100 one: ERR_CLOSED']);
    expect(story([503], { max: 0 })).toEqual(['0 one: 503']);
  });

  it('should wait as long as the server says', () => {
    const asking = (value: string) => `503 Busy\r\nRetry-After: ${value}`;
    expect(story([asking('3')])).toEqual(['0 retry 1 in 3000 after 503', '3000 one: 200']);
    expect(story([asking('0')])).toEqual(['0 retry 1 in 0 after 503', '0 one: 200']);
    expect(story([asking('Thu, 01 Jan 1970 00:00:05 GMT')])).toEqual([
      '0 retry 1 in 5000 after 503',
      '5000 one: 200',
    ]);
    expect(story([asking('11')])).toEqual(['0 one: 503']);
    expect(story([asking('soon')])).toEqual(['0 retry 1 in 100 after 503', '100 one: 200']);
  });

  it('should leave a part of the delay to chance', () => {
    expect(story([503], { jitter: 0.5, random: () => 0.5 })[0]).toBe('0 retry 1 in 75 after 503');
    expect(story([503, 503], { initialDelay: 900, maxDelay: 1000 })[1]).toBe('900 retry 2 in 1000 after 503');
  });

  it('should send nothing twice that is not to be', () => {
    expect(story([503], { ask: (agent) => agent.post(ROOT, 'x') })).toEqual(['0 one: 503']);
    expect(story([503], { ask: (agent) => agent.put(ROOT, of('x')) })).toEqual(['0 one: 503']);
    expect(story([503, 200], { ask: (agent) => agent.put(ROOT, 'x') })).toHaveLength(2);
  });

  it('should not try again what fails for reasons of ours', () => {
    expect(story([], { ask: (agent) => agent.request({ origin: ROOT, target: '/ ' }) })).toEqual([
      '0 one: ERR_HTTP_MESSAGE',
    ]);
  });

  it('should retry other statuses if it is told to', () => {
    expect(story([429, 503], { statuses: [429] })).toEqual(['0 retry 1 in 100 after 429', '100 one: 503']);
  });

  it('should end the waiting when nobody is interested any more', () => {
    const log = inTime(({ raw, agent, at, scheduler, note }) => {
      raw((connection) => connection.send(answer('x').replace('200', '503')));
      const client = agent();
      at(0, () => {
        const request = client
          .get(ROOT)
          .pipe(retryIdempotent({ scheduler, onRetry: () => note('retry') }))
          .subscribe();
        at(10, () => request.unsubscribe());
      });
    });
    expect(log).toEqual(['0 retry', '4000 closed: local', '4000 end']);
  });

  it('should error with what onRetry throws', () => {
    const onRetry = () => {
      throw new RangeError('no');
    };
    expect(story([503], { onRetry })).toEqual(['0 one: RangeError']);
  });

  it('should stand directly behind a request', () => {
    const other$ = EMPTY.pipe(map((response: HttpClientResponse) => response));
    expect(() => other$.pipe(retryIdempotent())).toThrow(OptionError);
    expect(() => retryIdempotent({ jitter: 2 })).toThrow(OptionError);
  });
});
