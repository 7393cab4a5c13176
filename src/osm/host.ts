/**
 * The host driver, put together: its four subsystems (memory, message, kernel, user) over one card's layout.
 */
import { AssertionFailure, assert } from '../assert/assert.ts';
import { type CardLayout, CONTROL_BYTES } from '../dma/card-layout.ts';
import { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import { Doorbell } from '../i2o/doorbell.ts';
import { hostQueues } from '../i2o/queues/queues.ts';
import type { FrameConsumer, FrameProducer } from '../i2o/transport.ts';
import { INBOUND_METER, Ledger } from '../ledger/ledger.ts';
import type { Holdings } from '../ledger/reconcile.ts';
import { ENETDOWN } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import type { Sleeper, Waker } from '../time/sleeper.ts';
import { Driver } from './kernel/driver.ts';
import { type CardHealth, NO_TURN, type TurnBefore } from './kernel/driver-parts.ts';
import type { DriverConfig } from './memory/driver-config.ts';
import { ReceivePool } from './memory/receive-pool.ts';
import { SocketTable } from './memory/socket-table.ts';
import { TransmitPool } from './memory/transmit-pool.ts';
import { WindowBudget } from './memory/window-budget.ts';
import { BringUp } from './message/bring-up.ts';
import { ControlCall } from './message/control-call.ts';
import { DeviceEvents } from './message/device-events.ts';
import { DeviceParams } from './message/device-params.ts';
import { ReplyDispatch } from './message/reply-dispatch.ts';
import { Requests } from './message/requests.ts';
import { SendBatch } from './message/send-batch.ts';
import { SendRequests } from './message/send-requests.ts';
import { CardMoves } from './user/card-moves.ts';
import { CardSockets, type CardSocketsParts } from './user/card-sockets.ts';
import { DeviceCalls } from './user/device-calls.ts';
import { EchoCalls } from './user/echo-calls.ts';
import { Receiver } from './user/receiver.ts';
import { Sender } from './user/sender.ts';
import { isWasteful, WastefulSockets } from './user/wasteful-sockets.ts';

/** What the world lends the driver. */
export interface HostEnvironment {
  readonly clock: Clock;
  /** Wakes the card. */
  readonly waker: Waker;
  /** Where the driver rests. */
  readonly sleeper: Sleeper;
  readonly health: CardHealth;
  /** Who has a turn before each look of the driver's; nobody where absent. */
  readonly before?: TurnBefore;
  /**
   * The host's two ends of the transport, perhaps in a tracer's wrappers; those that the layout asks for
   * where absent.
   */
  readonly inbound?: FrameProducer;
  readonly outbound?: FrameConsumer;
  /**
   * What moves payload, and counts it in this host's ledger; an engine that knows the layout's buckets where
   * absent.
   */
  readonly dma?: DmaEngine;
}

interface HostEnds {
  readonly inbound: FrameProducer;
  readonly outbound: FrameConsumer;
}

function given({ inbound, outbound }: HostEnvironment): HostEnds | undefined {
  return inbound === undefined || outbound === undefined ? undefined : { inbound, outbound };
}

/** How long the driver rests between two looks at memory that the card is to write, in nanoseconds. */
const POLL_NS = 50_000;

/**
 * Asserts what the driver takes for granted of the memory that it shares with the card.
 * @param byteLength the region's.
 */
export function checkLayout(layout: CardLayout, byteLength: number): void {
  const { transmit, receive, control } = layout;
  for (const pool of [transmit, receive]) {
    const end = pool.offset + pool.count * pool.bufferBytes;
    assert(pool.offset > 0 && end <= byteLength, 'host: a pool lies within the region');
    assert(pool.offset % 4 === 0 && pool.bufferBytes % 4 === 0, 'host: a buffer of a pool begins at a word');
  }
  assert(
    transmit.offset + transmit.count * transmit.bufferBytes <= receive.offset ||
      receive.offset + receive.count * receive.bufferBytes <= transmit.offset,
    'host: the two pools do not overlap',
  );
  assert(
    control % 4 === 0 && control + CONTROL_BYTES <= byteLength,
    'host: the control area lies within the region',
  );
}

/** What the rest of the driver stands on: queues, pools, tables, and the ways of messages out and in. */
function foundation(region: Region, layout: CardLayout, config: DriverConfig, environment: HostEnvironment) {
  const ledger = new Ledger(region, layout.hostLedger);
  const { inbound, outbound } = given(environment) ?? hostQueues(region, layout, ledger);
  const doorbell = new Doorbell(ledger, environment.waker);
  const { store } = layout;
  const windows = new WindowBudget(store, layout.receive, config, ledger);
  const table = new SocketTable(config, windows);
  const transmit = new TransmitPool(
    layout.transmit,
    layout.immediate,
    config.transmitReserve,
    // Where nothing travels inside frames, no slot helps a socket on.
    config.immediateBytesMax > 0 ? config.socketsMax : 0,
    ledger,
  );
  const receive = new ReceivePool(layout.receive, layout.store, ledger);
  const control = new ControlCall(ledger);
  const requests = new Requests(region, inbound, doorbell, ledger);
  const events = new DeviceEvents(ledger);
  const replies = new ReplyDispatch(
    region.words,
    ledger,
    table,
    transmit,
    receive,
    control,
    events,
    requests,
  );
  const pools = { table, transmit, receive, windows };
  return { ...pools, ledger, outbound, doorbell, control, requests, events, replies };
}

export class Host {
  readonly ledger: Ledger;
  readonly driver: Driver;
  readonly sockets: CardSockets;
  /** Of a card whose device is the echo module; it has no other. */
  readonly echoes: EchoCalls;
  readonly bringUp: BringUp;
  readonly requests: Requests;
  readonly transmit: TransmitPool;
  readonly receive: ReceivePool;
  private readonly sleeper: Sleeper;
  private readonly health: CardHealth;
  private readonly clock: Clock;
  private readonly timeoutNs: number;
  private up = false;

  constructor(region: Region, layout: CardLayout, config: DriverConfig, environment: HostEnvironment) {
    checkLayout(layout, region.words.length * 4);
    const parts = foundation(region, layout, config, environment);
    parts.transmit.startMeters(environment.clock);
    parts.ledger.meter(INBOUND_METER).start(environment.clock, layout.inboundFrames, 0);
    const { ledger, table, transmit, receive, control, requests, events, replies } = parts;
    const batch = new SendBatch(requests, transmit);
    const messages = new SendRequests(requests, transmit);
    const dma = environment.dma ?? new DmaEngine(region, ledger, layout.receive);
    this.ledger = ledger;
    this.transmit = transmit;
    this.receive = receive;
    this.requests = requests;
    this.driver = new Driver({
      ...parts,
      batch,
      dma,
      clock: environment.clock,
      sleeper: environment.sleeper,
      health: environment.health,
      before: environment.before ?? NO_TURN,
      config,
    });
    this.driver.blocked.stalls.start(environment.clock);
    this.driver.credits.waits.start(environment.clock, 0, 0);
    const params = new DeviceParams(region, layout.control, requests, control, this.driver);
    control.forgotten = () => {
      params.forget();
      events.mask = 0;
      replies.watch.forget();
    };
    this.bringUp = new BringUp(
      region,
      layout.control,
      requests,
      control,
      this.driver,
      replies.watch,
      config.classVersion,
      undefined,
      config.outboundFrameWords,
    );
    const calls: CardSocketsParts = {
      ...parts,
      driver: this.driver,
      sender: new Sender(this.driver, messages, batch, table, transmit, dma, ledger),
      receiver: new Receiver(region, this.driver, table, receive, dma, ledger),
      device: new DeviceCalls(this.driver, requests, params, events),
      moves: new CardMoves({ ...parts, driver: this.driver, dma, words: region.words, image: layout.image }),
    };
    this.sockets = isWasteful(config)
      ? new WastefulSockets(calls, dma, layout.receive.bufferBytes, ledger)
      : new CardSockets(calls);
    const frames = layout.inboundFrames + layout.outboundFrames;
    this.echoes = new EchoCalls({ ...parts, dma, config, frames });
    replies.echoesTo(this.echoes);
    this.sleeper = environment.sleeper;
    this.health = environment.health;
    this.clock = environment.clock;
    this.timeoutNs = config.controlTimeoutNs;
  }

  /**
   * Brings the card up, from RESET or from whatever state another driver left it in.
   * @param classId class of the device to use: the first of the card's that nobody has claimed.
   * @throws Error naming the step that failed.
   */
  bringUpCard(classId: number): void {
    try {
      this.bringUp.run(classId, this.patience());
      this.up = true;
    } catch (failure) {
      this.driver.failed(failure);
    }
  }

  /**
   * Resets the card, at any moment, and brings it up again. Every open socket fails with ENETDOWN and every
   * buffer the card had is the host's; then there may be new ones. A driver that has failed (`Driver.fault`)
   * cannot.
   * @throws Error naming the step that failed: the card is dead then.
   */
  restartCard(classId: number): void {
    const { driver } = this;
    if (driver.fault !== undefined) throw new Error(`the driver has failed: ${driver.fault}`);
    try {
      this.bringUp.again(classId, this.patience());
      this.up = true;
    } catch (failure) {
      if (!(failure instanceof AssertionFailure)) driver.die(ENETDOWN);
      driver.failed(failure);
    }
  }

  /** What the driver holds right now, for whoever balances its books. */
  holdings(): Holdings {
    return { transmitInUse: this.transmit.inUse, breaksAims: this.sockets instanceof WastefulSockets };
  }

  /**
   * @returns what to call between two looks at memory that the card is to write; it says when not to look any
   *   more.
   */
  private patience(): () => boolean {
    this.clock.update();
    const deadlineNs = this.clock.nowNs + this.timeoutNs;
    return () => {
      this.sleeper.prepare();
      this.sleeper.sleep(POLL_NS);
      this.clock.update();
      return this.health.alive() && this.clock.nowNs < deadlineNs;
    };
  }

  /**
   * Ends the session in order, as a driver does before it goes: SysQuiesce, and every reply that the card
   * still had. Sockets that are open go on as they are; to fail them is for whoever stops the card. Once, and
   * only where the card is up and alive.
   * @param timeoutNs how long the card may take for a free frame, and again for its answer.
   * @returns whether it has answered.
   */
  quiesce(timeoutNs: number): boolean {
    const { driver } = this;
    if (!this.up || !driver.checkHealth()) return false;
    this.up = false;
    try {
      driver.goOffline();
      this.bringUp.quiesce(timeoutNs);
    } catch (failure) {
      if (failure instanceof AssertionFailure) driver.failed(failure);
      return false;
    }
    while (driver.poll() > 0) {}
    return true;
  }
}
