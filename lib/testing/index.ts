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
export { bytesOf } from './marble/bytes-of.ts';
export type { EventName } from './marble/expectations.ts';
export type { MarbleExpectation, MarbleHelpers } from './marble/helpers.ts';
export { MarbleError } from './marble/marble-error.ts';
export type { ListenerScript, MarbleListener, NoConnection } from './marble/marble-listener.ts';
export { marbleNet, type MarbleNet } from './marble/marble-net.ts';
export type {
  MarbleConnectionOptions,
  MarbleDialOptions,
  MarbleNetOptions,
} from './marble/marble-options.ts';
export type { MarblePeer, MarblePeerOptions } from './marble/marble-peer.ts';
export type { MarbleValues } from './marble/marbles.ts';
export { Random } from './random.ts';
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
export {
  simulate,
  SimulationError,
  type SimulateOptions,
  type Simulation,
  type SimulationReport,
} from './simulate.ts';
export type { SimulationFailure } from './simulation/simulation-error.ts';
export { spy, type Spy, type SpyOptions } from './spy.ts';
export { SpyError } from './spy-waiter.ts';
export {
  DatagramLink,
  type DatagramCounts,
  type DatagramLinkOptions,
  type DatagramWeather,
} from './weather/datagram-link.ts';
export type { WeatherEvent } from './weather/link.ts';
export type { Side, Weather } from './weather/weather.ts';
export { WeatherNetwork, type WeatherNetworkOptions } from './weather/weather-network.ts';
