/** Cuts into the head of a trace, its times, who owns a frame, and ledgers whose sums still agree. */
import { DOORBELL, OUTBOUND, SIDE_CARD } from '../../../src/trace/sink.ts';
import type { OwnerEvent, Tape } from '../../conformance/trace-surgery.ts';
import { type Cut, cutsOf, type Site } from './cut.ts';

const onAll = (edit: (tape: Tape) => unknown) => (tape: Tape) => [() => edit(tape)];
const head = (name: string, rules: readonly string[], edit: (start: Start) => unknown): Cut =>
  cutsOf('heads')(
    name,
    rules,
    onAll((tape) => {
      // A head is read-only for all but those who alter it.
      return edit(tape.start as unknown as Start);
    }),
  );
/** As the head of a trace, to be altered. */
interface Start {
  transport: string;
  frameBytes: number;
  socketsMax: number;
  classes: { name: string; id: number; version: number }[];
  memory: Record<'inbound' | 'outbound' | 'receive' | 'transmit', { count: number; offset: number }> & {
    control: { offset: number };
  };
  configuration: { pools: Record<string, number>; transport: string };
}
const spoken = (start: Start) => start.classes.find(({ name }) => name === 'socket')!;
const otherTransport = (transport: string): string => (transport === 'ring' ? 'fifo' : 'ring');

const HEAD_CUTS_OF_MEMORY: readonly Cut[] = [
  head('another transport', ['N-03'], (start) => void (start.transport = otherTransport(start.transport))),
  head('another transport in the configuration', ['N-03'], ({ configuration }) => {
    configuration.transport = otherTransport(configuration.transport);
  }),
  head('one inbound frame fewer', ['N-03', 'C-06', 'C-07'], ({ memory }) => void (memory.inbound.count -= 1)),
  head('one outbound frame more', ['N-03', 'C-07'], ({ memory }) => void (memory.outbound.count += 1)),
  head('one bucket more', ['N-03'], ({ memory }) => void (memory.receive.count += 1)),
  head('one transmit buffer fewer', ['N-03', 'B-05'], ({ memory }) => void (memory.transmit.count -= 1)),
  head('more frames in the configuration than there are', ['N-03'], ({ configuration }) => {
    configuration.pools['inboundFrames'] += 1;
  }),
  head('one socket more', ['N-03'], (start) => void (start.socketsMax += 1)),
  head('three sockets', ['N-03', 'F-01'], (start) => void (start.socketsMax = 3)),
  head('frames of half their size', ['H-02', 'H-10'], (start) => void (start.frameBytes /= 2)),
  head('buckets somewhere else', ['S-05'], ({ memory }) => void (memory.receive.offset += 2048)),
  head('transmit buffers somewhere else', ['S-05', 'O-03'], ({ memory }) => {
    memory.transmit.offset += 1024;
  }),
  head('a control area somewhere else', ['S-05'], ({ memory }) => void (memory.control.offset += 65_536)),
  head('a class with the number of another', ['N-03'], (start) => void (spoken(start).id = 7)),
  head('a class of version 1, and messages of later ones', ['K-04'], (start) => {
    spoken(start).version = 1;
  }),
];

const owners =
  (direction: number, edit: (one: OwnerEvent, tape: Tape) => unknown) =>
  (tape: Tape): readonly Site[] =>
    tape.events
      .filter(
        (one): one is OwnerEvent =>
          one.kind === 'owner' &&
          one.direction === direction &&
          one.side === (direction === OUTBOUND ? SIDE_CARD : 0),
      )
      .map((one) => () => edit(one, tape));
const owned = cutsOf('frames');
const SLOT_CUTS: readonly Cut[] = [
  owned(
    'a frame acquired and not told',
    ['C-01'],
    owners(0, (one, tape) => tape.drop(one)),
  ),
  owned(
    'a frame acquired twice',
    ['C-02'],
    owners(0, (one, tape) => tape.insert(tape.at(one) + 1, { ...one })),
  ),
  owned(
    'a frame given back and posted',
    ['C-01'],
    owners(0, (one, tape) => tape.insert(tape.at(one) + 1, { ...one, side: SIDE_CARD })),
  ),
  owned(
    'a frame acquired that is another',
    ['C-01', 'C-02', 'C-06'],
    owners(0, (one) => void (one.slot += 1)),
  ),
  owned(
    'a frame released twice',
    ['C-04'],
    owners(OUTBOUND, (one, tape) => tape.insert(tape.at(one) + 1, { ...one })),
  ),
  owned(
    'a frame released that there is not',
    ['C-06'],
    owners(OUTBOUND, (one) => void (one.slot = 5000)),
  ),
  owned(
    'a frame acquired at the end, and kept',
    ['C-05'],
    onAll((tape) => {
      const last = tape.events.at(-1)!;
      tape.events.push({ kind: 'owner', direction: 0, timeNs: last.timeNs, slot: 5, side: 0 });
    }),
  ),
];

const timed = cutsOf('times');
const TIME_CUTS: readonly Cut[] = [
  timed(
    'an end before the last event',
    ['N-02'],
    onAll((tape) => void (tape.endNs = tape.events.findLast(({ kind }) => kind !== 'packet')!.timeNs - 1)),
  ),
  timed('a packet before the one before it', ['N-02'], (tape) => {
    const packets = tape.events.filter(({ kind }) => kind === 'packet');
    return packets.slice(1).map((packet, i) => () => {
      if (packets[i].timeNs === 0) return false;
      packet.timeNs = packets[i].timeNs - 1;
      return undefined;
    });
  }),
  timed('a packet at a time behind all others', ['N-02'], (tape) => {
    const packets = tape.events.filter(({ kind }) => kind === 'packet');
    return packets.slice(0, -1).map((packet) => () => void (packet.timeNs = tape.endNs + 1e9));
  }),
  timed(
    'a release before its frame came',
    ['N-02'],
    owners(OUTBOUND, (one) => void (one.timeNs -= 1e9)),
  ),
  timed('a doorbell in the trace’s first instant', ['N-02'], (tape) =>
    tape.events
      .filter((one) => one.kind === 'notification' && one.notification === DOORBELL && one.timeNs > 1e6)
      .map((one) => () => void (one.timeNs = 0)),
  ),
];

type Entry = readonly [side: 'host' | 'iop', counter: string, by: number];
const ledgers = (name: string, rules: readonly string[], ...entries: readonly Entry[]): Cut =>
  cutsOf('ledgers')(
    name,
    rules,
    onAll((tape) => {
      for (const [side, counter, by] of entries)
        (tape.finish![side] as Record<string, number>)[counter] += by;
    }),
  );
const unlinked = (name: string, undecidable: string, ...entries: readonly Entry[]): Cut => ({
  ...ledgers(name, [], ...entries),
  undecidable,
});

const LEDGER_CUTS: readonly Cut[] = [
  ledgers(
    'replies destroyed where nothing was reset',
    ['R-08'],
    ['iop', 'outboundPosted', 1],
    ['iop', 'outboundDestroyed', 1],
  ),
  ledgers(
    'bytes destroyed where nothing was reset',
    ['R-08'],
    ['iop', 'bytesDelivered', 1],
    ['iop', 'bytesDestroyed', 1],
    ['iop', 'bytesAccepted', 1],
    ['iop', 'receivePlacementsBytes', 1],
  ),
  ledgers('1 more in the card’s ledger of captureCopies', ['R-09'], ['iop', 'captureCopies', 1]),
  ledgers('1 less in the card’s ledger of captureCopiesBytes', ['R-09'], ['iop', 'captureCopiesBytes', -1]),
  ledgers(
    'a byte sent over UDP that was sent over TCP',
    ['R-09'],
    ['iop', 'tcpOutDataBytes', -1],
    ['iop', 'udpOutDataBytes', 1],
    ['iop', 'bytesAcknowledged', -1],
  ),
  ledgers(
    'a byte discarded that was sent',
    ['R-09'],
    ['iop', 'bytesDiscarded', 1],
    ['iop', 'tcpOutDataBytes', -1],
    ['iop', 'transmitFetchesBytes', -1],
    ['iop', 'bytesAcknowledged', -1],
  ),
  ledgers(
    'a byte refused that was sent',
    ['R-09'],
    ['iop', 'bytesRefused', 1],
    ['iop', 'bytesQueued', -1],
    ['iop', 'tcpOutDataBytes', -1],
    ['iop', 'transmitFetchesBytes', -1],
    ['iop', 'bytesAcknowledged', -1],
  ),
  ledgers(
    'a byte sent again that was sent once',
    ['R-09'],
    ['iop', 'tcpRetransBytes', 1],
    ['iop', 'retransmitFetchesBytes', 1],
  ),
  ledgers(
    'one byte more sent, in both ledgers',
    ['R-02'],
    ['host', 'bytesSent', 1],
    ['iop', 'bytesQueued', 1],
  ),
  unlinked(
    'a byte dropped by the host that it read',
    'what a program reads and what its driver drops is seen in the host’s ledger alone',
    ['host', 'bytesReceived', -1],
    ['host', 'bytesDropped', 1],
    ['host', 'receiveCopiesBytes', -1],
  ),
  unlinked(
    'a byte never acknowledged that was',
    'what is acknowledged of a connection that is reset is the card’s to know',
    ['iop', 'bytesAcknowledged', -1],
    ['iop', 'bytesUnacknowledged', 1],
  ),
  unlinked(
    'a byte accepted and never read',
    'what a card has taken for a program that never gets it is seen nowhere else',
    ['iop', 'bytesAccepted', 1],
    ['iop', 'bytesUnread', 1],
  ),
];

export const HEAD_CUTS: readonly Cut[] = [...HEAD_CUTS_OF_MEMORY, ...SLOT_CUTS, ...TIME_CUTS, ...LEDGER_CUTS];
