export const DEPTH: number;
export const MESSAGE: Buffer;
