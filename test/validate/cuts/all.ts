/** Every kind of cut, and the table of what became of them. */
import { TRANSPORTS } from '../../../src/i2o/queues/queues.ts';
import { runLanTour } from '../../../src/tour/lan-live.ts';
import { runWindowTour } from '../../../src/tour/window-live.ts';
import { Tape } from '../../conformance/trace-surgery.ts';
import { BYTE_CUTS } from './bytes.ts';
import { COUNTER_CUTS } from './counted.ts';
import { type Cut, type CutTrace, type Outcome, tryCut } from './cut.ts';
import { DATAGRAM_CUTS } from './datagrams.ts';
import { END_CUTS } from './ends.ts';
import { EVENT_CUTS } from './events.ts';
import { cutGround } from './ground.ts';
import { HEADER_CUTS } from './headers.ts';
import { HEAD_CUTS } from './heads.ts';
import { HOST_CUTS, SEGMENT_CUTS } from './hosts.ts';
import { linkedGround } from './linked.ts';
import { LIFE_CUTS } from './lives.ts';
import { NOTICE_CUTS } from './notices.ts';
import { OUTGOING_CUTS } from './outgoing.ts';
import { PORT_CUTS } from './ports.ts';
import { REFUSAL_CUTS } from './refusals.ts';
import { SENT_CUTS } from './sent.ts';
import { SNAPSHOT_CUTS } from './snapshots.ts';
import { LIST_CUTS, VALUE_CUTS } from './values.ts';
import { variedGround } from './varied.ts';
import { WIDE_CUTS } from './wide.ts';
import { WIRE_CUTS } from './wire.ts';

export const CUTS: readonly Cut[] = [
  ...END_CUTS,
  ...SNAPSHOT_CUTS,
  ...REFUSAL_CUTS,
  ...BYTE_CUTS,
  ...SENT_CUTS,
  ...DATAGRAM_CUTS,
  ...EVENT_CUTS,
  ...NOTICE_CUTS,
  ...WIRE_CUTS,
  ...VALUE_CUTS,
  ...LIST_CUTS,
  ...HOST_CUTS,
  ...SEGMENT_CUTS,
  ...LIFE_CUTS,
  ...PORT_CUTS,
  ...WIDE_CUTS,
  ...HEAD_CUTS,
  ...HEADER_CUTS,
  ...OUTGOING_CUTS,
  ...COUNTER_CUTS,
];

export function cutTraces(): readonly CutTrace[] {
  const both = TRANSPORTS.flatMap((transport): CutTrace[] => {
    const [lan, window] = [new Tape(), new Tape()];
    const failures = [runLanTour(lan, { transport }, 1, 1), runWindowTour(window, { transport }, 1, 1)].join(
      '',
    );
    if (failures !== '') throw new Error(failures);
    return [
      [transport, cutGround(transport), 'socket'],
      [transport, lan, 'lan'],
      [transport, window, 'window'],
    ];
  });
  const lives = TRANSPORTS.map(
    (transport, i): CutTrace => ['lives', variedGround(transport, i === 0 ? 3 : 2), 'socket'],
  );
  const linked: CutTrace = ['linked', linkedGround(), 'socket'];
  return [...both, ['wide', cutGround('ring', true), 'socket'], ...lives, linked];
}

/** @param most places tried of each kind and trace. */
export function tryAll(most: number): readonly Outcome[] {
  const traces = cutTraces();
  return CUTS.map((cut) => tryCut(cut, traces, most));
}

/** Told everywhere it was made. */
export function isTold({ cut, places, told }: Outcome): boolean {
  return cut.undecidable === undefined && places > 0 && told === places;
}

export function cutTable(outcomes: readonly Outcome[]): string[] {
  const groups = [...new Set(outcomes.map(({ cut }) => cut.group))];
  const row = (name: string, of: readonly Outcome[]): string => {
    const decidable = of.filter(({ cut }) => cut.undecidable === undefined);
    const told = decidable.filter(isTold).length;
    const places = of.reduce((sum, one) => sum + one.places, 0);
    const columns = [
      of.length,
      decidable.length,
      told,
      decidable.length - told,
      of.length - decidable.length,
      places,
    ];
    return [name.padEnd(12), ...columns.map((value) => String(value).padStart(12))].join('');
  };
  const heads = ['kinds', 'decidable', 'told', 'missed', 'undecidable', 'places'];
  const lines = [['about'.padEnd(12), ...heads.map((head) => head.padStart(12))].join('')];
  for (const group of groups)
    lines.push(
      row(
        group,
        outcomes.filter(({ cut }) => cut.group === group),
      ),
    );
  lines.push(row('in all', outcomes));
  for (const { cut, places, told, missed } of outcomes) {
    if (cut.undecidable !== undefined) lines.push(`undecidable: ${cut.name}: ${cut.undecidable}`);
    else if (places === 0) lines.push(`not made: ${cut.name}`);
    else if (told < places) lines.push(`missed: ${cut.name} (${cut.rules.join(', ')}): ${missed.join('; ')}`);
  }
  return lines;
}
