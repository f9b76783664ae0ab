// What every client of the benchmarks does besides asking: it asks as often as it can for a while, when it is told to.

/** `ask(url)` asks once and returns a promise, or calls `done` when the whole answer is there. */
export function work(ask) {
  process.on('message', async ({ url, seconds, concurrency }) =>
    process.send(await run(ask, url, seconds, concurrency)),
  );
  process.on('disconnect', () => process.exit(0));
  process.send('ready');
}

function run(ask, url, seconds, concurrency) {
  return new Promise((resolve, reject) => {
    let messages = 0;
    let over = false;
    let running = concurrency;
    const begun = performance.now();
    const cpu = process.cpuUsage();
    const done = () => {
      messages++;
      if (!over) {
        ask(url, done, reject);
        return;
      }
      if (--running > 0) return;
      const { user, system } = process.cpuUsage(cpu);
      resolve({ messages, seconds: (performance.now() - begun) / 1000, cpu: (user + system) / 1e6 });
    };
    setTimeout(() => (over = true), seconds * 1000);
    for (let i = 0; i < concurrency; i++) ask(url, done, reject);
  });
}
