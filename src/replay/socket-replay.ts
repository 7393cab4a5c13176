/**
 * Replays the host's half of a trace of sockets, or of the message layer alone. It takes a trace's calls (trace/sink.ts) in order. An inbound frame is posted, after the buckets
 * and contexts that the replay's card still has were exchanged for free ones. Before an outbound frame is
 * passed over, the card runs until the same answers have come, or it comes to rest. Answers are compared
 * transaction by transaction, not frame by frame, since this card may batch its answers differently.
 * docs/trace.md says what is compared and what is not.
 */

import { SGL_BUCKET, SGL_LAST, writeSglContext } from '../i2o/list/sgl.ts';
import { SOCKET_RECEIVE_POST_SGL_WORD, writeSocketReceivePost } from '../i2o/socket.gen.ts';
import { socketsOf } from '../i2o/socket-number.ts';
import { ECHO_CLASS_ID, FIRST_DEVICE_TID, HOST_TID, NO_TID, SOCKET_CLASS_ID } from '../i2o/tids.ts';
import { type DecodedFrame, decodeFrame } from '../trace/decode/frame.ts';
import { deviceTidOf } from '../trace/head.ts';
import { INBOUND, OUTBOUND, type TraceEnd, type TraceHead } from '../trace/sink.ts';
import { cardConfig } from '../world/config/card-config.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import type { ModuleKind } from '../world/topology/checked.ts';
import { BareCard } from '../world/virtual/bare-card.ts';
import { type Answer, AnswerPairs } from './answers.ts';
import { CardReplay, type ReplayResult } from './card-replay.ts';
import { answersOf, answerText, dependsOnTime, keysOf, sameFields } from './compare.ts';
import { addressMap, ReplayBuckets, ReplayContexts, ReplayPorts } from './host-memory.ts';
import { ReplayStreams } from './streams.ts';

/**
 * How long it waits for data and for contexts. They depend on window updates that the recorded host sends
 * later, so they need not come in step, only before their socket is closed. Longer than a delayed
 * acknowledgement takes.
 */
const PACE_NS = 50e6;
const BUCKETS_PER_FRAME = 9;
/** The context of a receive record that has no bucket. */
const NO_BUCKET = 0xffff_ffff;

export class SocketReplay extends CardReplay {
  private device: ModuleKind = 'socket';
  /** TID of the device that the host spoke to, of the recorded card and of ours. */
  private deviceTid = NO_TID;
  private frameWords = 32;
  private places!: (recorded: number) => number;
  private buckets!: ReplayBuckets;
  private contexts!: ReplayContexts;
  private readonly ports = new ReplayPorts();
  private readonly replies = new AnswerPairs<DecodedFrame>((a, b) => this.compare(a, b));
  private readonly returned = new AnswerPairs<null>(() => {});
  private readonly streams = new ReplayStreams((difference) => this.differs(difference));
  /** How many requests of each key may still be answered. */
  private readonly open = new Map<string, number>();
  /** InitiatorContext of the latest request that posted buckets. */
  private bucketsFor = 0;
  private ended = false;

  protected override address(recorded: number): number {
    return this.places(recorded);
  }

  /** @throws RangeError when no card of ours can be made of what the head says. */
  head(head: TraceHead): void {
    const { memory } = head;
    this.device = head.classes.some(({ name }) => name === 'echo') ? 'echo' : 'socket';
    this.deviceTid = deviceTidOf(head);
    this.frameWords = head.frameBytes >> 2;
    const recorded = head.configuration as CardOverrides;
    const config = cardConfig({
      ...recorded,
      transport: 'ring',
      driver: { ...recorded.driver, socketsMax: socketsOf(head.socketsMax) },
      pools: {
        inboundFrames: memory.inbound.count,
        outboundFrames: memory.outbound.count,
        transmitBuffers: memory.transmit.count,
        transmitBufferBytes: memory.transmit.bufferBytes,
        receiveBuckets: memory.receive.count,
        receiveBucketBytes: memory.receive.bufferBytes,
        immediateSlots: memory.immediate.count,
      },
    });
    this.card = new BareCard(config, modulesOf(head, this.device), (words, at) => this.answered(words, at));
    const { layout } = this.card.memory;
    this.places = addressMap(memory, { ...layout, control: { offset: layout.control } });
    this.buckets = new ReplayBuckets(layout.receive);
    this.contexts = new ReplayContexts(layout.transmit, layout.immediate);
  }

  frame(direction: number, timeNs: number, _slot: number, words: Int32Array, at: number): void {
    this.frames += 1;
    this.card.passTo(timeNs);
    const frame = decodeFrame(direction, words, at, this.frameWords, this.device);
    if (direction === INBOUND) this.request(frame, words, at);
    else this.recorded(frame);
  }

  packet(): void {}

  end(timeNs: number, _end: TraceEnd): void {
    this.ended = true;
    this.card.passTo(timeNs);
    this.card.run(() => this.streams.allSatisfied(), this.patience);
  }

  /** Judges what is left, at the trace's end or where it was cut. */
  result(): ReplayResult {
    this.streams.finish(this.ended);
    for (const [, { frame, value }] of this.replies.missing) {
      if (dependsOnTime(value)) continue;
      this.differs({ frame, what: value.message, recorded: answerText(value), replayed: 'no such answer' });
    }
    for (const [key, { frame }] of this.returned.missing) {
      this.differs({ frame, what: key, recorded: 'given back', replayed: 'still with the card' });
    }
    for (const [key, answers] of this.replies.extra) {
      // A request still open when the recording ended may well be answered later.
      for (const { value } of answers.slice(this.open.get(key) ?? 0)) {
        if (dependsOnTime(value)) continue;
        const replayed = answerText(value);
        this.differs({ frame: this.frames, what: value.message, recorded: 'no such answer', replayed });
      }
    }
    const { equal, cut, bytes } = this.streams;
    return {
      frames: this.frames,
      replies: this.replies.pairs,
      contexts: this.returned.pairs,
      polled: this.polledWords,
      streams: { equal, cut, bytes },
      differences: this.differences,
      cardNs: this.card.clock.nowNs,
    };
  }

  /** Posts an inbound frame of the recording. */
  private request(frame: DecodedFrame, words: Int32Array, at: number): void {
    for (const key of keysOf(frame)) this.open.set(key, (this.open.get(key) ?? 0) + 1);
    this.noteSockets(frame);
    if (this.namesOwnBuckets(frame)) {
      this.buckets.heldRecorded -= frame.elements.length;
      this.bucketsFor = frame.initiatorContext;
      const wanted = frame.elements.map(({ context }) => Number(context));
      while (this.postBuckets(wanted)) {}
      return;
    }
    this.prepare(frame, words, at);
    const { frameWords } = this;
    const mapped = Int32Array.from(words.subarray(at, at + frameWords));
    this.mapElements(frame, mapped);
    this.mapPorts(frame, mapped);
    this.postWords(frame.message, mapped);
  }

  /** Before the host gives a socket up, lets that socket receive what it had received in the recording. */
  private noteSockets(frame: DecodedFrame): void {
    const [socket] = frame.sockets;
    if (frame.message === 'ExecSysQuiesce') {
      this.card.run(() => this.streams.allSatisfied(), this.patience);
      this.streams.closeAll(this.frames);
    }
    if (frame.message === 'SocketCreate' && socket !== undefined) this.streams.begin(socket);
    if (frame.message === 'SocketAcceptPost') for (const id of frame.sockets.slice(1)) this.streams.begin(id);
    if ((frame.message === 'SocketClose' || frame.message === 'SocketAbort') && socket !== undefined) {
      // An abort also takes from its peer what has not arrived yet, so all sockets are waited for.
      const one = frame.message === 'SocketClose';
      const come = (): boolean => (one ? this.streams.satisfied(socket) : this.streams.allSatisfied());
      this.card.run(come, this.patience);
      if (one) this.streams.close(socket, this.frames);
      else this.streams.abort(socket, this.frames);
    }
  }

  /** Whether a request posts buckets as a correct driver does: each in full, under its own number. */
  private namesOwnBuckets({ message, elements, trouble }: DecodedFrame): boolean {
    if (message !== 'SocketReceivePost' || trouble !== '') return false;
    const { buckets } = this;
    return elements.every(
      ({ kind, bytes, context, address }) =>
        kind === 'bucket' &&
        bytes === buckets.bufferBytes &&
        typeof context === 'number' &&
        this.address(address ?? 0) === buckets.addressOf(context),
    );
  }

  /**
   * Posts buckets if the host of the replay has more of them than that of the recording, so that both cards
   * have as many: the replay's card may have filled more buckets with the same bytes.
   * @param wanted the buckets to prefer. @returns whether it posted any.
   */
  private postBuckets(wanted: readonly number[]): boolean {
    const { buckets, bucketsFor, deviceTid } = this;
    const count = Math.min(buckets.heldReplayed - buckets.heldRecorded, BUCKETS_PER_FRAME);
    if (count <= 0) return false;
    const taken = Array.from({ length: count }, (_, i) => buckets.take(wanted[i] ?? 0));
    this.post('SocketReceivePost', (words, frame) => {
      let at = frame + SOCKET_RECEIVE_POST_SGL_WORD;
      for (const [i, bucket] of taken.entries()) {
        const flags = i === count - 1 ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
        at = writeSglContext(words, at, flags, buckets.bufferBytes, bucket, buckets.addressOf(bucket));
      }
      writeSocketReceivePost(words, frame, deviceTid, HOST_TID, bucketsFor, count, at - frame);
    });
    return true;
  }

  private mapElements(frame: DecodedFrame, words: Int32Array): void {
    for (const { kind, word, context } of frame.elements) {
      if (kind === 'in' || kind === 'out') words[word + 1] = this.address(words[word + 1] >>> 0);
      if ((kind !== 'transmit' && kind !== 'immediate') || typeof context !== 'number') continue;
      if (this.device !== 'socket' || frame.target !== this.deviceTid) continue;
      let lent = -1;
      this.card.run(() => (lent = this.contexts.lend(context)) >= 0, this.patience);
      if (kind === 'transmit') {
        const address = this.address(words[word + 2] >>> 0);
        words[word + 2] =
          lent < 0 ? address : address + this.contexts.addressOf(lent) - this.contexts.addressOf(context);
      }
      if (lent >= 0) words[word + 1] = lent;
    }
  }

  /** Where the host names a port that the card chose, names the one that the replay's card chose instead. */
  private mapPorts({ message, fields }: DecodedFrame, words: Int32Array): void {
    if (!['SocketBind', 'SocketConnect', 'SocketSendTo'].includes(message)) return;
    if (typeof fields['port'] !== 'number') return;
    words[6] = (words[6] & ~0xffff) | this.ports.of(fields['port']);
  }

  /** Takes an outbound frame of the recording, and runs the card until it has given the same answers. */
  private recorded(frame: DecodedFrame): void {
    const keys = keysOf(frame);
    for (const [key, value] of answersOf(frame)) {
      this.replies.addRecorded(key, { frame: this.frames, value });
      const open = (this.open.get(key) ?? 0) - 1;
      if (open > 0) this.open.set(key, open);
      else this.open.delete(key);
    }
    for (const context of frame.contexts)
      this.returned.addRecorded(`context ${context}`, { frame: this.frames, value: null });
    const sockets = new Set<number>();
    this.receive(frame, (socket) => {
      sockets.add(socket);
      return this.streams.recorded(socket, this.frames);
    });
    this.buckets.heldRecorded += bucketsOf(frame).length;
    const { card } = this;
    card.run(() => keys.every((key) => !this.replies.waits(key)), this.patience);
    const come = (): boolean =>
      frame.contexts.every((context) => !this.returned.waits(`context ${context}`)) &&
      [...sockets].every((socket) => this.streams.satisfied(socket));
    while (!card.run(come, card.clock.nowNs + PACE_NS) && this.postBuckets([])) {}
  }

  /** Takes an outbound frame of the replay. */
  private answered(words: Int32Array, at: number): void {
    const frame = decodeFrame(OUTBOUND, words, at, this.frameWords, this.device);
    for (const [key, value] of answersOf(frame)) this.replies.addReplayed(key, { frame: 0, value });
    for (const context of frame.contexts) {
      this.returned.addReplayed(`context ${this.contexts.giveBack(context)}`, { frame: 0, value: null });
    }
    this.receive(frame, (socket) => this.streams.replayed(socket));
    for (const bucket of bucketsOf(frame)) this.buckets.give(bucket);
  }

  private receive(
    frame: DecodedFrame,
    receivedOf: (socket: number) => { bytes: number; ended: boolean; failed: string },
  ): void {
    if (frame.message !== 'SocketReceivePost') return;
    for (const { socketId, flags, length, status } of frame.list) {
      const received = receivedOf(Number(socketId));
      if (String(flags).includes('Error')) received.failed = String(status);
      else if (String(flags).includes('EndOfStream')) received.ended = true;
      else received.bytes += Number(length);
    }
  }

  private compare(recorded: Answer<DecodedFrame>, replayed: Answer<DecodedFrame>): void {
    const a = recorded.value;
    const b = replayed.value;
    if (sameFields(a, b, this.ports)) return;
    this.differs({
      frame: recorded.frame,
      what: a.message,
      recorded: answerText(a),
      replayed: answerText(b),
    });
  }
}

/** The modules of a card whose devices have the same TIDs and classes. @throws RangeError if ours has not. */
function modulesOf({ devices }: TraceHead, only: ModuleKind): readonly ModuleKind[] {
  if (devices === undefined) return [only];
  return devices.map(({ tid, classId }, device) => {
    const known = classId === SOCKET_CLASS_ID || classId === ECHO_CLASS_ID;
    if (!known || tid !== FIRST_DEVICE_TID + device)
      throw new RangeError(`a device of class ${classId} with TID ${tid} is none that a card of ours has`);
    return classId === SOCKET_CLASS_ID ? 'socket' : 'echo';
  });
}

/** The buckets that a frame of receive records gives back. */
function bucketsOf({ message, list }: DecodedFrame): number[] {
  if (message !== 'SocketReceivePost') return [];
  return list
    .filter(({ flags }) => String(flags).includes('LastInBucket'))
    .map(({ bucketContext }) => Number(bucketContext))
    .filter((bucket) => bucket !== NO_BUCKET);
}
