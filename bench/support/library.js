/** The build under test: the package itself, or another build of it to compare with. */
export const library = await import(process.env.BENCH_BUILD ?? 'hpsocket-rx');

/** What speaks HTTP in it. */
export const http = await import(
  process.env.BENCH_BUILD?.replace(/index\.js$/, 'http/index.js') ?? 'hpsocket-rx/http'
);
