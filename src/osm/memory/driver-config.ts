/**
 * What the host driver is configured with. Every limit here is the size of a table or a pool: nothing grows
 * after start.
 */
/** The smallest outbound frame that a card takes, and the largest that the driver offers. */
export const OUTBOUND_WORDS_MIN = 17;
export const OUTBOUND_WORDS_MAX = 1024;

export interface DriverConfig {
  /**
   * The highest version of the socket class that the driver speaks: 1, before datagram sockets, 2, before
   * records, options such as TCP_CORK and socket numbers beyond 16 bits, or 3. A card may have a lower one; both then speak that.
   */
  readonly classVersion: 1 | 2 | 3;
  /**
   * How many sockets there can be at once, 1 to SOCKETS_MAX of i2o/socket-number.ts; no more than 65,535 while
   * the driver or its card speaks an older version of the class than 3.
   */
  readonly socketsMax: number;
  /**
   * How many bytes of a socket may be in the card's hands (SO_SNDBUF), unless the program sets its own
   * number; of a datagram socket no more than 212,992, which is Linux's.
   */
  readonly sendBufferBytes: number;
  /** A socket's receive window in bytes (SO_RCVBUF). How often used bytes are credited depends on it. */
  readonly receiveBufferBytes: number;
  /** The window that a connection begins with; by what is credited it grows to `receiveBufferBytes`. */
  readonly receiveWindowBytes: number;
  /**
   * How many transmit buffers are kept for sockets that have none in use, so that a few busy sockets cannot
   * starve others.
   */
  readonly transmitReserve: number;
  /** Senders that wait for room are told to go on once this many transmit buffers are free. */
  readonly transmitLowWatermark: number;
  /**
   * What a send answers when no transmit buffer is free: one of two errors, or nothing until there is one
   * (`block`).
   */
  readonly transmitDryPolicy: 'EAGAIN' | 'ENOBUFS' | 'block';
  /**
   * When the card is to answer a send. `auto`: at once when the socket or the pool runs low, else together
   * with others. The other modes ask the same of every send and exist for measurements; with `never` no error
   * of a datagram is reported.
   */
  readonly replyMode: 'auto' | 'batch' | 'immediate' | 'onError' | 'never';
  /**
   * Sends of up to this many bytes travel inside the frame; 0: none does. At most 96 of a stream, and 92 of a
   * datagram, do.
   */
  readonly immediateBytesMax: number;
  /**
   * Words of an outbound frame, as OutboundInit tells the card: OUTBOUND_WORDS_MIN to OUTBOUND_WORDS_MAX. No
   * reply is longer. Over the FIFOs, frames of more than 32 words take the room of several.
   */
  readonly outboundFrameWords: number;
  /**
   * Whether short sends wait for the driver's next look and share one message, where the card's class version
   * allows it.
   */
  readonly batchSends: boolean;
  /**
   * For measurements, each breaks one aim of memory management: payload is copied once more each way, in a
   * buffer of the host's; each buffer is mapped for the card when it is used; each is allocated then.
   */
  readonly bounceBuffers: boolean;
  readonly mapBuffers: boolean;
  readonly allocateBuffers: boolean;
  /** Empty buckets gather until there are this many to post; at most 9 fit one message. */
  readonly bucketsPerPost: number;
  /**
   * How many socket ids are kept posted at the card for a listener that accepts often. One that does not has
   * fewer, at least one, and all together leave most ids to others.
   */
  readonly acceptsPosted: number;
  /**
   * Whether `socket` refuses with EMFILE while the ids that are left may be needed by connections from this
   * host to its own listeners. For programs that have another stack to go to.
   */
  readonly acceptsFirst: boolean;
  /**
   * How long a waiting driver polls before it sleeps, in nanoseconds. It polls less while the machine has
   * more busy threads than processors, but for who asks for a second or more.
   */
  readonly spinNs: number;
  /**
   * How long the driver waits for a reply to a control request before it takes the card for dead, in
   * nanoseconds.
   */
  readonly controlTimeoutNs: number;
}
