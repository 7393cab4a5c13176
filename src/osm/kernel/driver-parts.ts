/**
 * What the driver works with: the parts of the other subsystems, and what the world lends it. Put together by
 * osm/host.ts.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import type { Doorbell } from '../../i2o/doorbell.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Sleeper } from '../../time/sleeper.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { WindowBudget } from '../memory/window-budget.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { ReplyDispatch } from '../message/reply-dispatch.ts';
import type { Requests } from '../message/requests.ts';
import type { SendBatch } from '../message/send-batch.ts';

/** What `Driver.wait` answers when it has ended before its time, and nothing has come. */
export const GAVE_UP = -1;

/** Whether the card still runs; the world knows. */
export interface CardHealth {
  alive(): boolean;
}

/** Who is to have this thread for a turn before the driver looks for replies. */
export interface TurnBefore {
  /** @returns how many items it worked on; 0 when it is idle. */
  poll(): number;
}

/** Nobody: the card has a thread of its own, or whoever runs the world gives each its turn. */
export const NO_TURN: TurnBefore = { poll: () => 0 };

export interface DriverParts {
  readonly outbound: FrameConsumer;
  readonly doorbell: Doorbell;
  readonly requests: Requests;
  readonly batch: SendBatch;
  readonly replies: ReplyDispatch;
  readonly control: ControlCall;
  readonly table: SocketTable;
  readonly transmit: TransmitPool;
  readonly receive: ReceivePool;
  readonly windows: WindowBudget;
  readonly dma: DmaEngine;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly sleeper: Sleeper;
  readonly health: CardHealth;
  readonly before: TurnBefore;
  readonly config: DriverConfig;
}
