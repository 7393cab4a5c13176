/**
 * Everything that the judges of requests and of replies work on together, made once by the validator at a
 * trace's head.
 */
import type { TraceHead } from '../trace/sink.ts';
import type { Coverage } from './coverage.ts';
import type { DeviceUsers } from './device-users.ts';
import type { EventRegistrations } from './event-registrations.ts';
import type { Findings } from './findings.ts';
import type { IopJudge } from './iop-machine.ts';
import type { LanTrial } from './lan-trial.ts';
import type { ListJudge } from './list-judge.ts';
import type { MessageRow } from './message-rows.ts';
import type { ReceiveBuckets } from './receive-buckets.ts';
import type { Refusals } from './refusals.ts';
import type { SocketAccounts } from './socket-accounts.ts';
import type { Sockets } from './sockets.ts';
import type { Sums } from './sums.ts';
import type { Transactions } from './transactions.ts';
import type { TransmitBuffers } from './transmit-buffers.ts';
import type { WindowTrial } from './window-trial.ts';

export interface Trial {
  readonly head: TraceHead;
  /** TID of the device that the host speaks to: requests and replies name it or the executive. */
  readonly deviceTid: number;
  readonly findings: Findings;
  readonly rows: readonly MessageRow[];
  readonly iop: IopJudge;
  readonly sockets: Sockets;
  /** Of a card of sockets. */
  readonly accounts: SocketAccounts | undefined;
  readonly refusals: Refusals;
  /** Of each device that the host speaks to. */
  readonly users: readonly DeviceUsers[];
  readonly transmit: TransmitBuffers;
  readonly receive: ReceiveBuckets;
  readonly lists: ListJudge;
  /** Of a card of network ports, by its class. */
  readonly lan: LanTrial | undefined;
  readonly window: WindowTrial | undefined;
  /** @returns the number of the device that the host speaks to, among those of its class; -1 for no such. */
  portOf(tid: number): number;
  readonly transactions: Transactions;
  readonly events: EventRegistrations;
  readonly sums: Sums;
  readonly coverage: Coverage;
}
