import { fileURLToPath } from 'node:url';
import { type LoadGenerator, type LoadObserver, type LoadTimes, runLoad } from './generator.ts';

/** Requests on connections that are kept alive. */
export interface HttpLoad {
  readonly connections: number;
  /** Requests at a time on each. */
  readonly depth: number;
  /** The text of a request. */
  readonly request: string;
}

const SCRIPT = fileURLToPath(new URL('load-http.js', import.meta.url));

/** The generator of requests in a process of its own. */
export const httpLoad: LoadGenerator<HttpLoad> = {
  run(port: number, load: HttpLoad, { lead, seconds }: LoadTimes, observer?: LoadObserver) {
    const { connections, depth, request } = load;
    const numbers = [port, connections, depth, lead, seconds].map(String);
    const text = Buffer.from(request, 'latin1').toString('base64');
    return runLoad(process.execPath, [SCRIPT, ...numbers, text], observer);
  },
};
