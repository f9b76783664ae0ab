export const HELLO = 'hello world';
export const TEN_KIB = Buffer.alloc(10 * 1024, 'x');

/** What is answered to a request for a path. */
export function bodyOf(path) {
  return path === '/10k' ? TEN_KIB : HELLO;
}
