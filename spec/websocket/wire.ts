import { hex } from '../../lib/bytes/bytes-like.ts';
import { headerLength, putHeader, putKey } from '../../lib/websocket/frame-header.ts';
import { applyMask, keyOf } from '../../lib/websocket/mask.ts';
import type { MaskKeys } from '../../lib/websocket/mask-keys.ts';

/** The key of most frames here. */
export const KEY = keyOf(hex('11 22 33 44'));

/** Always the same key, so that frames can be written down. */
export const ONE_KEY: MaskKeys = { next: () => KEY };

/** A frame. */
export interface FrameParts {
  /** FIN, reserved bits and opcode. */
  readonly first: number;
  readonly body?: Uint8Array | string;
  /** Left out, it is not masked. */
  readonly key?: number;
}

/** The bytes of a frame, made step by step. */
export function frame({ first, body = '', key }: FrameParts): Buffer {
  const content = Buffer.from(body);
  const bytes = Buffer.alloc(headerLength(content.length, key !== undefined) + content.length);
  let at = putHeader(bytes, 0, first, content.length, key === undefined ? 0 : 0x80);
  if (key !== undefined) at = putKey(bytes, at, key);
  bytes.set(content, at);
  if (key !== undefined) applyMask(bytes, at, bytes.length, key);
  return bytes;
}

/** A frame of a client. */
export function masked(first: number, body: Uint8Array | string = '', key = KEY): Buffer {
  return frame({ first, body, key });
}

/** A frame of a server. */
export function plain(first: number, body: Uint8Array | string = ''): Buffer {
  return frame({ first, body });
}

/** Numbers from 0 to `length` - 1, as bytes. */
export function counting(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index * 7));
}
