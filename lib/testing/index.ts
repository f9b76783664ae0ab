/**
 * hpsocket-rx/testing: what tests of your own codecs and handlers need. Depends on no test runner.
 *
 * @packageDocumentation
 */
export type { CodecExample, EncodeCheck, RejectExample } from './codec-example.ts';
export { CodecMismatchError, type FeedingName } from './codec-mismatch-error.ts';
export { verifyCodec, type VerifyCodecOptions } from './verify-codec.ts';
