// What every server of the benchmarks does besides serving: it tells its port and answers questions about itself.
import { setTimeout as sleep } from 'node:timers/promises';

export { http, library } from './library.js';

/** Tells the harness where the server listens, and answers it until it leaves. */
export function report(port) {
  process.on('message', async (question) => process.send(await answers[question]()));
  process.on('disconnect', () => process.exit(0));
  process.send({ port });
}

const answers = {
  cpu() {
    const { user, system } = process.cpuUsage();
    return { seconds: (user + system) / 1e6 };
  },

  /** What is left in memory once the collector (`--expose-gc`) finds nothing more. */
  async memory() {
    for (let i = 0; i < 6; i++) {
      globalThis.gc();
      await sleep(50);
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { used: heapUsed + external, resident: rss };
  },
};
