/**
 * Calls back when a signal aborts. However many tasks share a signal, it gets one listener: with one for each, Node warns
 * of a leak from the eleventh on, and takes ever longer to add the next.
 *
 * @returns What takes it back.
 */
export function onAbort(signal: AbortSignal, react: () => void): () => void {
  let reactions = known.get(signal);
  if (reactions === undefined) {
    const all = new Set<() => void>();
    known.set(signal, all);
    signal.addEventListener('abort', () => callAll(all), { once: true });
    reactions = all;
  }
  reactions.add(react);
  return () => void reactions.delete(react);
}

const known = new WeakMap<AbortSignal, Set<() => void>>();

function callAll(reactions: Set<() => void>): void {
  for (const react of reactions) react();
  reactions.clear();
}
