/**
 * hpsocket-rx/testing: what tests of your own codecs and handlers need. Depends on no test runner.
 *
 * @packageDocumentation
 */
export type { CodecExample, EncodeCheck, RejectExample } from './codec-example.ts';
export { CodecMismatchError, type FeedingName } from './codec-mismatch-error.ts';
export { verifyCodec, type VerifyCodecOptions } from './verify-codec.ts';
export {
  connectionPair,
  type CodedPairOptions,
  type ConnectionPair,
  type ConnectionPairOptions,
  type PairEndOptions,
} from './connection-pair.ts';
export { record, type RecordOptions, type Recorder, type RecordingEnd } from './record.ts';
export { RecordingError } from './recording-error.ts';
export type { RecordingSink } from './recording-sink.ts';
export {
  formatRecording,
  parseRecording,
  readRecording,
  type RecordedEvent,
  type Recording,
  type RecordingHeader,
} from './recording.ts';
export { ReplayMismatchError } from './replay-mismatch-error.ts';
export { replay, type Replay, type ReplayOptions } from './replay.ts';
export { spy, type Spy, type SpyOptions } from './spy.ts';
export { SpyError } from './spy-waiter.ts';
