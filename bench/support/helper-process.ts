import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ended, spawnPinned } from './pinned.ts';

/** How to start a {@link HelperProcess}. */
export interface HelperOptions {
  readonly core: number;
  readonly nodeOptions?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A script of this folder's neighbours in a process of its own that answers questions. */
export class HelperProcess {
  private readonly name: string;
  private readonly child: ChildProcess;

  /** @param path The script, relative to `bench/`. Plain JavaScript, so that no loader is in the way. */
  constructor(path: string, { core, nodeOptions = [], env = {} }: HelperOptions) {
    this.name = path;
    const script = fileURLToPath(new URL(`../${path}`, import.meta.url));
    this.child = spawnPinned(core, process.execPath, [...nodeOptions, script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
  }

  /** The next message of the process. */
  async message<Answer>(): Promise<Answer> {
    const gone = new AbortController();
    const exited = once(this.child, 'exit', { signal: gone.signal }).then(() => {
      throw new Error(`${this.name} has ended by itself`);
    });
    const messages = once(this.child, 'message', { signal: gone.signal });
    try {
      const [answer] = (await Promise.race([messages, exited])) as [Answer];
      return answer;
    } finally {
      gone.abort();
      await Promise.allSettled([messages, exited]);
    }
  }

  /** Asks the process and waits for its answer. */
  ask<Answer>(question: string | object): Promise<Answer> {
    const answer = this.message<Answer>();
    this.child.send(question);
    return answer;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    await ended(this.child);
  }
}
