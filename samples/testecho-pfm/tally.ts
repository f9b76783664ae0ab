import { createHistogram } from 'node:perf_hooks';
import type { Agreed } from '../support/agreed.ts';
import type { Plan } from './plan.ts';
import type { Beginning, RoundTrips } from './round-trips.ts';

/** What a test has measured so far. */
export interface Result {
  /** Nothing when the connections are plain. */
  readonly tls: Agreed | undefined;
  readonly connections: number;
  /** Messages that came back, of all connections. */
  readonly messages: number;
  readonly size: number;
  readonly expected: number;
  readonly received: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Milliseconds. */
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p99' | 'max', number>>;
}

/** Adds up what comes back. */
export class Tally {
  private readonly plan: Plan;
  private readonly microseconds = createHistogram();
  private began = performance.now();
  private tls: Agreed | undefined;
  private messages = 0;
  private received = 0;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  begin({ tls }: Beginning): void {
    this.tls = tls;
    this.began = performance.now();
  }

  add({ bytes, times }: RoundTrips): void {
    this.received += bytes;
    this.messages += times.length;
    for (const time of times) this.microseconds.record(Math.max(1, Math.round(time * 1000)));
  }

  get result(): Result {
    const { tls, microseconds, messages, received } = this;
    const { connections, size } = this.plan;
    const seconds = (performance.now() - this.began) / 1000;
    const percentile = (percent: number) => (messages === 0 ? 0 : microseconds.percentile(percent) / 1000);
    return {
      tls,
      connections,
      messages,
      size,
      expected: connections * this.plan.messages * size,
      received,
      seconds,
      messagesPerSecond: messages / seconds,
      megabytesPerSecond: received / seconds / 1e6,
      latency: { p50: percentile(50), p90: percentile(90), p99: percentile(99), max: percentile(100) },
    };
  }
}
