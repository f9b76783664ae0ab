import { getSystemErrorMap } from 'node:util';
import { type Endpoint, NetworkError, formatAddress } from 'hpsocket-rx';

/** Makes the handler of an error that ends a sample: one line that says why, exit code 1. */
export function fail(endpoint: Endpoint): (error: unknown) => never {
  return (error) => {
    console.error(explain(error, formatAddress(endpoint)));
    process.exit(1);
  };
}

function explain(error: unknown, where: string): string {
  if (!(error instanceof NetworkError)) return error instanceof Error ? error.message : String(error);
  const { errno } = (error.cause ?? {}) as { errno?: number };
  const [, text] = getSystemErrorMap().get(errno ?? 0) ?? [];
  const why = text === undefined ? error.message : `${text} (${error.code})`;
  if (error.operation === 'accept') return `cannot listen on ${where}: ${why}`;
  if (error.operation === 'connect') return `cannot connect to ${where}: ${why}`;
  return why;
}
