/** What a verdict leaves open, and why: checks that a trace had not what they need. */
import type { TraceEnd } from '../trace/sink.ts';

/** What is known of a trace once it has been read. */
export interface Seen {
  /** Undefined where the trace was cut. */
  readonly end: TraceEnd | undefined;
  readonly drained: boolean;
  /** Packets told; undefined for a card whose packets are not a witness. */
  readonly packets: number | undefined;
  /** The first frame met a card that was running already. */
  readonly late: boolean;
  readonly chained: number;
  readonly staticFrames: number;
  /** More requests waited than are remembered. */
  readonly overflowed: boolean;
}

const PACKET_RULES = 'what packets show (rules P and D-03)';

/** Whether the ledgers say that there were no packets, so that none can be missing. */
export function wasSilent({ host, iop }: TraceEnd): boolean {
  const portsWere = iop['lanPlacementsBytes'] === 0 && host['lanPacketsSentBytes'] === 0;
  return portsWere && iop['ipInReceives'] === 0 && iop['ipOutRequests'] === 0;
}

/** @returns a line for each thing that was not judged: what, and why. */
export function notJudged(seen: Seen): string[] {
  const { end, packets } = seen;
  const lines: string[] = [];
  const leave = (what: string, why: string): void => void lines.push(`${what}: ${why}`);
  if (seen.late)
    leave('what was asked for, claimed and connected before', 'the trace begins at a running card');
  if (end === undefined) {
    leave('what was open at the end, and the sums (rules R)', 'the trace has no end record');
    if (packets !== undefined) leave(PACKET_RULES, 'only an end record says whether packets were lost');
    leave(
      'the order of events and writes to buffers (rules V-01, V-03 and O-05)',
      'the trace has no end record',
    );
  } else {
    const empty = [Object.keys(end.host).length === 0 && 'host', Object.keys(end.iop).length === 0 && 'card'];
    const names = empty.filter((name) => name !== false).join(' and ');
    if (names !== '') leave('the sums (rules R)', `the ledger of the ${names} is empty`);
    if (names === '' && !seen.drained) leave('what was open at the end', 'frames were still on their way');
    if (packets === 0 && !wasSilent(end)) leave(PACKET_RULES, 'no packets were recorded');
    if (end.lost > 0) leave(PACKET_RULES, `${end.lost} packets found no room in the recorder`);
    const lostEvents = end.iop['eventsLost'] ?? 0;
    if (lostEvents > 0) leave('the order of events (rules V-01 and V-03)', `the card lost ${lostEvents}`);
    const lent = (end.host['bytesLent'] ?? 0) > 0 || (end.host['handOffFills'] ?? 0) > 0;
    if (lent) leave('writes to buffers (rule O-05)', 'programs were lent buffers, and wrote to them unseen');
  }
  if (seen.chained > 0) leave('the lists of requests with a chain', `${seen.chained} lie in no trace`);
  if (seen.staticFrames > 0)
    leave('answers nobody asked for', 'static frames were posted, which lie on the card');
  if (seen.overflowed) leave('answers nobody asked for', 'more requests waited than are remembered');
  return lines;
}
