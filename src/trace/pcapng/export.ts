/**
 * A trace as one capture for Wireshark: interface 0 has the message frames (link type USER0, before each the
 * small header below), interface 1 the packets of the card's wire (Ethernet). Comments say which belong
 * together (links.ts). Takes a trace's events from trace/decode/, puts them in the order of their times,
 * gives pcapng bytes. spec/wireshark/inic.lua shows the frames.
 *
 *   byte  0  version, 1                      12  request's frame number, 0 where there is none
 *         1  kind: 0 frame, 1 doorbell, 2 interrupt      16  class of the device, u16
 *         2  0 inbound, 1 outbound           18  socket, bits 0-15, u16; 0xFFFF, and 0 in
 *         3  bits 16-23 of the socket            byte 3, where none is known
 *         4  frame number                    20  the frame's words
 *         8  slot
 *
 * Everything is little-endian, as the frames are.
 */

import { NO_SOCKET } from '../../i2o/socket-number.ts';
import type { FrameEvent, TraceEvent } from '../decode/decoder.ts';
import type { TraceHead } from '../sink.ts';
import { DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTION_UNKNOWN, PcapngBlocks } from './blocks.ts';
import { FrameLinks } from './links.ts';

export const FRAME_HEADER_BYTES = 20;
const HEADER_VERSION = 1;
const KIND_FRAME = 0;
const KIND_DOORBELL = 1;
const KIND_INTERRUPT = 2;

const LINKTYPE_USER0 = 147;
const LINKTYPE_ETHERNET = 1;
const FRAMES = 0;
const WIRE = 1;

/** Events that wait for earlier ones: a packet is told when the host next looks, a little after its time. */
const WINDOW_EVENTS = 1024;

export class PcapngExport {
  private readonly blocks: PcapngBlocks;
  private links = new FrameLinks();
  private waiting: TraceEvent[] = [];
  private startNs = 0n;
  private deviceClass = 0;
  private packets = 0;
  private frame = 0;

  /** @param write takes the next bytes of the file. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.blocks = new PcapngBlocks(write);
  }

  event(event: TraceEvent): void {
    if (event.type === 'head') this.begin(event.head);
    else if (event.type === 'end') this.finish();
    else if (event.type === 'packet') this.wait({ ...event, bytes: event.bytes.slice() });
    else if (event.type === 'frame' || event.type === 'doorbell' || event.type === 'interrupt')
      this.wait(event);
  }

  /** Writes what still waits: at the end of a trace, or where it was cut. */
  finish(): void {
    for (const event of this.waiting) this.put(event);
    this.waiting = [];
  }

  private begin(head: TraceHead): void {
    this.finish();
    this.links = new FrameLinks();
    this.packets = 0;
    this.startNs = BigInt(Date.parse(head.startedAt) || 0) * 1_000_000n;
    this.deviceClass = head.classes.find(({ id }) => id !== 0)?.id ?? 0;
    this.blocks.section(head.product, head.command.join(' '));
    this.blocks.interface(LINKTYPE_USER0, 'frames', `message frames, transport ${head.transport}`);
    this.blocks.interface(LINKTYPE_ETHERNET, 'wire', "the card's wire");
  }

  /** Puts an event at its place in time; the oldest leaves when there are many. */
  private wait(event: TraceEvent): void {
    const { waiting } = this;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1].timeNs > event.timeNs) at -= 1;
    waiting.splice(at, 0, event);
    if (waiting.length > WINDOW_EVENTS) this.put(waiting.shift()!);
  }

  private put(event: TraceEvent): void {
    this.packets += 1;
    const timeNs = this.startNs + BigInt(event.timeNs);
    switch (event.type) {
      case 'frame':
        this.putFrame(event, timeNs);
        break;
      case 'packet': {
        const direction = event.sent ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
        const comment = this.links.packet(event.bytes, this.packets);
        this.blocks.packet(WIRE, timeNs, event.bytes, event.packetLength, direction, comment);
        break;
      }
      case 'doorbell':
      case 'interrupt': {
        const kind = event.type === 'doorbell' ? KIND_DOORBELL : KIND_INTERRUPT;
        const bytes = this.header(kind, event.type === 'doorbell' ? 0 : 1, 0, 0, NO_SOCKET, 0);
        this.blocks.packet(FRAMES, timeNs, bytes, bytes.length, DIRECTION_UNKNOWN, '');
        break;
      }
    }
  }

  private putFrame(event: FrameEvent, timeNs: bigint): void {
    this.frame = event.number;
    const direction = event.direction === 'inbound' ? 0 : 1;
    const socket = event.sockets[0] ?? NO_SOCKET;
    const bytes = this.header(
      KIND_FRAME,
      direction,
      event.slot,
      event.answers ?? 0,
      socket,
      event.words.length,
    );
    const view = new DataView(bytes.buffer);
    event.words.forEach((word, i) => {
      view.setUint32(FRAME_HEADER_BYTES + i * 4, word, true);
    });
    const link = this.links.frame(event);
    const comment = `frame ${event.number}: ${event.message}${link === '' ? '' : `; ${link}`}`;
    this.blocks.packet(FRAMES, timeNs, bytes, bytes.length, DIRECTION_UNKNOWN, comment);
  }

  private header(
    kind: number,
    direction: number,
    slot: number,
    answers: number,
    socket: number,
    words: number,
  ): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + words * 4);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, HEADER_VERSION);
    view.setUint8(1, kind);
    view.setUint8(2, direction);
    view.setUint8(3, socket >>> 16);
    view.setUint32(4, this.frame, true);
    view.setUint32(8, slot, true);
    view.setUint32(12, answers, true);
    view.setUint16(16, this.deviceClass, true);
    view.setUint16(18, socket & 0xffff, true);
    return bytes;
  }
}
