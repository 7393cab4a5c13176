/**
 * Our own host driver behind the pipe: it brings the card up, opens a stream to itself, and moves bytes. The
 * known good back-end for `--role host`.
 */
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { Host } from '../../osm/host.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock } from '../../time/clock.ts';
import { InterruptedSleeper } from '../../time/sleeper.ts';
import { FrameReceiver } from '../ends/frame-receiver.ts';
import { FrameSender } from '../ends/frame-sender.ts';
import type { FramePort } from '../ends/port.ts';
import { Window } from '../link/window.ts';
import { type PipeMessage, tailText, textBytes, timeOf } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';
import type { Backend } from './backend.ts';
import { type HostFault, SPOILT_TRANSFER, SpoiltHost } from './host-faults.ts';
import { runProgram } from './host-program.ts';
import { planOwn, readSettings } from './settings.ts';
import { SharedOwnHost } from './shared-own-host.ts';

const BLANK = 0x20;

export class OwnHost extends InterruptedSleeper implements FramePort {
  private readonly backend: Backend;
  private readonly clock = new Clock();
  private readonly window: Window;
  private readonly inbound: FrameSender;
  private readonly outbound: FrameReceiver;
  private readonly transferBytes: number;
  private readonly address: number;
  readonly host: Host;
  private readonly spoilt: SpoiltHost | undefined;
  /** Nobody is told of what was sent; a request is sent for the second time. */
  private silent = false;
  private again = false;

  /** @param fault how it goes wrong; undefined in all cases but the one that is spoilt. */
  constructor(backend: Backend, begin: PipeMessage, fault: HostFault | undefined) {
    super();
    this.backend = backend;
    this.spoilt = fault === undefined ? undefined : new SpoiltHost(fault, backend);
    this.clock.set(timeOf(begin.fields[0], begin.fields[1]));
    const own = planOwn(readSettings(begin));
    const { region, settings, config, card } = own;
    const { words } = region;
    this.transferBytes = settings.transferBytes;
    this.address = settings.ipv4Address;
    this.window = new Window(region, settings, pipe.PIPE_ROLE_HOST, true);
    const { layout } = card.memory;
    const slots = { words, first: own.inbound, count: settings.inboundFrames, firstAddress: own.inbound * 4 };
    this.inbound = new FrameSender(slots, this, true, new Ledger(region, layout.hostLedger));
    this.outbound = new FrameReceiver(
      { words, first: own.outbound, count: settings.outboundFrames },
      this,
      false,
    );
    this.host = new Host(region, layout, config.driver, {
      ...{ clock: this.clock, sleeper: this, inbound: this.inbound, outbound: this.outbound },
      waker: { wake: () => this.ring() },
      health: { alive: () => true },
    });
  }

  /** The program, from bring-up to the end in order. */
  work(): void {
    // The first turn is the program's start.
    this.hearTurn();
    const length = this.spoilt?.is('short-transfer') === true ? 1 : this.transferBytes;
    const failure = runProgram(this.host, this.address, length);
    if (this.spoilt?.is('never-done') === true) {
      this.backend.rest(NEVER);
      return;
    }
    const status = failure === '' ? pipe.PIPE_DONE_STATUS_GOOD : pipe.PIPE_DONE_STATUS_FAILED;
    this.backend.send(pipe.PIPE_DONE, [status], textBytes(failure), BLANK);
    this.backend.rest(NEVER);
  }

  sleep(timeoutNs: number): void {
    if (this.woken) return;
    this.tellChanges();
    this.backend.rest(timeoutNs === NEVER ? NEVER : this.clock.nowNs + timeoutNs);
    this.hearTurn();
  }

  /** Hears what has come until the next turn begins. */
  private hearTurn(): void {
    for (;;) {
      const { type, fields, tail } = this.backend.next();
      switch (type) {
        case pipe.PIPE_FRAME:
          if (this.spoilt?.forgets(tail) === true) this.backend.numbers(pipe.PIPE_RELEASE, [fields[0]]);
          else this.outbound.arrive(fields[0], fields[1], tail);
          break;
        case pipe.PIPE_INTERRUPT:
          this.outbound.announced();
          this.interrupt();
          break;
        case pipe.PIPE_RELEASE:
          this.inbound.released(new Int32Array(tail.buffer as ArrayBuffer));
          break;
        case pipe.PIPE_RESTART:
          this.inbound.restart();
          this.outbound.restart(false);
          break;
        case pipe.PIPE_MEMORY_WRITE:
          this.window.write(fields[0], tail.subarray(0, fields[1]));
          break;
        case pipe.PIPE_TURN:
          this.clock.set(timeOf(fields[0], fields[1]));
          return;
      }
    }
  }

  frame(number: number, _address: number, words: Int32Array, at: number): void {
    this.tellChanges();
    const times = this.again ? 1 : (this.spoilt?.send(number, words, at) ?? 1);
    this.silent = times === 0;
    this.backend.frame(number, words, at);
    if (times === 2) this.sendAgain(words, at);
  }

  /** Sends a request a second time, in another frame. */
  private sendAgain(words: Int32Array, at: number): void {
    const frame = this.inbound.acquire();
    if (frame === NO_FRAME) return;
    words.copyWithin(frame, at, at + FRAME_WORDS);
    this.inbound.post();
    this.again = true;
    this.inbound.publish();
    this.again = false;
  }

  private ring(): void {
    if (!this.silent) this.backend.send(pipe.PIPE_DOORBELL);
  }

  release(numbers: readonly number[]): void {
    if (this.spoilt?.is('keeps-replies') === true && this.host.sockets.socketsInUse > 0) return;
    this.backend.numbers(pipe.PIPE_RELEASE, numbers);
  }

  restarted(): void {}

  private tellChanges(): void {
    this.window.changes((address, bytes) => {
      this.backend.send(pipe.PIPE_MEMORY_WRITE, [address, bytes.length], bytes);
    });
  }
}

/** Serves cases until the front-end ends. */
export function serveHost(backend: Backend, fault: HostFault | undefined): never {
  for (;;) {
    const message = backend.next();
    if (message.type !== pipe.PIPE_BEGIN) continue;
    if (backend.shares) {
      new SharedOwnHost(backend, message, backend.next()).work();
      continue;
    }
    const spoilt = tailText(message.tail) === SPOILT_TRANSFER;
    new OwnHost(backend, message, spoilt ? fault : undefined).work();
  }
}
