import { createCipheriv } from 'node:crypto';
import type { Observable } from 'rxjs';

/** Bytes without a period, the same for the same seed: a lost, doubled or swapped piece shows. */
export function pattern(length: number, seed = 1): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}

/** Everything that a source emits until it completes, joined. */
export function collect(source: Observable<Uint8Array>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    source.subscribe({
      next: (chunk) => chunks.push(chunk),
      error: reject,
      complete: () => resolve(Buffer.concat(chunks)),
    });
  });
}

/** The first bytes that a source emits; whoever asked for them leaves when they are there. */
export function firstBytes(source: Observable<Uint8Array>, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let missing = length;
    const subscription = source.subscribe({
      next: (chunk) => {
        chunks.push(chunk);
        missing -= chunk.length;
        if (missing > 0) return;
        subscription.unsubscribe();
        resolve(Buffer.concat(chunks));
      },
      error: reject,
      complete: () => reject(new Error(`the source completed ${missing} bytes early`)),
    });
  });
}

/** Where two byte strings differ, in words that fit on a line; `'nowhere'` if they are equal. */
export function difference(actual: Uint8Array, expected: Uint8Array): string {
  if (Buffer.compare(actual, expected) === 0) return 'nowhere';
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  return `at ${at < 0 ? 'the end' : at}: ${actual.length} bytes, not the ${expected.length} expected`;
}
