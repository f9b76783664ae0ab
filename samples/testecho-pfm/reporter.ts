import type { Observer } from 'rxjs';
import { formatAgreed } from '../support/agreed.ts';
import { fail } from '../support/fail.ts';
import { LiveLine } from '../support/live-line.ts';
import { isInterrupted } from '../support/signals.ts';
import type { Plan } from './plan.ts';
import type { Beginning, RoundTrips } from './round-trips.ts';
import { type Result, Tally } from './tally.ts';

/**
 * Shows the progress on a terminal and at the end prints the result. A test that fails exits with 1.
 *
 * @param whyMissing Why not everything came back.
 */
export function reporter(
  plan: Plan,
  whyMissing: (result: Result) => string = () => 'a connection closed before everything came back',
): Observer<Beginning | RoundTrips> {
  const tally = new Tally(plan);
  const live = new LiveLine();
  let begun = false;

  const conclude = (problem: string | undefined) => {
    live.clear();
    const { result } = tally;
    if (plan.json)
      console.log(JSON.stringify({ event: 'result', success: problem === undefined, problem, ...result }));
    else console.log(`${table(result)}\n${problem === undefined ? 'Success' : `Fail: ${problem}`}`);
    if (problem !== undefined && !isInterrupted()) process.exitCode = 1;
  };

  return {
    next: (news) => {
      if ('tls' in news) {
        begun = true;
        tally.begin(news);
      } else tally.add(news);
      if (!plan.json) live.show(() => progress(tally.result));
    },
    error: (error: unknown) => {
      if (!begun) fail(plan)(error);
      conclude(error instanceof Error ? error.message : String(error));
    },
    complete: () => {
      const { result } = tally;
      if (result.received === result.expected) conclude(undefined);
      else conclude(isInterrupted() ? 'interrupted' : whyMissing(result));
    },
  };
}

function progress({ expected, received, ...rates }: Result): string {
  return `${Math.floor((100 * received) / expected)} %, ${rate(rates)}`;
}

function rate(rates: Pick<Result, 'messagesPerSecond' | 'megabytesPerSecond'>): string {
  return `${round(rates.messagesPerSecond)} messages/s, ${round(rates.megabytesPerSecond)} MB/s`;
}

function table(result: Result): string {
  const { tls, connections, messages, size, expected, received, seconds, latency } = result;
  const { p50, p90, p99, max } = latency;
  return [
    ...(tls === undefined ? [] : [`handshake    ${formatAgreed(tls)}`]),
    `connections  ${connections}`,
    `messages     ${messages} of ${size} bytes`,
    `expected     ${expected} bytes`,
    `received     ${received} bytes`,
    `time         ${seconds.toFixed(3)} s`,
    `rate         ${rate(result)}`,
    `latency      p50 ${round(p50)} ms, p90 ${round(p90)} ms, p99 ${round(p99)} ms, max ${round(max)} ms`,
  ].join('\n');
}

/** Three digits, more or less. */
function round(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
