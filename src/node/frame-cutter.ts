/**
 * Finds where the frames of a byte stream end, when each begins with a header of fixed length that holds the
 * length of what follows: TLS records (RFC 8446 §5.1) and HTTP/2 frames (RFC 9113 §4.1).
 *
 * Node's C++ calls the program once for each frame of a chunk and runs the ticks after each call. Called from
 * JavaScript it does not run them, so a chunk is given to it a frame at a time, with the ticks in between.
 */
export interface FrameLayout {
  readonly headerBytes: number;
  /** Where in the header the length stands, in network order. */
  readonly lengthAt: number;
  readonly lengthBytes: number;
  /** A length of the text that may come before the first frame, and its first byte, which no frame has. */
  readonly prefaceBytes: number;
  readonly prefaceFirst: number;
}

export const TLS_RECORD: FrameLayout = {
  headerBytes: 5,
  lengthAt: 3,
  lengthBytes: 2,
  prefaceBytes: 0,
  prefaceFirst: -1,
};

/** A client's first bytes are `PRI * HTTP/2.0`; as a length its first three would be beyond any frame's. */
export const HTTP2_FRAME: FrameLayout = {
  headerBytes: 9,
  lengthAt: 0,
  lengthBytes: 3,
  prefaceBytes: 24,
  prefaceFirst: 0x50,
};

export class FrameCutter {
  private readonly layout: FrameLayout;
  private started = false;
  /** Bytes of the present header already seen, and the length as far as it is known. */
  private headerSeen = 0;
  private length = 0;
  /** Bytes of the present frame's body still to come. */
  private left = 0;

  constructor(layout: FrameLayout) {
    this.layout = layout;
  }

  /** @returns where the frame that begins or goes on at `offset` ends, or the end of the chunk. */
  cut(bytes: Uint8Array, offset: number): number {
    const { headerBytes, lengthAt, lengthBytes } = this.layout;
    if (!this.started) this.start(bytes[offset]);
    let at = offset;
    while (this.left === 0) {
      if (at === bytes.length) return at;
      const place = this.headerSeen++ - lengthAt;
      if (place >= 0 && place < lengthBytes) this.length = this.length * 256 + bytes[at];
      at++;
      if (this.headerSeen < headerBytes) continue;
      this.left = this.length;
      this.headerSeen = 0;
      this.length = 0;
      if (this.left === 0) return at;
    }
    const end = Math.min(bytes.length, at + this.left);
    this.left -= end - at;
    return end;
  }

  private start(first: number): void {
    this.started = true;
    if (first === this.layout.prefaceFirst) this.left = this.layout.prefaceBytes;
  }
}
