/** Data that was given to be sent, in one segment, kept until it is acknowledged. */
export class SentSegment {
  /** The data are a part of a message. */
  readonly message: Buffer;
  readonly begin: number;
  readonly length: number;
  /** Fragments of the message that follow. */
  readonly fragment: number;
  /** Its number, once it is within the window. */
  sn = 0;
  /** When it was sent last, as on the wire. */
  ts = 0;
  /** When to send it again unless it is acknowledged, and how long that is after sending it last. */
  resendAt = 0;
  timeout = 0;
  /** How often it was sent. */
  sent = 0;
  /** Acknowledgements for segments behind it, which were sent no earlier. */
  passed = 0;
  /** It has come, but perhaps not all before it. */
  isAcknowledged = false;

  constructor(message: Buffer, begin: number, length: number, fragment: number) {
    this.message = message;
    this.begin = begin;
    this.length = length;
    this.fragment = fragment;
  }
}
