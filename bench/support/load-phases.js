// The phases of a load generator in JavaScript: a lead, the seconds that count, and a moment for whoever measures.

/** Counts answers and how long they took; prints "begin" and "end" as load.c does, and ends the process. */
export function measure(lead, seconds) {
  const latencies = new Uint32Array(1_000_000);
  let messages = 0;
  let warming = true;
  const percentile = (share) => {
    let seen = 0;
    return latencies.findIndex((count) => (seen += count) >= share * messages);
  };
  const fail = (what) => {
    process.stderr.write(`load: ${what}\n`);
    process.exit(1);
  };
  setTimeout(() => {
    const start = performance.now();
    const cpu = process.cpuUsage();
    warming = false;
    messages = 0;
    latencies.fill(0);
    process.stdout.write('begin\n');
    setTimeout(() => {
      const used = process.cpuUsage(cpu);
      if (messages === 0) fail('nothing came back');
      const result = {
        messages,
        seconds: (performance.now() - start) / 1000,
        cpu: (used.user + used.system) / 1e6,
        p50: percentile(0.5),
        p99: percentile(0.99),
      };
      process.stdout.write(`end ${JSON.stringify(result)}\n`);
      setTimeout(() => process.exit(0), 50);
    }, seconds * 1000);
  }, lead * 1000);
  return {
    fail,
    /** Whether nothing counts yet, so that there is time to look at what comes. */
    get isWarming() {
      return warming;
    },
    /** An answer took so many milliseconds. */
    count(took) {
      messages++;
      latencies[Math.min(Math.floor(took * 1000), latencies.length - 1)]++;
    },
  };
}
