/**
 * Replays the host's half of a trace of network ports, of the LAN class or of the window class, once all of it
 * has been read: what the host had in a packet that it sends, the trace tells only where the packet passes the
 * wire. An inbound frame is posted as it was, with what its lists name in memory. Before an outbound frame is
 * passed over, what it tells of is put on the wire where it came from a peer, and the card runs until it has
 * told the same. docs/trace.md says what is compared.
 */
import { FIRST_DEVICE_TID } from '../i2o/tids.ts';
import { type DecodedFrame, decodeFrame } from '../trace/decode/frame.ts';
import type { DecodedElement } from '../trace/decode/sgl.ts';
import { deviceTidsOf } from '../trace/head.ts';
import { INBOUND, OUTBOUND, type TraceEnd, type TraceHead } from '../trace/sink.ts';
import { nicConfigs } from '../world/build/card-memory.ts';
import { cardConfig } from '../world/config/card-config.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import { BareCard } from '../world/virtual/bare-card.ts';
import { type Answer, AnswerPairs } from './answers.ts';
import { CardReplay, type ReplayResult } from './card-replay.ts';
import { addressMap } from './host-memory.ts';
import { isPacket, type PortAnswer, packetOf, portAnswers, requestKeys } from './port-answers.ts';
import { headersForCard, madeUp, RecordedPackets, wholePacket } from './recorded-packets.ts';
import { ReplayWires } from './replay-wire.ts';
import { WindowPlaces } from './window-places.ts';

type PortClass = 'lan' | 'window';
/** What a trace has told, to be played when all of it is known. */
type Told =
  | {
      readonly kind: 'frame';
      readonly direction: number;
      readonly timeNs: number;
      readonly words: Int32Array;
    }
  | { readonly kind: 'polled'; readonly timeNs: number; readonly address: number; readonly value: number };

/** Counters of a card that say how many packets came in and were told nobody. */
const LOST = ['lanRxNoBucket', 'lanRxSuspended', 'lanRxErrors', 'windowRxFull', 'windowRxClosed'];
const LOCAL = 'local address';

export class PortReplay extends CardReplay {
  private recordedHead!: TraceHead;
  private device: PortClass = 'lan';
  private readonly told: Told[] = [];
  private readonly sent = new RecordedPackets();
  private readonly received = new RecordedPackets();
  private finish: TraceEnd | undefined;
  private wires!: ReplayWires;
  private places!: (recorded: number) => number;
  private readonly window = new WindowPlaces();
  private macs: readonly (readonly number[])[] = [];
  private tids: readonly number[] = [];
  private readonly answers = new AnswerPairs<PortAnswer>((a, b) => this.compare(a, b));
  /** How many answers of each key may still come. */
  private readonly open = new Map<string, number>();
  private replies = 0;
  private contexts = 0;
  private packets = 0;

  /** @throws RangeError when no card of ours can be made of what the head says. */
  head(head: TraceHead): void {
    this.recordedHead = head;
    this.device = head.classes.some(({ name }) => name === 'window') ? 'window' : 'lan';
    this.tids = deviceTidsOf(head);
    this.makeCard(false);
  }

  frame(direction: number, timeNs: number, _slot: number, words: Int32Array, at: number): void {
    const frameWords = this.recordedHead.frameBytes >> 2;
    this.told.push({ kind: 'frame', direction, timeNs, words: words.slice(at, at + frameWords) });
  }

  override polled(timeNs: number, address: number, value: number): void {
    this.told.push({ kind: 'polled', timeNs, address, value });
  }

  packet(
    _timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void {
    (sent ? this.sent : this.received).add(bytes.slice(offset, offset + length), packetLength);
  }

  end(_timeNs: number, end: TraceEnd): void {
    this.finish = end;
  }

  result(): ReplayResult {
    if (this.received.count > 0) this.makeCard(true);
    for (const one of this.told) {
      this.card.passTo(one.timeNs);
      if (one.kind === 'polled') super.polled(one.timeNs, one.address, one.value);
      else this.play(one.direction, one.words);
    }
    this.told.length = 0;
    this.card.run(() => false, this.card.clock.nowNs);
    this.judgeRest();
    const { frames, replies, contexts, differences, polledWords: polled } = this;
    const streams = { equal: 0, cut: 0, bytes: 0 };
    const packets = { told: this.packets, sent: this.wires.sent.length };
    const cardNs = this.card.clock.nowNs;
    return { frames, replies, contexts, polled, streams, packets, differences, cardNs };
  }

  protected override address(recorded: number): number {
    return this.places(recorded);
  }

  private makeCard(hasPeer: boolean): void {
    const { memory, configuration } = this.recordedHead;
    const recorded = configuration as CardOverrides;
    const config = cardConfig({ ...recorded, transport: 'ring' });
    this.wires = new ReplayWires(hasPeer);
    const { wires } = this;
    this.card = new BareCard(
      config,
      [this.device],
      (words, at) => this.answered(words, at),
      (ends, region) => wires.plug(ends, region),
    );
    const { layout, lan, window } = this.card.memory;
    const own = { ...layout, control: { offset: layout.control } };
    const ours = lan
      ? { ...own, packets: lan.transmit, receive: lan.receive }
      : { ...own, packets: window!.sends, receive: window!.places, headers: window!.headers };
    for (const name of ['transmit', 'receive', 'packets'] as const) {
      const [from, to] = [memory[name], ours[name]];
      if (from !== undefined && from.count * from.bufferBytes > to.count * to.bufferBytes)
        throw new RangeError(`"memory.${name}" has more than the configuration of the trace's card gives it`);
    }
    this.places = addressMap(memory, ours);
    const nics = nicConfigs(config);
    this.macs = nics.map(({ mac }) => mac);
    const wrong = this.tids.find((tid, device) => tid !== FIRST_DEVICE_TID + device || device >= nics.length);
    if (wrong !== undefined)
      throw new RangeError(`a port with TID ${wrong} is none that a card of ours with these settings has`);
  }

  private play(direction: number, words: Int32Array): void {
    this.frames += 1;
    const frame = decodeFrame(direction, words, 0, words.length, this.device);
    if (direction === INBOUND) this.request(frame, words);
    else this.recorded(frame);
  }

  private request(frame: DecodedFrame, words: Int32Array): void {
    for (const key of requestKeys(frame)) this.open.set(key, (this.open.get(key) ?? 0) + 1);
    this.prepare(frame, words, 0);
    const mapped = words.slice();
    if (frame.message === 'LanPacketSend' || frame.message === 'WindowSend') this.writePackets(frame);
    for (const element of frame.elements) this.mapElement(element, mapped);
    this.postWords(frame.message, mapped);
  }

  /** An element names the same place in the replay's memory. */
  private mapElement({ kind, word, context, address, note }: DecodedElement, words: Int32Array): void {
    if (address === undefined || kind === 'pageList' || kind === 'chain') return;
    const at = word + (context === undefined ? 1 : 2);
    if (note !== LOCAL) {
      words[at] = this.address(address);
      return;
    }
    this.card.run(() => this.window.of(address) !== undefined, this.patience);
    words[at] = this.window.of(address) ?? address;
  }

  /** What the host had in the memory of the packets that a request names, as far as the wire has shown it. */
  private writePackets({ elements, target, fields }: DecodedFrame): void {
    const segment = Number(fields['segmentBytes'] ?? 0);
    const sums = fields['transportChecksum'] === 1;
    for (let i = 0; i < elements.length; ) {
      let next = i + 1;
      while (next < elements.length && elements[next].context === undefined) next += 1;
      const pieces = elements.slice(i, next);
      i = next;
      const length = pieces.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
      const first = this.headOf(pieces[0].bytes ?? 0, length, segment, target);
      this.writePacket(pieces, headersForCard(first, length, sums));
    }
  }

  /** The first bytes of a packet, of which the card makes several where it is to cut it. */
  private headOf(headerBytes: number, length: number, segment: number, target: number): Uint8Array {
    const payload = length - headerBytes;
    const cuts = segment > 0 && payload > segment;
    const first = this.sent.take(cuts ? headerBytes + segment : length);
    for (let left = payload - segment; cuts && left > 0; left -= segment)
      this.sent.take(headerBytes + Math.min(left, segment));
    return first ?? madeUp(length, this.macs[Math.max(0, this.tids.indexOf(target))]);
  }

  /** Writes to the pieces that are of the host's memory. */
  private writePacket(pieces: readonly DecodedElement[], head: Uint8Array): void {
    const { bytes } = this.card.region;
    let at = 0;
    for (const { address = 0, bytes: length = 0, note } of pieces) {
      const to = this.address(address);
      if (note !== LOCAL && to >= 0 && to + length <= bytes.length) {
        const some = head.subarray(at, at + length);
        bytes.fill(0, to, to + length);
        bytes.set(some, to);
      }
      at += length;
    }
  }

  /** Takes an outbound frame of the recording, and runs the card until it has given the same answers. */
  private recorded(frame: DecodedFrame): void {
    const answers = portAnswers(frame);
    const port = Math.max(0, this.tids.indexOf(frame.target));
    for (const [key, value] of answers) {
      this.answers.addRecorded(key, { frame: this.frames, value });
      const left = (this.open.get(key) ?? 0) - 1;
      if (left > 0) this.open.set(key, left);
      else this.open.delete(key);
      if (isPacket(key) && this.received.count > 0) this.bring(port, value);
    }
    const come = (): boolean => answers.every(([key]) => !this.answers.waits(key));
    this.card.run(come, this.patience);
  }

  /** Puts the packet on the wire that the recorded card told of. */
  private bring(port: number, answer: PortAnswer): void {
    const { length, checked } = packetOf(answer);
    const first = this.received.take(length);
    if (first === undefined) return;
    const packet = wholePacket(first, length, checked);
    this.card.run(() => this.wires.deliver(port, packet), this.patience);
  }

  /** Takes an outbound frame of the replay. */
  private answered(words: Int32Array, at: number): void {
    const frame = decodeFrame(OUTBOUND, words, at, this.recordedHead.frameBytes >> 2, this.device);
    for (const [key, value] of portAnswers(frame)) this.answers.addReplayed(key, { frame: 0, value });
  }

  private compare(recorded: Answer<PortAnswer>, replayed: Answer<PortAnswer>): void {
    const a = recorded.value;
    const b = replayed.value;
    if (a.frameAddress !== undefined && b.frameAddress !== undefined)
      this.window.arrived(a.frameAddress, b.frameAddress);
    if (a.what === 'WindowOpen' && a.frame && b.frame) this.window.opened(a.frame.fields, b.frame.fields);
    if (a.text.includes('packet of ')) this.packets += 1;
    else if (a.frame === undefined) this.contexts += 1;
    else this.replies += 1;
    if (a.text === b.text) return;
    this.differs({ frame: recorded.frame, what: a.what, recorded: a.text, replayed: b.text });
  }

  /** What one of the two has told, and the other has not. */
  private judgeRest(): void {
    for (const [, { frame, value }] of this.answers.missing)
      this.differs({ frame, what: value.what, recorded: value.text, replayed: 'no such answer' });
    const { finish } = this;
    let lost = LOST.reduce((sum, name) => sum + (finish?.iop[name] ?? 0), 0);
    for (const [key, answers] of this.answers.extra) {
      for (const { value } of answers.slice(this.open.get(key) ?? 0)) {
        // What the recorded card lost for want of room, ours may have had room for.
        if (isPacket(key) && lost > 0) lost -= 1;
        else if (finish !== undefined || !isPacket(key))
          this.differs({
            frame: this.frames,
            what: value.what,
            recorded: 'no such answer',
            replayed: value.text,
          });
      }
    }
    const whole = finish !== undefined && finish.lost === 0 && this.sent.count > 0;
    if (whole) this.judgeSent();
  }

  /** The first packet that was sent by one and not by the other. */
  private judgeSent(): void {
    const { lengths } = this.sent;
    const { sent } = this.wires;
    const at = lengths.findIndex((length, i) => sent[i] !== length);
    if (at < 0 && sent.length === lengths.length) return;
    const i = at < 0 ? lengths.length : at;
    const text = (length: number | undefined): string =>
      length === undefined ? 'no packet' : `${length} bytes`;
    this.differs({
      frame: this.frames,
      what: `packet ${i + 1} on the wire`,
      recorded: text(lengths[i]),
      replayed: text(sent[i]),
    });
  }
}
