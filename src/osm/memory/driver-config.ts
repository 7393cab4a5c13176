/** What the host driver is configured with. Every limit is a table's size: nothing grows after start. */
export interface DriverConfig {
  /** Version of the socket class the driver speaks at most: 1, as before datagrams, or 2. The card's may be lower. */
  readonly classVersion: 1 | 2;
  /** Socket numbers, 1 to 65536. */
  readonly socketsMax: number;
  /** A socket's bytes in the card's hands (SO_SNDBUF), unless the program sets its own. */
  readonly sendBufferBytes: number;
  /** A socket's receive window (SO_RCVBUF): how often used bytes are credited depends on it. */
  readonly receiveBufferBytes: number;
  /** Transmit buffers only sockets with none in use may take, so that a few busy sockets cannot starve the others. */
  readonly transmitReserve: number;
  /** Blocked senders are told to go on once this many transmit buffers are free. */
  readonly transmitLowWatermark: number;
  /** What a send answers when the transmit pool is dry. `block` waits in the call. */
  readonly transmitDryPolicy: 'EAGAIN' | 'ENOBUFS' | 'block';
  /**
   * When the card is to answer a send. `auto`: at once when the socket or the pool runs low, else in company; the others, one
   * of the class's reply modes for every send, are for measurements. With `never` no error of a datagram is told.
   */
  readonly replyMode: 'auto' | 'batch' | 'immediate' | 'onError' | 'never';
  /** Sends up to this many bytes travel inside the frame; 0 turns that off. At most 96 of a stream and 92 of a datagram. */
  readonly immediateBytesMax: number;
  /** Short sends wait for the driver's next look and go several in one message, where the card can take that. */
  readonly batchSends: boolean;
  /** Buckets to give back gather until this many wait; at most 9 fit one message. */
  readonly bucketsPerPost: number;
  /** Accepts kept posted at a listener. */
  readonly acceptsPosted: number;
  /** How long a waiting driver polls before it sleeps, in nanoseconds. */
  readonly spinNs: number;
  /** How long the driver waits for a control reply before it takes the card for dead, in nanoseconds. */
  readonly controlTimeoutNs: number;
}
