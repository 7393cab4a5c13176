/** The start-up check of every card of a described world, with the connections its programs have there. */
import { type StartWarning, startCheck } from '../config/start-check.ts';
import type { CardTopology, ProgramTopology, Topology } from './checked.ts';

/** @returns the warnings, each beginning with the path of the setting in the description. */
export function startWarnings({ cards, programs }: Topology): StartWarning[] {
  return cards.flatMap((card, index) => {
    const connections = connectionsOf(card, index, programs);
    return startCheck(card.config, { connections }).map(({ key, text }) => {
      const path = `cards.${card.name}.${key}`;
      return { key: path, text: text.replace(`"${key}"`, `"${path}"`) };
    });
  });
}

/** Connections that a card's own clients open, and that clients anywhere open to it. */
function connectionsOf(
  { config }: CardTopology,
  index: number,
  programs: readonly ProgramTopology[],
): number {
  const { stack, furtherPorts } = config;
  const own = [stack.address, ...furtherPorts.map(({ address }) => address)];
  let connections = 0;
  for (const program of programs) {
    if (program.role !== 'client') continue;
    if (program.card === index) connections += program.connections;
    if (own.includes(program.address)) connections += program.connections;
  }
  return connections;
}
