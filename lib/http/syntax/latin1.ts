/** What every Buffer has; the declarations of Node leave it out. */
interface Latin1Buffer {
  latin1Slice(from: number, to: number): string;
}

/** The bytes from `from` to `to` as text, each one character; as `toString('latin1')`, but without its search for the encoding. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1Buffer).latin1Slice(from, to);
}
