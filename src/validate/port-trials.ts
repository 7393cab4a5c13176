/** What is remembered of a card of network ports, by its class: made at a trace's head, and given up together. */
import type { TraceHead } from '../trace/sink.ts';
import type { Findings } from './findings.ts';
import { LanBuckets } from './lan-buckets.ts';
import { LanListJudge } from './lan-lists.ts';
import { LanLoans } from './lan-loans.ts';
import { LanPorts } from './lan-ports.ts';
import type { LanTrial } from './lan-trial.ts';
import { LanWire } from './lan-wire.ts';
import type { Machines } from './message-rows.ts';
import type { ReceiveBuckets } from './receive-buckets.ts';
import type { TransmitBuffers } from './transmit-buffers.ts';
import type { Trial } from './trial.ts';
import { WindowListJudge } from './window-lists.ts';
import { WindowMirror } from './window-mirror.ts';
import { WindowPorts } from './window-ports.ts';
import { WindowSums } from './window-sums.ts';
import type { WindowTrial } from './window-trial.ts';

/** What the tables of a class of ports are made from. */
export interface PortGround {
  readonly head: TraceHead;
  /** Devices of the class. */
  readonly ports: number;
  readonly machines: Machines;
  readonly findings: Findings;
  readonly transmit: TransmitBuffers;
  readonly receive: ReceiveBuckets;
}

export function lanTrial({ head, ports, machines, findings, transmit, receive }: PortGround): LanTrial {
  const { memory } = head;
  const areas = memory.packets === undefined ? [memory.transmit] : [memory.transmit, memory.packets];
  return {
    ports: new LanPorts(head, ports, machines, findings),
    buckets: new LanBuckets(memory.receive, ports, findings),
    loans: new LanLoans(areas, memory.packets?.count ?? memory.transmit.count, findings),
    lists: new LanListJudge(head, transmit, receive, findings),
    wire: new LanWire(findings),
    hidden: false,
    returned: 0,
  };
}

/** @param isLate whether the trace begins at a card that was running already. */
export function windowTrial(ground: PortGround, isLate: () => boolean): WindowTrial {
  const { head, ports, machines, findings, transmit, receive } = ground;
  const { memory } = head;
  const packets = memory.packets?.count ?? memory.transmit.count;
  const read = memory.packets === undefined ? [memory.transmit] : [memory.transmit, memory.packets];
  return {
    ports: new WindowPorts(head, ports, machines, findings, isLate),
    mirror: new WindowMirror(),
    loans: new LanLoans(read, packets + memory.transmit.count, findings),
    places: new LanLoans([memory.receive], packets + memory.receive.count, findings, 'O-02'),
    lists: new WindowListJudge(head, transmit, receive, findings),
    sums: new WindowSums(),
  };
}

/** The card was reset, and its queues are new. */
export function resetPorts({ lan, window }: Trial): void {
  lan?.loans.reset();
  lan?.buckets.reset();
  window?.loans.reset();
  window?.places.reset();
  window?.mirror.reset();
}

/** The device has forgotten all it had. What was sent comes back all the same. */
export function withdrawPorts({ lan, window }: Trial): void {
  lan?.ports.withdraw();
  if (window === undefined) return;
  window.ports.withdraw();
  window.mirror.withdraw();
}
