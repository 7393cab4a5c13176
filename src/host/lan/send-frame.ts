/**
 * The LanPacketSend under way: packets of one port are put behind one another in one message until it is
 * full, or until the host looks for replies, so that those of one turn share it. Its frame is acquired for
 * the first packet, and whoever wants a frame meanwhile posts it first.
 */
import { assert } from '../../assert/assert.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { LAN_PACKET_SEND_SGL_WORD, LAN_REPLY_MODE_BATCH, writeLanPacketSend } from '../../i2o/lan.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { HANDLER_SEND } from '../../osm/message/handlers.ts';
import type { InboundFrames } from '../../osm/message/inbound-frames.ts';

/** Flags of a packet's elements, and of the last of all. */
const FIRST = 0x15;
const FURTHER = 0x14;
const END_OF_BUFFER = 0x40;
const LAST = 0x80;
const FLAGS_SHIFT = 24;
const FIRST_WORDS = 3;
const FURTHER_WORDS = 2;

export class SendFrame {
  private readonly frames: InboundFrames;
  private frame: number = NO_FRAME;
  private tid = 0;
  private checksum = 0;
  private size = LAN_PACKET_SEND_SGL_WORD;
  /** Word of the element written last. */
  private last = 0;

  constructor(frames: InboundFrames) {
    this.frames = frames;
  }

  /** Whether a packet of any shape finds a frame. Sets `short` of the frames where none does. */
  get hasRoom(): boolean {
    if (this.frames.framesFreeFor(1) > 0) return true;
    this.frames.short = true;
    return false;
  }

  /**
   * Begins a packet, whose elements follow. The caller knows that there is room.
   * @param checksum 1: the card fills in the transport checksum. @param pieces besides the first.
   */
  begin(tid: number, checksum: number, pieces: number): void {
    const words = FIRST_WORDS + pieces * FURTHER_WORDS;
    const differs = tid !== this.tid || checksum !== this.checksum;
    if (this.frame !== NO_FRAME && (differs || this.size + words > FRAME_WORDS)) this.post();
    if (this.frame !== NO_FRAME) return;
    this.frame = this.frames.acquire();
    assert(this.frame !== NO_FRAME, 'send frame: a packet that was begun finds a frame');
    this.tid = tid;
    this.checksum = checksum;
    this.size = LAN_PACKET_SEND_SGL_WORD;
  }

  /** The packet's first element, which has its context. @param ends whether it is the only one. */
  first(context: number, address: number, byteLength: number, ends: boolean): void {
    const at = this.element(FIRST, byteLength, ends);
    const { words } = this.frames;
    words[at + 1] = context;
    words[at + 2] = address;
    this.size += FIRST_WORDS;
  }

  further(address: number, byteLength: number, ends: boolean): void {
    const at = this.element(FURTHER, byteLength, ends);
    this.frames.words[at + 1] = address;
    this.size += FURTHER_WORDS;
  }

  /** Posts what is under way, if there is anything. @returns 1 if there was. // Hot path. */
  post(): number {
    const { frames, frame, tid, checksum, size } = this;
    if (frame === NO_FRAME) return 0;
    const { words } = frames;
    words[this.last] |= LAST << FLAGS_SHIFT;
    const control = [0, 0, 0, 0, checksum, LAN_REPLY_MODE_BATCH] as const;
    writeLanPacketSend(words, frame, tid, HOST_TID, HANDLER_SEND, ...control, size);
    this.frame = NO_FRAME;
    frames.deviceTid = tid;
    frames.post();
    return 1;
  }

  /** The card was reset: the frame is forgotten. */
  restart(): void {
    this.frame = NO_FRAME;
  }

  private element(flags: number, byteLength: number, ends: boolean): number {
    const at = this.frame + this.size;
    this.frames.words[at] = ((ends ? flags | END_OF_BUFFER : flags) << FLAGS_SHIFT) | byteLength;
    this.last = at;
    return at;
  }
}
