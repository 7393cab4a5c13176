/**
 * A host that speaks to a port of the LAN class in messages of its own: what a driver never says, it says, as
 * the class allows.
 */
import type { PoolArea } from '../dma/pool-area.ts';
import {
  getLanBucketBucketContext,
  LAN_BUCKET_WORDS,
  LAN_CLASS_ID,
  LAN_CLASS_VERSION,
  LAN_PACKET_SEND,
  LAN_PACKET_SEND_REPLY_LIST_WORD,
  LAN_PACKET_SEND_SGL_WORD,
  LAN_RECEIVE_POST,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
  LAN_RECEIVE_POST_SGL_WORD,
  writeLanPacketSend,
  writeLanReceivePost,
} from '../i2o/lan.gen.ts';
import { SGL_BUCKET, SGL_CONTEXT_WORDS, SGL_LAST, SGL_TRANSMIT, writeSglContext } from '../i2o/list/sgl.ts';
import { HOST_TID } from '../i2o/tids.ts';
import { HANDLER_RECEIVE, HANDLER_SEND } from '../osm/message/handlers.ts';
import { type PortGround, PortHost, type Told } from './port-host.ts';

const COUNT_MASK = 0xff;
const CLASS = { id: LAN_CLASS_ID, version: LAN_CLASS_VERSION };

/** Memory of packets to be sent, and of buckets. */
export interface LanPools {
  readonly transmit: PoolArea;
  readonly receive: PoolArea;
}

export class LanTourHost extends PortHost {
  /** Packets told of since the list was last cleared. */
  readonly told: Told[] = [];
  /** Buckets that the card has, by their numbers. */
  readonly lent = new Set<number>();
  private readonly pools: LanPools;
  private readonly freeBuckets: number[];

  constructor(ground: PortGround, pools: LanPools) {
    super(ground, CLASS);
    this.pools = pools;
    this.freeBuckets = Array.from({ length: pools.receive.count }, (_, i) => i);
  }

  get bucketsFree(): number {
    return this.freeBuckets.length;
  }

  /** Address of a packet buffer; those that are not there share the memory of others. */
  packetAt(buffer: number): number {
    const { offset, count, bufferBytes } = this.pools.transmit;
    return offset + (buffer % count) * bufferBytes;
  }

  /**
   * LanPacketSend of packets of one piece each, whose contexts are the numbers of their buffers.
   * @param control networkChecksum and transportChecksum.
   */
  send(
    packets: readonly (readonly [buffer: number, bytes: number])[],
    mode: number,
    control: readonly [number, number] = [0, 0],
  ): void {
    this.post((words, frame) => {
      let at = frame + LAN_PACKET_SEND_SGL_WORD;
      packets.forEach(([buffer, bytes], i) => {
        const flags = i === packets.length - 1 ? SGL_TRANSMIT | SGL_LAST : SGL_TRANSMIT;
        at = writeSglContext(words, at, flags, bytes, buffer, this.packetAt(buffer));
      });
      const word3 = [0, 0, 0, ...control, mode] as const;
      writeLanPacketSend(words, frame, this.tid, HOST_TID, HANDLER_SEND, ...word3, at - frame);
    });
  }

  /** LanReceivePost of so many buckets. */
  lend(count: number): void {
    const { offset, bufferBytes } = this.pools.receive;
    const numbers = this.freeBuckets.splice(0, count);
    this.post((words, frame) => {
      let at = frame + LAN_RECEIVE_POST_SGL_WORD;
      numbers.forEach((number, i) => {
        const flags = i === numbers.length - 1 ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
        at = writeSglContext(words, at, flags, bufferBytes, number, offset + number * bufferBytes);
        this.lent.add(number);
      });
      const size = LAN_RECEIVE_POST_SGL_WORD + numbers.length * SGL_CONTEXT_WORDS;
      writeLanReceivePost(words, frame, this.tid, HOST_TID, HANDLER_RECEIVE, numbers.length, size);
    });
  }

  /** The buckets of a request that was refused are the host's again. */
  takeHome(count: number): void {
    const newest = [...this.lent].slice(-count);
    for (const number of newest) this.lent.delete(number);
    this.freeBuckets.push(...newest);
  }

  protected override listed(frame: number, functionCode: number): void {
    if (functionCode === LAN_PACKET_SEND) this.packets(frame);
    else if (functionCode === LAN_RECEIVE_POST) this.buckets(frame);
  }

  private packets(frame: number): void {
    const { words } = this;
    const count = words[frame + 3] & COUNT_MASK;
    for (let i = 0; i < count; i++)
      this.told.push([words[frame + LAN_PACKET_SEND_REPLY_LIST_WORD + i], words[frame + 4]]);
  }

  private buckets(frame: number): void {
    const { words } = this;
    const count = words[frame + 3] & COUNT_MASK;
    for (let i = 0; i < count; i++) {
      const at = frame + LAN_RECEIVE_POST_REPLY_LIST_WORD + i * LAN_BUCKET_WORDS;
      const number = getLanBucketBucketContext(words, at);
      if (this.lent.delete(number)) this.freeBuckets.push(number);
    }
  }

  /** How the last packet of a buffer ended: ReqStatus; undefined where nothing was told of it. */
  statusOf(buffer: number): number | undefined {
    const last = this.told.filter(([context]) => context === buffer).at(-1);
    return last === undefined ? undefined : last[1] >>> 24;
  }
}
