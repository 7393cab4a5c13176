/** Finds whatever in the spec has a name, and names like it where there is none. */
import { CATALOGUE } from './catalogue.gen.ts';
import type {
  ClassEntry,
  ElementEntry,
  EnumEntry,
  FrameEntry,
  GroupEntry,
  MachineEntry,
  MessageEntry,
  RuleEntry,
  StructureEntry,
} from './entries.ts';

/** One thing of the spec. */
export type Found =
  | { readonly kind: 'message'; readonly entry: MessageEntry }
  | { readonly kind: 'class'; readonly entry: ClassEntry }
  | { readonly kind: 'frame'; readonly entry: FrameEntry }
  | { readonly kind: 'enum'; readonly entry: EnumEntry }
  | { readonly kind: 'structure'; readonly entry: StructureEntry }
  | { readonly kind: 'element'; readonly entry: ElementEntry }
  | { readonly kind: 'machine'; readonly entry: MachineEntry }
  | { readonly kind: 'rule'; readonly entry: RuleEntry }
  | { readonly kind: 'group'; readonly entry: GroupEntry };

/**
 * Each thing under the names it goes by; a class and a message also by their numbers, as the list prints
 * them.
 */
const index: readonly { readonly names: readonly string[]; readonly found: Found }[] = [
  ...CATALOGUE.classes.flatMap((entry) => [
    { names: [entry.name, hex(entry.id, 3)], found: { kind: 'class', entry } as const },
    ...entry.messages.map((message) => ({
      names: [message.name, hex(message.function, 2)],
      found: { kind: 'message', entry: message } as const,
    })),
  ]),
  { names: [CATALOGUE.frame.name], found: { kind: 'frame', entry: CATALOGUE.frame } },
  ...[CATALOGUE.frame, ...CATALOGUE.classes].flatMap(({ enums, structures }) => [
    ...enums.map((entry) => ({ names: [entry.name], found: { kind: 'enum', entry } as const })),
    ...structures.map((entry) => ({ names: [entry.name], found: { kind: 'structure', entry } as const })),
  ]),
  ...CATALOGUE.frame.elements.map((entry) => ({
    names: [entry.name],
    found: { kind: 'element', entry } as const,
  })),
  ...CATALOGUE.machines.map((entry) => ({ names: [entry.name], found: { kind: 'machine', entry } as const })),
  ...CATALOGUE.rules.map((entry) => ({ names: [entry.id], found: { kind: 'rule', entry } as const })),
  ...CATALOGUE.groups.map((entry) => ({
    names: [entry.name, groupNumber(entry.number), groupNumber(entry.number).slice(2)],
    found: { kind: 'group', entry } as const,
  })),
];

/** @returns such as `0xF100`. */
export function groupNumber(number: number): string {
  return hex(number, 4);
}

function hex(number: number, digits: number): string {
  return `0x${number.toString(16).toUpperCase().padStart(digits, '0')}`;
}

/** Everything of this name; several kinds may share one. Case does not matter. */
export function findByName(name: string): readonly Found[] {
  const wanted = name.toLowerCase();
  return index
    .filter(({ names }) => names.some((known) => known.toLowerCase() === wanted))
    .map(({ found }) => found);
}

/** Names most like this one, best first, at most three; none where nothing is like it. */
export function namesLike(name: string): readonly string[] {
  const wanted = name.toLowerCase();
  const known = [...new Set(index.map(({ names }) => names[0]))];
  const farthest = Math.min(wanted.length - 1, Math.max(2, Math.floor(wanted.length / 3)));
  const ranked = known
    .map((candidate) => ({ candidate, distance: likeness(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0].distance;
  return ranked
    .filter(({ distance }) => distance <= farthest && distance <= best + 1)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Part of a name is closer than any misspelling. */
function likeness(wanted: string, candidate: string): number {
  if (wanted.length >= 3 && candidate.includes(wanted)) return 1 - wanted.length / (candidate.length + 1);
  return editDistance(wanted, candidate);
}

/** Letters to insert, delete, replace or swap with a neighbour to make one word of the other. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const least = Math.min(replaced, rows[i - 1][j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(swapped ? Math.min(least, rows[i - 2][j - 2] + 1) : least);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
