/** Lets tasks wait for a test, and a test for tasks, without a clock: memory that both see. */
export class Latch {
  /** For the argument of {@link pass}. */
  readonly memory = new SharedArrayBuffer(8);
  private readonly view = new Int32Array(this.memory);

  /** Tasks that have come here. */
  get count(): number {
    return Atomics.load(this.view, COUNT);
  }

  /** Lets all tasks pass that wait here or will come. */
  open(): void {
    Atomics.store(this.view, OPEN, 1);
    Atomics.notify(this.view, OPEN);
  }

  /** Waits until so many tasks have come. */
  async arrived(many: number): Promise<void> {
    for (let { count } = this; count < many; { count } = this) {
      const { value } = (Atomics as unknown as WithWaitAsync).waitAsync(this.view, COUNT, count);
      await value;
    }
  }
}

const OPEN = 0;
const COUNT = 1;

interface WithWaitAsync {
  waitAsync(view: Int32Array, index: number, value: number): { readonly value: unknown };
}

/** What {@link pass} is given. */
export interface Passing {
  readonly memory: SharedArrayBuffer;
  readonly answer: string;
}

/** A task: says that it has come, waits until the latch opens, and answers. */
export function pass({ memory, answer }: Passing): string {
  const view = new Int32Array(memory);
  Atomics.add(view, 1, 1);
  Atomics.notify(view, 1);
  Atomics.wait(view, 0, 0);
  return answer;
}

/** A task that says that it has come, and never ends. */
export function hang(memory: SharedArrayBuffer): never {
  const view = new Int32Array(memory);
  Atomics.add(view, 1, 1);
  Atomics.notify(view, 1);
  for (;;);
}
