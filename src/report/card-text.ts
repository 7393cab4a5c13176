/** A card as ethtool would show it, and what ethtool does not show. */

import type { DecidedLine } from '../inspect/decided.ts';
import type { Fact } from '../inspect/described.ts';
import type { Capability, Feature } from '../inspect/features.ts';
import type { ConnectionLine, Statistic } from '../inspect/running.ts';
import { alignedLines, type Colour, type Column, fitting, wrapped } from './columns.ts';
import { durationText } from './units.ts';

export type Spelling = 'today' | 'older';

export function factsText(title: string, facts: readonly Fact[]): string {
  return lines([title, ...facts.map(([name, value]) => `${name}: ${value}`)]);
}

export function featuresText(
  name: string,
  features: readonly Feature[],
  capabilities: readonly Capability[],
  spelling: Spelling,
  width: number,
): string {
  const named = featureLines(features, spelling);
  return lines([
    spelling === 'older' ? `Offload parameters for ${name}:` : `Features for ${name}:`,
    ...named,
    '',
    'What is really offloaded, and where:',
    ...capabilities.flatMap(({ work, where, how }) =>
      wrapped(`${where.padEnd(6)} ${work}: ${how}`, width, '       '),
    ),
  ]);
}

/** What `ethtool -K` tells that a change has changed. */
export function changesText(changes: readonly Feature[], spelling: Spelling): string {
  if (changes.length === 0) return 'No feature has changed.\n';
  return lines(['Actual changes:', ...featureLines(changes, spelling)]);
}

/** The older ethtool told neither what is fixed nor what was asked for. */
function featureLines(features: readonly Feature[], spelling: Spelling): string[] {
  return features.flatMap(({ name, older, on, fixed, wanted }): string[] => {
    const value = on ? 'on' : 'off';
    if (spelling === 'older') return older === undefined ? [] : [`${older}: ${value}`];
    const asked = wanted !== on ? ` [requested ${wanted ? 'on' : 'off'}]` : '';
    return [`${name}: ${value}${fixed ? ' [fixed]' : asked}`];
  });
}

export function statisticsText(
  title: string,
  statistics: readonly Statistic[],
  width: number,
  bold: Colour,
): string {
  const columns: Column<Statistic>[] = [
    { heading: 'group', left: true, cell: ({ group }) => group },
    { heading: 'counter', left: true, cell: ({ name }) => name },
    { heading: 'value', cell: ({ value }) => String(value) },
    { heading: 'what', left: true, gives: 1, cell: ({ doc }) => doc },
  ];
  return lines([title, ...alignedLines(fitting(columns, statistics, width), statistics, bold)]);
}

/** @param timeWait connections that rest, in words for each stack that has any. */
export function connectionsText(
  title: string,
  connections: readonly ConnectionLine[],
  timeWait: readonly string[],
  width: number,
  bold: Colour,
): string {
  const beside: Column<ConnectionLine> = { heading: 'at', left: true, cell: ({ at = '' }) => at };
  const columns: Column<ConnectionLine>[] = [
    ...(connections.some(({ at }) => at !== undefined) ? [beside] : []),
    { heading: 'state', left: true, cell: ({ state }) => state },
    { heading: 'local', left: true, cell: ({ local }) => local },
    { heading: 'remote', left: true, cell: ({ remote }) => remote },
    { heading: 'srtt', gives: 1, cell: ({ srttUs }) => (srttUs === 0 ? '-' : durationText(srttUs * 1000)) },
    { heading: 'cwnd', gives: 2, cell: ({ cwndBytes }) => String(cwndBytes) },
    { heading: 'unacked', cell: ({ unackedBytes }) => String(unackedBytes) },
    { heading: 'unread', cell: ({ unreadBytes }) => String(unreadBytes) },
    { heading: 'sent again', gives: 3, cell: ({ retransmissions }) => String(retransmissions) },
  ];
  const rest = timeWait.length === 0 ? [] : [`and ${timeWait.join(', ')}`];
  if (connections.length === 0) return lines([title, 'none', ...rest]);
  return lines([title, ...alignedLines(fitting(columns, connections, width), connections, bold), ...rest]);
}

export function policyText(
  title: string,
  decided: readonly DecidedLine[],
  width: number,
  bold: Colour,
): string {
  const columns: Column<DecidedLine>[] = [
    { heading: 'program', left: true, cell: ({ program }) => program },
    { heading: 'asks for', left: true, cell: ({ asks }) => asks },
    { heading: 'outcome', left: true, cell: ({ outcome }) => outcome },
    { heading: 'by', left: true, cell: ({ by }) => by },
  ];
  if (decided.length === 0) return lines([title, 'no program of the world is on this card']);
  return lines([title, ...alignedLines(fitting(columns, decided, width), decided, bold)]);
}

/** A list whose lines are words already. */
export function listText(title: string, list: readonly string[]): string {
  return lines([title, ...(list.length === 0 ? ['none'] : list)]);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
