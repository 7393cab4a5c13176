/**
 * LanPacketSend and LanReceivePost as the card reads them. Lists of any form are read by the scatter-gather
 * reader, which copies them first; every piece must lie in memory that the host may name. A request is taken
 * whole or not at all.
 */
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_MISSING_PARAMETER,
  REQUEST_STATUS_ERROR_NO_DATA,
} from '../i2o/executive.gen.ts';
import { frameInitiatorContext } from '../i2o/frame.ts';
import {
  getLanReceivePostBucketCount,
  LAN_DETAILED_STATUS_BUCKET_OVERRUN,
  LAN_DETAILED_STATUS_OUT_OF_MEMORY,
  LAN_PACKET_SEND_SGL_WORD,
  LAN_RECEIVE_POST_SGL_WORD,
} from '../i2o/lan.gen.ts';
import {
  SGL_END,
  SGL_FAULT,
  SGL_PIECE_IN,
  SGL_PIECE_OUT,
  type SglArea,
  type SglReader,
} from '../i2o/list/sgl-reader.ts';
import type { Outbound } from '../iop/reply/outbound.ts';
import { INBOUND_REFUSED, LAN_BUCKETS_POSTED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { BucketQueue } from './bucket-queue.ts';
import type { Receiver } from './receiver.ts';
import type { SendQueue } from './send-queue.ts';
import type { Transmitter } from './transmitter.ts';

/** Word 3 of a LanPacketSend: its transmit control word. */
const CONTROL_WORD = 3;
/** Byte of a LanReceivePost where the number of its buckets is. */
const BUCKET_COUNT_BYTE = 12;

/** Memory of the host that it may name: what packets are sent from, and what buckets lie in. */
export interface LanAreas {
  readonly transmit: readonly SglArea[];
  readonly receive: readonly SglArea[];
}

export class LanRequests {
  private readonly outbound: Outbound;
  private readonly counters: Float64Array;
  private readonly reader: SglReader;
  private readonly areas: LanAreas;
  private readonly sends: SendQueue;
  private readonly transmitter: Transmitter;
  private readonly buckets: BucketQueue;
  private readonly receiver: Receiver;

  constructor(
    outbound: Outbound,
    ledger: Ledger,
    reader: SglReader,
    areas: LanAreas,
    sends: SendQueue,
    transmitter: Transmitter,
    buckets: BucketQueue,
    receiver: Receiver,
  ) {
    this.outbound = outbound;
    this.counters = ledger.counters;
    this.reader = reader;
    this.areas = areas;
    this.sends = sends;
    this.transmitter = transmitter;
    this.buckets = buckets;
    this.receiver = receiver;
  }

  /** LanPacketSend, checked but for its list. // Hot path. */
  send(frame: number, sizeWords: number): void {
    const { outbound, reader, sends } = this;
    const { words } = outbound;
    const initiatorContext = frameInitiatorContext(words, frame);
    const control = words[frame + CONTROL_WORD];
    const room = sends.capacity - this.transmitter.held;
    reader.open(frame, LAN_PACKET_SEND_SGL_WORD, sizeWords, true);
    let whole = true;
    let packets = 0;
    for (let piece = reader.next(); piece !== SGL_END; piece = reader.next()) {
      const fault = this.pieceFault(piece, SGL_PIECE_OUT, this.areas.transmit) || contextFault(reader, whole);
      if (fault !== 0) {
        sends.abandon();
        this.refuse(frame, fault, reader.errorOffset);
        return;
      }
      if (whole) packets += 1;
      if (packets <= room) {
        if (whole) sends.begin(reader.context, initiatorContext, control);
        sends.addPiece(reader.address, reader.count);
      }
      whole = reader.endOfBuffer === 1;
    }
    if (!whole) {
      sends.abandon();
      this.refuse(frame, DETAILED_STATUS_INVALID_OFFSET, reader.errorOffset);
    } else if (packets > room) {
      sends.abandon();
      outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, LAN_DETAILED_STATUS_OUT_OF_MEMORY);
    } else {
      sends.commit();
      this.transmitter.drain();
    }
  }

  /** LanReceivePost, checked but for its list. // Hot path. */
  post(frame: number, sizeWords: number): void {
    const { outbound, reader, buckets } = this;
    const { words } = outbound;
    const initiatorContext = frameInitiatorContext(words, frame);
    const count = getLanReceivePostBucketCount(words, frame);
    const room = buckets.capacity - this.receiver.held;
    reader.open(frame, LAN_RECEIVE_POST_SGL_WORD, sizeWords, true);
    let named = 0;
    for (let piece = reader.next(); piece !== SGL_END; piece = reader.next()) {
      const fault = this.pieceFault(piece, SGL_PIECE_IN, this.areas.receive) || bucketFault(reader);
      if (fault !== 0) {
        buckets.abandon();
        this.refuse(frame, fault, reader.errorOffset);
        return;
      }
      named += 1;
      if (named <= room) buckets.stage(reader.context, initiatorContext, reader.address, reader.count);
    }
    if (named !== count) {
      buckets.abandon();
      this.refuse(frame, DETAILED_STATUS_INVALID_PARAMETER, BUCKET_COUNT_BYTE);
    } else if (named > room) {
      buckets.abandon();
      outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, LAN_DETAILED_STATUS_BUCKET_OVERRUN);
    } else {
      buckets.commit();
      this.counters[LAN_BUCKETS_POSTED] += named;
    }
  }

  /** Answers a request that is malformed. @param errorOffset byte of the message. */
  refuse(frame: number, detailedStatus: number, errorOffset: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    this.outbound.transactionError(frame, detailedStatus, errorOffset, 0);
  }

  /** @returns 0 for a piece of the kind that is wanted, in memory that the host may name. */
  private pieceFault(piece: number, wanted: number, areas: readonly SglArea[]): number {
    const { reader } = this;
    if (piece === SGL_FAULT) return reader.fault;
    if (piece !== wanted) return DETAILED_STATUS_INVALID_OFFSET;
    const { address, count } = reader;
    if (count === 0 || reader.local !== 0) return DETAILED_STATUS_INVALID_PARAMETER;
    for (const area of areas) {
      if (address >= area.offset && count <= area.offset + area.byteLength - address) return 0;
    }
    return DETAILED_STATUS_INVALID_PARAMETER;
  }
}

/** A packet's first piece has its context, and the others have none. @param first of a packet. */
function contextFault(reader: SglReader, first: boolean): number {
  if (first) return reader.contextWords === 1 ? 0 : DETAILED_STATUS_MISSING_PARAMETER;
  return reader.contextWords === 0 ? 0 : DETAILED_STATUS_INVALID_OFFSET;
}

/** A bucket is one piece, with its context. */
function bucketFault(reader: SglReader): number {
  if (reader.contextWords !== 1) return DETAILED_STATUS_MISSING_PARAMETER;
  return reader.endOfBuffer === 1 ? 0 : DETAILED_STATUS_INVALID_OFFSET;
}
