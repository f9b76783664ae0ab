import { fileURLToPath } from 'node:url';
import { type LoadGenerator, type LoadObserver, type LoadTimes, runLoad } from './generator.ts';

/** Connections that come, do a handshake and go. */
export interface Visits {
  /** At a time. */
  readonly connections: number;
  /** Whether sessions are new or resumed. */
  readonly sessions: 'full' | 'resumed';
}

const SCRIPT = fileURLToPath(new URL('load-handshakes.js', import.meta.url));

/** The generator of handshakes in a process of its own. */
export const handshakes: LoadGenerator<Visits> = {
  run(
    port: number,
    { connections, sessions }: Visits,
    { lead, seconds }: LoadTimes,
    observer?: LoadObserver,
  ) {
    const args = [SCRIPT, port, connections, sessions, lead, seconds].map(String);
    return runLoad(process.execPath, args, observer);
  },
};
