/**
 * Writes a pcapng file (draft-ietf-opsawg-pcapng): section headers, interfaces, packets with comments. Takes
 * packets in the order they are to stand in, gives bytes. Knows nothing of frames or wires.
 */
const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;

const OPTION_COMMENT = 1;
const SECTION_APPLICATION = 4;
const INTERFACE_NAME = 2;
const INTERFACE_DESCRIPTION = 3;
const INTERFACE_TIME_RESOLUTION = 9;
const PACKET_FLAGS = 2;
/** Times count nanoseconds: ten to the minus ninth. */
const NANOSECONDS = 9;

/** `epb_flags`: which way a packet went at its interface. */
export const DIRECTION_UNKNOWN = 0;
export const DIRECTION_INBOUND = 1;
export const DIRECTION_OUTBOUND = 2;

type Option = readonly [code: number, value: Uint8Array];

export class PcapngBlocks {
  private readonly write: (bytes: Uint8Array) => void;
  private readonly text = new TextEncoder();

  constructor(write: (bytes: Uint8Array) => void) {
    this.write = write;
  }

  /** Begins a section; its interfaces count from 0 again. */
  section(application: string, comment: string): void {
    const fixed = new DataView(new ArrayBuffer(16));
    fixed.setUint32(0, BYTE_ORDER, true);
    fixed.setUint16(4, 1, true);
    fixed.setBigInt64(8, -1n, true); // the section's length is not said
    this.block(
      SECTION_HEADER,
      fixed,
      [],
      [this.textOption(SECTION_APPLICATION, application), this.textOption(OPTION_COMMENT, comment)],
    );
  }

  /** Adds an interface. @param linkType LINKTYPE_ number. */
  interface(linkType: number, name: string, description: string): void {
    const fixed = new DataView(new ArrayBuffer(8));
    fixed.setUint16(0, linkType, true);
    this.block(
      INTERFACE,
      fixed,
      [],
      [
        this.textOption(INTERFACE_NAME, name),
        this.textOption(INTERFACE_DESCRIPTION, description),
        [INTERFACE_TIME_RESOLUTION, Uint8Array.of(NANOSECONDS)],
      ],
    );
  }

  /**
   * Adds a packet. @param epochNs nanoseconds since 1970. @param length bytes the whole packet had.
   * @param comment for the reader; empty for none.
   */
  packet(
    interfaceId: number,
    epochNs: bigint,
    bytes: Uint8Array,
    length: number,
    direction: number,
    comment: string,
  ): void {
    const fixed = new DataView(new ArrayBuffer(20));
    fixed.setUint32(0, interfaceId, true);
    fixed.setUint32(4, Number(epochNs >> 32n), true);
    fixed.setUint32(8, Number(epochNs & 0xffffffffn), true);
    fixed.setUint32(12, bytes.length, true);
    fixed.setUint32(16, length, true);
    const options: Option[] = [];
    if (direction !== DIRECTION_UNKNOWN) options.push([PACKET_FLAGS, Uint8Array.of(direction, 0, 0, 0)]);
    if (comment !== '') options.push(this.textOption(OPTION_COMMENT, comment));
    this.block(ENHANCED_PACKET, fixed, [bytes], options);
  }

  private textOption(code: number, text: string): Option {
    return [code, this.text.encode(text)];
  }

  private block(
    type: number,
    fixed: DataView,
    data: readonly Uint8Array[],
    options: readonly Option[],
  ): void {
    const dataBytes = data.reduce((sum, { length }) => sum + padded(length), 0);
    const optionBytes = options.reduce((sum, [, value]) => sum + 4 + padded(value.length), 0);
    const total = 12 + fixed.byteLength + dataBytes + optionBytes + (options.length === 0 ? 0 : 4);
    const block = new Uint8Array(total);
    const view = new DataView(block.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, total, true);
    block.set(new Uint8Array(fixed.buffer), 8);
    let at = 8 + fixed.byteLength;
    for (const part of data) {
      block.set(part, at);
      at += padded(part.length);
    }
    for (const [code, value] of options) {
      view.setUint16(at, code, true);
      view.setUint16(at + 2, value.length, true);
      block.set(value, at + 4);
      at += 4 + padded(value.length);
    }
    view.setUint32(total - 4, total, true);
    this.write(block);
  }
}

/** Everything in a block begins at a multiple of 4 bytes. */
function padded(length: number): number {
  return (length + 3) & ~3;
}
