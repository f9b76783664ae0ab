/** Memory of this process, in bytes, after garbage collection; needs `--expose-gc`. */
export async function settledMemory(): Promise<{ rss: number; heap: number }> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

/** Samples memory as often as the event loop turns, and remembers the largest. */
export class PeakMemory {
  rss = 0;
  external = 0;
  private readonly timer = setInterval(() => this.sample(), 5);

  sample(): void {
    const { rss, external } = process.memoryUsage();
    this.rss = Math.max(this.rss, rss);
    this.external = Math.max(this.external, external);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** Hands the result to the test that started this program. */
export function report(result: Record<string, number | string | boolean>): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Waits until a condition holds, looking again in every round of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}
