/** Content codings that bodies can be compressed with, and `identity`, which is not to compress. */
export type ContentCoding = 'gzip' | 'br' | 'deflate' | 'identity';

const PREFERRED: readonly ContentCoding[] = ['br', 'gzip', 'deflate'];

/** Elements of a list that are looked at; nobody knows so many codings. */
const MAX_ELEMENTS = 32;

const ELEMENT = /^([!#$%&'*+.^_`|~\w-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/**
 * Chooses how to compress a body, by `Accept-Encoding` (RFC 9110 section 12.5.3): of what is offered the coding that the
 * client likes best, and of those that it likes equally the one that is offered first. An element that is malformed is
 * ignored. An answer that was negotiated needs `Vary: Accept-Encoding`.
 *
 * @param accepted Value of `Accept-Encoding`, if there is one. Without it, bodies stay as they are.
 * @param offered Codings that can be had, best first; `identity` always can.
 * @returns `undefined` if the client has refused all of them, `identity` too: then the answer is 406, or `identity` all
 *   the same.
 * @example
 * negotiateEncoding('gzip, deflate, br;q=0.5'); // 'gzip'
 * negotiateEncoding('identity;q=0', []); // undefined
 */
export function negotiateEncoding(
  accepted: string | undefined,
  offered: readonly ContentCoding[] = PREFERRED,
): ContentCoding | undefined {
  if (accepted === undefined) return 'identity';
  const weights = weightsOf(accepted);
  const others = weights.get('*');
  let best: ContentCoding | undefined;
  let most = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others ?? 0;
    if (coding === 'identity' || weight <= most) continue;
    best = coding;
    most = weight;
  }
  // Not to compress is acceptable unless it is refused, but what is named is liked better than what is not.
  const identity = weights.get('identity');
  if (identity !== undefined && identity > most) return 'identity';
  if (best !== undefined) return best;
  return (identity ?? others) === 0 ? undefined : 'identity';
}

/** What is said about each coding, from 0 to 1. */
function weightsOf(list: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const element of list.split(',', MAX_ELEMENTS)) {
    const [, name, quality] = ELEMENT.exec(element.trim()) ?? [];
    if (name === undefined) continue;
    const coding = name.toLowerCase();
    weights.set(coding === 'x-gzip' ? 'gzip' : coding, quality === undefined ? 1 : Number(quality));
  }
  return weights;
}
