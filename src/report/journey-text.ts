/** One operation's way as a timeline for a terminal, what it adds up to, and one sentence about that. */

import type { Operation } from '../explain/events.ts';
import { type Explanation, latencyNs } from '../explain/explain.ts';
import type { Leg, Span, Who } from '../explain/path.ts';
import { type Sums, sumsOf } from '../explain/sums.ts';
import { wayText } from '../explain/ways.ts';

const COLUMNS = 80;
const BAR_COLUMNS_MIN = 8;
const WHERE_COLUMNS_MAX = 12;

/** Where a part of the work was done, as a sentence ends. */
const PLACES: Readonly<Record<Who, string>> = {
  host: "at work in the hosts' processors",
  bus: 'on the bus between hosts and cards',
  iop: "at work in the cards' processors",
  dma: "in the cards' DMA engines",
  wire: 'on the wire',
};

/** What was waited for, as a sentence ends, where its short name does not say it. */
const REASONS: Readonly<Record<string, string>> = {
  'the processor': 'waiting for a processor that was in an earlier turn',
  'its turn': 'waiting for its turn among other connections',
  'other requests': 'waiting while its turn was at work on other requests',
  'a retransmission': 'waiting until a lost segment was sent again',
  'the window': 'waiting until the window let it be sent',
  'a call that blocks': "waiting while another connection's send blocked its program",
  "the host's work": 'waiting while the host had the processor that its card shares',
  "the card's work": 'waiting while a card had the processor that it shares with its host',
  "another card's work": 'waiting while another card had the processor that both share',
};

/** @param title what the plan is about. @param choice how the operation was chosen, such as `the median`. */
export function journeyText(title: string, choice: string, explanation: Explanation): string {
  const { journey } = explanation;
  const sums = sumsOf(journey.spans);
  const lines = [
    ...headLines(title, choice, explanation),
    '',
    ...timeline(explanation),
    '',
    ...sumLines(sums),
  ];
  if (journey.astray > 0) lines.push('A part of its way was not found, and is shown in one piece.');
  return `${lines.join('\n')}\n`;
}

function headLines(title: string, choice: string, explanation: Explanation): string[] {
  const { point, settings, operations, journey, measurement } = explanation;
  const { number, program } = journey.operation;
  const said = Object.entries(settings).map(([path, value]) => `${path}=${value}`);
  const what = kindOf(journey.operation);
  const { latencyUs } = measurement;
  // Whole nanoseconds, as its spans have them, so that both print the same.
  const tookNs = Math.round(latencyNs(journey.operation));
  const lines = [
    explanation.system === undefined ? title : `${title}; ${explanation.system}`,
    ...filled(`point ${point}: ${said.join(', ')}`),
    `${what} ${number} of ${operations} by ${program}, ${choice}: ${microseconds(tookNs)} µs`,
  ];
  lines.push(...explanation.ways.flatMap((way) => filled(`at ${way.host}: ${wayText(way)}`)));
  if (latencyUs === null) return lines;
  return [...lines, `all requests: p50 ${latencyUs.p50}, p99 ${latencyUs.p99}, max ${latencyUs.max} µs`];
}

/** What one operation is. */
function kindOf({ write, datagram }: Operation): string {
  if (!write) return 'request';
  return datagram === undefined ? 'write' : 'datagram';
}

function timeline({ journey, ground }: Explanation): string[] {
  const { spans, operation } = journey;
  const totalNs = spans[spans.length - 1]?.toNs ?? 0;
  const whereColumns = Math.min(WHERE_COLUMNS_MAX, Math.max(5, ...spans.map(({ where }) => where.length)));
  const timeColumns = Math.max(8, microseconds(totalNs).length + 1);
  const whats = spans.map(whatOf);
  const whatColumns = Math.max(...whats.map((what) => what.length));
  const taken = 2 * timeColumns + 4 + 2 + whereColumns + 5 + whatColumns;
  const barColumns = Math.max(BAR_COLUMNS_MIN, COLUMNS - taken);
  const lines = [`${'at µs'.padStart(timeColumns)}${'took'.padStart(timeColumns)}`];
  const home = ground.topology.hosts[ground.topology.cards[operation.stream.card].host].name;
  let leg: Leg | undefined;
  spans.forEach((span, i) => {
    if (span.leg !== leg) lines.push(headingOf(span.leg, home, kindOf(operation)));
    leg = span.leg;
    const times = [span.fromNs, span.toNs - span.fromNs].map((ns) => microseconds(ns).padStart(timeColumns));
    const where = span.where.slice(0, whereColumns).padEnd(whereColumns);
    const line = `${times.join('')}  ${span.who.padEnd(4)} ${where}  ${whats[i].padEnd(whatColumns)}  `;
    lines.push(`${line}${barOf(span, totalNs, barColumns)}`.trimEnd());
  });
  return lines;
}

function headingOf(leg: Leg, home: string, kind: string): string {
  if (leg === 'handshake') return `the handshake, which ${home} begins:`;
  if (leg === 'request') return `the ${kind}, from ${home}:`;
  return leg === 'response' ? `the response, to ${home}:` : "the stream's end:";
}

function whatOf({ what, waiting }: Span): string {
  return waiting ? `waits for ${what}` : what;
}

/** Where in the whole a span lies: work as `#`, waiting as dots. */
function barOf({ fromNs, toNs, waiting }: Span, totalNs: number, columns: number): string {
  const from = Math.min(columns - 1, Math.floor((fromNs / totalNs) * columns));
  const to = Math.max(from + 1, Math.round((toNs / totalNs) * columns));
  return ' '.repeat(from) + (waiting ? '.' : '#').repeat(to - from);
}

function sumLines(sums: Sums): string[] {
  const { workNs, waits, waitingNs, totalNs } = sums;
  const work = Object.entries(workNs).map(([who, ns]) => `${who} ${microseconds(ns)}`);
  const lines = [`worked µs  ${work.join('  ')}`];
  const parts = waits.map(({ what, ns }) => `${what} ${microseconds(ns)}`);
  lines.push(...wrapped(`waited µs  ${microseconds(waitingNs)}`, parts));
  return [...lines, '', ...filled(sentence(sums, totalNs))];
}

/** Words in lines of the terminal's width. */
function filled(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.pop();
    if (line === undefined) lines.push(word);
    else if (line.length + 1 + word.length > COLUMNS) lines.push(line, word);
    else lines.push(`${line} ${word}`);
  }
  return lines;
}

/** Parts behind a beginning, in as many lines as they take. */
function wrapped(start: string, parts: readonly string[]): string[] {
  if (parts.length === 0) return [start];
  const lines: string[] = [];
  let line = `${start}, for`;
  parts.forEach((part, i) => {
    const next = i === parts.length - 1 ? part : `${part},`;
    if (line.length + 1 + next.length > COLUMNS) {
      lines.push(line);
      line = `${' '.repeat(10)} ${next}`;
    } else line = `${line} ${next}`;
  });
  return [...lines, line];
}

/** What it spent most of its time on. */
function sentence({ workNs, waits }: Sums, totalNs: number): string {
  const parts = [
    ...(Object.entries(workNs) as [Who, number][]).map(([who, ns]) => ({ ns, words: PLACES[who] })),
    ...waits.map(({ what, ns }) => ({ ns, words: REASONS[what] ?? `waiting for ${what}` })),
  ];
  const most = parts.reduce((a, b) => (b.ns > a.ns ? b : a));
  const share = most.ns * 2 > totalNs ? 'most' : 'the largest part';
  const [part, whole] = [most.ns, totalNs].map(microseconds);
  return `It spent ${share} of its time, ${part} of ${whole} µs, ${most.words}.`;
}

function microseconds(ns: number): string {
  return (ns / 1000).toFixed(2);
}
