/**
 * A message of MSG_RR and MSG_STREAM as it is sent without a card: an object with the fields of the frame
 * that the card gets (PrivateEcho, spec/executive.yaml), by their names. `clone` hands the object itself to
 * `postMessage`; `msgpack` encodes it, transfers the bytes, and decodes them on the other side.
 *
 * An object, not the frame's words: whoever sends messages between two threads of a Node program sends
 * objects, and gets the fields ready to read. The reader of a frame gets no more, and the writer of one
 * writes the same eight numbers. A payload is a field of its own, which is copied with the object.
 */
import { Decoder, Encoder } from '@msgpack/msgpack';

export type Encoding = 'clone' | 'msgpack';

/** What is posted: the object, or its encoding. */
export type Posted = PortMessage | Uint8Array;

export interface PortMessage {
  readonly target: number;
  readonly initiator: number;
  readonly function: number;
  readonly initiatorContext: number;
  readonly transactionContext: number;
  readonly xFunctionCode: number;
  readonly organizationId: number;
  readonly sequence: number;
  /** Absent: a frame alone. */
  readonly payload?: Uint8Array;
}

const DEVICE = 0x010;
const HOST = 0x001;
const PRIVATE = 0xff;
const HANDLER = 8;
const ORGANIZATION = 0x1d1c;

/**
 * A request as `osm/message/requests.ts` builds it. @param xFunctionCode 1 to be answered, 2 only to be
 * taken.
 */
export function portMessage(sequence: number, xFunctionCode: number, payload?: Uint8Array): PortMessage {
  const message = {
    target: DEVICE,
    initiator: HOST,
    function: PRIVATE,
    initiatorContext: HANDLER,
    transactionContext: 0,
    xFunctionCode,
    organizationId: ORGANIZATION,
    sequence,
  };
  return payload === undefined ? message : { ...message, payload };
}

/** Sends and takes messages in one encoding. Encoder and decoder are kept, as msgpack's authors advise. */
export class PortCodec {
  private readonly encoder = new Encoder();
  private readonly decoder = new Decoder();
  private readonly encodes: boolean;

  constructor(encoding: Encoding) {
    this.encodes = encoding === 'msgpack';
  }

  post(
    port: { postMessage(message: Posted, transfer?: readonly ArrayBuffer[]): void },
    message: PortMessage,
  ): void {
    if (!this.encodes) {
      port.postMessage(message);
      return;
    }
    const bytes = this.encoder.encode(message);
    port.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
  }

  read(posted: Posted): PortMessage {
    return posted instanceof Uint8Array ? (this.decoder.decode(posted) as PortMessage) : posted;
  }
}
