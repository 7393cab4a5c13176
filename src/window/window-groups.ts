/** Parameter groups of a port of the window class, as spec/groups.yaml describes them. */
import { ETHERNET_HEADER_BYTES } from '../hdm/nic-rings.ts';
import {
  GROUP_WINDOW_BATCH_CONTROL,
  GROUP_WINDOW_BATCH_CONTROL_CONTEXT_DELAY,
  GROUP_WINDOW_INFO,
  GROUP_WINDOW_STATISTICS,
} from '../i2o/groups.gen.ts';
import { BLOCK_STATUS_OPERATION_ERROR } from '../i2o/utility.gen.ts';
import {
  CounterGroup,
  DescribedGroup,
  getNumber,
  type ParameterGroup,
} from '../iop/module/parameter-group.ts';
import { changeCount, changeDelay, delayUs } from '../lan/batch-control.ts';
import type { BatchRule } from '../lan/batch-rule.ts';
import { addressNumber } from '../lan/lan-groups.ts';
import { PACKET_PIECES_MAX } from '../lan/send-queue.ts';
import * as names from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LinkPort } from '../tcpip/contract.ts';
import type { WindowMemory } from './window-memory.ts';

/** The ledger's counters, by field of WindowStatistics. */
const STATISTICS: readonly number[] = [
  names.WINDOW_FILLS,
  names.WINDOW_FILLS_BYTES,
  names.WINDOW_RELEASES_BYTES,
  names.WINDOW_PLACEMENTS,
  names.WINDOW_PLACEMENTS_BYTES,
  names.WINDOW_FRAMES_KEPT,
  names.WINDOW_FRAMES_BACK,
  names.WINDOW_RX_FULL,
  names.WINDOW_RX_CLOSED,
  names.WINDOW_OUTSIDE,
  names.WINDOW_NOT_FILLED,
  names.WINDOW_ALREADY_FILLED,
  names.WINDOW_NOT_HELD,
  names.WINDOW_BAD_TRANSACTIONS,
  names.WINDOW_OVERFULL,
];

/** What the groups show. */
export interface WindowGroupParts {
  readonly port: LinkPort;
  readonly memory: WindowMemory;
  readonly ledger: Ledger;
  readonly packetsMax: number;
  readonly transactionsMax: number;
  /** When contexts are told. */
  readonly rules: HeldRules;
}

/** Rules of contexts that wait for company, which the host sets together. */
export interface HeldRules {
  readonly fills: BatchRule;
  readonly sends: BatchRule;
}

export function windowGroups(parts: WindowGroupParts): readonly ParameterGroup[] {
  const { port, memory, ledger } = parts;
  const { slots } = memory;
  const values: readonly (() => number)[] = [
    () => memory.transmitAddress,
    () => memory.transmitBytesMax,
    () => memory.transmitBytes,
    () => memory.filledBytes,
    () => slots.offset,
    () => slots.count,
    () => slots.slotBytes,
    () => memory.framesMax,
    () => memory.framesHeld,
    () => parts.packetsMax,
    () => parts.transactionsMax,
    () => PACKET_PIECES_MAX,
    () => port.segmentBytesMax,
    () => ETHERNET_HEADER_BYTES + port.mtu,
    () => addressNumber(port),
  ];
  const { number, fields } = GROUP_WINDOW_STATISTICS;
  return [
    new DescribedGroup(GROUP_WINDOW_INFO, { put: (field, _row, put) => put.number(values[field]()) }),
    batchGroup(parts.rules),
    new CounterGroup(
      number,
      fields.map(({ name }) => name),
      (field) => ledger.counters[STATISTICS[field]],
    ),
  ];
}

function batchGroup({ fills, sends }: HeldRules): DescribedGroup {
  const isDelay = (field: number): boolean => field === GROUP_WINDOW_BATCH_CONTROL_CONTEXT_DELAY;
  return new DescribedGroup(GROUP_WINDOW_BATCH_CONTROL, {
    put: (field, _row, put) => put.number(isDelay(field) ? delayUs(fills) : fills.count),
    take: (field, bytes, at) => {
      const value = getNumber(bytes, at, GROUP_WINDOW_BATCH_CONTROL.fields[field].byteLength);
      const change = isDelay(field) ? changeDelay : changeCount;
      // Both or neither: they are refused by the same ranges.
      return change(fills, value) && change(sends, value) ? 0 : BLOCK_STATUS_OPERATION_ERROR;
    },
  });
}
