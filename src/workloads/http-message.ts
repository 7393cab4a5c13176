/**
 * What HTTP programs send each other (RFC 9112): a request that is a head of some length, and a response with
 * a head of one length and a body. Only what the two programs need of each other is read.
 */

/** A request asks for a body of so many bytes by its path. */
const REQUEST_START = 'GET /';
const REQUEST_DIGITS = 7;
const REQUEST_REST = ' HTTP/1.1\r\nHost: inic\r\nAccept: ';
const HEAD_END = '\r\n\r\n';
/** Bytes of the shortest request: the path, and a value of one letter to be made longer. */
export const REQUEST_BYTES_MIN =
  REQUEST_START.length + REQUEST_DIGITS + REQUEST_REST.length + 1 + HEAD_END.length;
export const REQUEST_BYTES_MAX = 65_536;
export const BODY_BYTES_MAX = 1 << 20;

const RESPONSE_START = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ';
const RESPONSE_DIGITS = 7;
const RESPONSE_REST = '\r\nConnection: ';
/** Of one length, with spaces before its end (RFC 9110 §5.5). */
const KEEPS = 'keep-alive';
const CLOSES = 'close     ';
const CLOSES_AT = RESPONSE_START.length + RESPONSE_DIGITS + RESPONSE_REST.length;
export const RESPONSE_HEAD_BYTES = CLOSES_AT + KEEPS.length + HEAD_END.length;

const ZERO = 48;
const CR = 13;
const LF = 10;

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const END = ascii(HEAD_END);
const PADDING = 'x'.charCodeAt(0);

/** A buffer in which a request of any length is written. @param bytesMax of the longest. */
export class RequestWriter {
  readonly bytes: Uint8Array;

  constructor(bytesMax: number) {
    const start = `${REQUEST_START}${'0'.repeat(REQUEST_DIGITS)}${REQUEST_REST}`;
    const padding = 'x'.repeat(bytesMax - start.length - END.length);
    this.bytes = ascii(`${start}${padding}${HEAD_END}`);
    this.endAt = bytesMax - END.length;
  }

  private endAt: number;

  /** @param length of the request. @param bodyBytes it asks for. // Hot path. */
  write(length: number, bodyBytes: number): void {
    writeDigits(this.bytes, REQUEST_START.length, REQUEST_DIGITS, bodyBytes);
    const endAt = length - END.length;
    if (endAt === this.endAt) return;
    for (let i = 0; i < END.length; i++) this.bytes[this.endAt + i] = PADDING;
    for (let i = 0; i < END.length; i++) this.bytes[endAt + i] = END[i];
    this.endAt = endAt;
  }
}

/** Reads requests, each of which may come in pieces, by connection. */
export class RequestReader {
  /** Bytes of a request read so far; 0 between two of them. */
  readonly read: Int32Array;
  /** Bytes of the body that it asks for. */
  readonly bodyBytes: Int32Array;
  /** How much of a head's end has been seen. */
  private readonly ends: Uint8Array;

  constructor(places: number) {
    this.read = new Int32Array(places);
    this.bodyBytes = new Int32Array(places);
    this.ends = new Uint8Array(places);
  }

  /** A connection begins. */
  reset(place: number): void {
    this.read[place] = 0;
    this.ends[place] = 0;
  }

  /**
   * // Hot path. @returns whether these bytes end the request.
   * @throws Error for a request that is no such, or has another behind it.
   */
  take(place: number, bytes: Uint8Array, count: number): boolean {
    const digitsTo = REQUEST_START.length + REQUEST_DIGITS;
    let read = this.read[place];
    let ends = this.ends[place];
    if (read === 0) this.bodyBytes[place] = 0;
    for (let i = 0; i < count; i++) {
      const byte = bytes[i];
      if (read >= REQUEST_START.length && read < digitsTo) {
        if (byte < ZERO || byte > ZERO + 9) throw new Error('a request asks for no number of bytes');
        this.bodyBytes[place] = 10 * this.bodyBytes[place] + byte - ZERO;
      }
      read += 1;
      ends = byte === (ends % 2 === 0 ? CR : LF) ? ends + 1 : byte === CR ? 1 : 0;
      if (ends < END.length) continue;
      if (i + 1 < count) throw new Error('a request came before the answer to the one before it');
      if (this.bodyBytes[place] > BODY_BYTES_MAX) throw new Error('a request asks for too long an answer');
      this.reset(place);
      return true;
    }
    if (read > REQUEST_BYTES_MAX) throw new Error('a request is too long');
    this.read[place] = read;
    this.ends[place] = ends;
    return false;
  }
}

/** The head of a response. */
export class ResponseHead {
  readonly bytes: Uint8Array = ascii(
    `${RESPONSE_START}${'0'.repeat(RESPONSE_DIGITS)}${RESPONSE_REST}${KEEPS}${HEAD_END}`,
  );
  private readonly keeps = ascii(KEEPS);
  private readonly closes = ascii(CLOSES);

  /** // Hot path. */
  write(bodyBytes: number, closes: boolean): void {
    writeDigits(this.bytes, RESPONSE_START.length, RESPONSE_DIGITS, bodyBytes);
    const word = closes ? this.closes : this.keeps;
    for (let i = 0; i < word.length; i++) this.bytes[CLOSES_AT + i] = word[i];
  }
}

/** // Hot path. @param at where a response's head begins. @returns bytes of its body; -1: it is no head. */
export function bodyBytesOf(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < RESPONSE_DIGITS; i++) {
    const digit = bytes[at + RESPONSE_START.length + i] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = 10 * value + digit;
  }
  return value;
}

/** @param at where a response's head begins. @returns whether its server closes behind it. */
export function closesAfter(bytes: Uint8Array, at: number): boolean {
  return bytes[at + CLOSES_AT] === CLOSES.charCodeAt(0);
}

function writeDigits(bytes: Uint8Array, at: number, count: number, value: number): void {
  let left = value;
  for (let i = count - 1; i >= 0; i--) {
    bytes[at + i] = ZERO + (left % 10);
    left = (left / 10) | 0;
  }
}
