/**
 * A card with the memory the vectors ask for: posts their frames, and judges what comes back by what they
 * expect.
 */

import { DETAILED_STATUS_NAMES, FAILURE_CODE_NAMES } from '../../src/i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  FLAG_LAST,
  frameDetailedStatus,
  frameFlags,
  frameFunction,
  frameInitiatorContext,
  frameRequestStatus,
  frameSizeWords,
  frameTransactionContext,
  getFailureCode,
  getFailureSeverity,
} from '../../src/i2o/frame.ts';
import { LAN_DETAILED_STATUS_NAMES } from '../../src/i2o/lan.gen.ts';
import { WINDOW_DETAILED_STATUS_NAMES } from '../../src/i2o/window.gen.ts';
import { errnoName } from '../../src/socket/errno.ts';
import { messageNamed } from '../../src/spec/catalogue.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { BareCard } from '../iop/bed.ts';
import { echoOn } from '../iop/echo.ts';
import { type Place, type Vector, type VectorFile, type VectorFrame, wordsOf } from './vectors.ts';

/** Socket numbers there are. */
export const SOCKETS = 16;
const FRAMES = 64;
const BUFFERS = 16;
const BUFFER_BYTES = 2048;
/** Control buffers of the vectors lie so far apart. */
const CONTROL_STRIDE = 1280;
/** How long the card may hold answers for company. */
const HOLD_NS = 100_000;
const SUCCESS = 0x00;
const ERROR_NO_DATA = 0x05;
const TRANSACTION_ERROR = 0x0b;
const SEVERITIES: Readonly<Record<string, number>> = {
  FormatError: 1,
  PathError: 2,
  PathState: 4,
  Congestion: 8,
};

export class VectorCard {
  readonly bare: BareCard;
  /** Word index of the frame posted last. */
  private at = 0;

  /** @param device what sits behind the device's TID. */
  constructor(device: 'socket' | 'echo' | 'lan' | 'window' = 'socket', overrides: CardOverrides = {}) {
    const config: CardOverrides = {
      pools: {
        inboundFrames: FRAMES,
        outboundFrames: FRAMES,
        transmitBuffers: BUFFERS,
        transmitBufferBytes: BUFFER_BYTES,
        receiveBuckets: BUFFERS,
        receiveBucketBytes: BUFFER_BYTES,
        immediateSlots: BUFFERS,
        imageBytes: 65_536,
      },
      driver: { socketsMax: SOCKETS },
      stack: { connectionsMax: 32 },
      ...overrides,
    };
    this.bare = new BareCard(config, device === 'echo' ? { module: echoOn } : { kind: device });
  }

  /** Goes through a setup; sockets begin where the card is operational. */
  bring(file: VectorFile, state: string): void {
    if (state.startsWith('socket.')) this.bring(file, 'operational');
    for (const step of file.setups[state]) {
      if (step.together === true) {
        this.put(step);
        continue;
      }
      const refused = this.exchange(step).find((reply) => !succeeded(reply) && !state.endsWith('Failed'));
      // Over the FIFOs the host gives the card its outbound frames.
      if (step.title === 'outbound frames') this.bare.outbound.supply();
      if (refused !== undefined) throw new Error(`setup ${state}, ${step.title}: ${replyText(refused)}`);
    }
  }

  /** Posts a frame and lets the card rest. @returns every reply that came. */
  exchange(frame: VectorFrame): Int32Array[] {
    this.put(frame);
    const replies = this.bare.run();
    for (let turn = 0; turn < 3; turn++) {
      this.bare.clock.set(this.bare.clock.nowNs + HOLD_NS);
      replies.push(...this.bare.run());
    }
    return replies;
  }

  /** Posts a frame, and gives the card no turn. */
  put(frame: VectorFrame): void {
    const words = this.placed(frame);
    const posted = this.bare.post((region, at) => {
      region.set(words, at);
      this.at = at;
    });
    if (!posted) throw new Error('no inbound frame is free');
  }

  /** Where the host finds a frame of the FIFOs' that the card has kept. Gives it back as a NOP. */
  recycle(address: number): boolean {
    const kept = this.bare.inbound.adopt(address) === this.at;
    this.bare.inbound.cancel();
    this.bare.run();
    return kept;
  }

  /** Lets time pass. @returns what came meanwhile. */
  rest(turns: number, turnNs: number): Int32Array[] {
    const replies = this.bare.run();
    for (let turn = 0; turn < turns; turn++) {
      this.bare.clock.set(this.bare.clock.nowNs + turnNs);
      replies.push(...this.bare.run());
    }
    return replies;
  }

  write(address: number, words: Int32Array): void {
    this.bare.region.words.set(words, address >> 2);
  }

  read(address: number, words: number): Int32Array {
    return this.bare.region.words.slice(address >> 2, (address >> 2) + words);
  }

  /** A frame's words, with the addresses of this card's memory. */
  placed(frame: VectorFrame): Int32Array {
    const words = wordsOf(frame);
    for (const place of frame.places ?? []) words[place.word] = this.address(place);
    return words;
  }

  address({ area, number, offset = 0 }: Omit<Place, 'word'>): number {
    const { layout } = this.bare.memory;
    switch (area) {
      case 'transmit':
        return layout.transmit.offset + number * BUFFER_BYTES + offset;
      case 'receive':
        return layout.receive.offset + number * BUFFER_BYTES + offset;
      case 'control':
        return layout.control + number * CONTROL_STRIDE + offset;
      case 'immediate':
        return BUFFERS + number;
      case 'preserved':
        return this.at;
    }
  }
}

function succeeded(reply: Int32Array): boolean {
  return (frameFlags(reply, 0) & FLAG_FAIL) === 0 && frameRequestStatus(reply, 0) === SUCCESS;
}

/**
 * Whether a reply answers the vector's request, rather than one that came before, or a buffer coming home.
 */
function answers(vector: Vector, reply: Int32Array): boolean {
  const request = wordsOf(vector);
  return (
    frameFunction(reply, 0) === request[1] >>> 24 &&
    frameInitiatorContext(reply, 0) === request[2] &&
    (frameFlags(reply, 0) & 0x10) === 0 &&
    (frameTransactionContext(reply, 0) === request[3] ||
      messageNamed(vector.message)!.request.fields.some(({ word }) => word === 3))
  );
}

/** @returns what is wrong with the card's answer; '' when it is what the vector expects. */
export function judge(vector: Vector, replies: readonly Int32Array[]): string {
  const { answer, code, severity, statuses } = vector.expect;
  const own = replies.filter((reply) => answers(vector, reply));
  const said = replies.map(replyText).join('; ') || 'nothing';
  const finals = own.filter((reply) => (frameFlags(reply, 0) & FLAG_LAST) !== 0);
  if (finals.length > 1) return `answered ${finals.length} times: ${said}`;
  // Progress may be reported before; what counts is the last.
  const reply = finals[0] ?? own[0];
  if (answer === 'none') return replies.length === 0 ? '' : `expected nothing, got ${said}`;
  if (answer === 'legal') return reply === undefined ? '' : illegal(vector, reply);
  if (reply === undefined) return `expected ${JSON.stringify(vector.expect)}, got ${said}`;
  const failed = (frameFlags(reply, 0) & FLAG_FAIL) !== 0;
  const status = frameRequestStatus(reply, 0);
  const detail = frameDetailedStatus(reply, 0);
  let good = false;
  if (answer === 'failure') {
    good =
      failed &&
      getFailureCode(reply, 0) === code &&
      getFailureSeverity(reply, 0) === SEVERITIES[String(severity)];
  } else if (answer === 'transactionError') {
    good = !failed && status === TRANSACTION_ERROR && detail === code && frameSizeWords(reply, 0) >= 7;
  } else {
    const names = [errnoName(detail), DETAILED_STATUS_NAMES[detail]];
    good =
      !failed && status === ERROR_NO_DATA && names.some((name) => (statuses as string[]).includes(name!));
  }
  return good ? '' : `expected ${JSON.stringify(vector.expect)}, got ${said}`;
}

/** A well-formed request is served, or refused by an errno of its message. */
function illegal(vector: Vector, reply: Int32Array): string {
  const { errno, replyForm, className } = messageNamed(vector.message)!;
  if ((frameFlags(reply, 0) & FLAG_FAIL) !== 0) return `not delivered: ${replyText(reply)}`;
  if (replyForm === 'overlaid') return '';
  const status = frameRequestStatus(reply, 0);
  if (status === SUCCESS) return '';
  const detail = frameDetailedStatus(reply, 0);
  const general = DETAILED_STATUS_NAMES[detail];
  const names = {
    socket: [errnoName(detail)],
    // What the device does not serve has a general code.
    lan: [LAN_DETAILED_STATUS_NAMES[detail], general === 'UnsupportedFunction' ? general : undefined],
    window: [WINDOW_DETAILED_STATUS_NAMES[detail]],
  }[className] ?? [general];
  const known = errno.some((entry) => names.includes(entry.name));
  // In the executive's and the utility messages a field that names nothing is refused as one that cannot be.
  const wrong = status === TRANSACTION_ERROR && className === 'socket';
  return known && !wrong ? '' : `refused by what it may not be: ${replyText(reply)}`;
}

export function replyText(reply: Int32Array): string {
  const name = `0x${frameFunction(reply, 0).toString(16)}`;
  if ((frameFlags(reply, 0) & FLAG_FAIL) !== 0) {
    const code = FAILURE_CODE_NAMES[getFailureCode(reply, 0)];
    return `${name} failure ${code} severity ${getFailureSeverity(reply, 0)}`;
  }
  const detail = frameDetailedStatus(reply, 0);
  const names = `${DETAILED_STATUS_NAMES[detail]}/${errnoName(detail)}`;
  return `${name} status 0x${frameRequestStatus(reply, 0).toString(16)} ${detail} (${names})`;
}
