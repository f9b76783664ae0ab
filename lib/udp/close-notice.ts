/** The 16 bytes by which HP-Socket's UDP components say that a session is over. */
export const CLOSE_NOTICE: Uint8Array = Uint8Array.of(
  ...[0xbe, 0xb6, 0x1f, 0xeb, 0xda, 0x52, 0x46, 0xba],
  ...[0x92, 0x33, 0x59, 0xdb, 0xbf, 0xe6, 0xc8, 0xe4],
);

/** Whether a datagram is the notice, and nothing else. */
export function isCloseNotice(datagram: Uint8Array): boolean {
  if (datagram.length !== CLOSE_NOTICE.length) return false;
  for (let i = 0; i < CLOSE_NOTICE.length; i++) if (datagram[i] !== CLOSE_NOTICE[i]) return false;
  return true;
}
