/** Which devices stand behind a card's ports: one behind each, and several behind one that is a bond. */
import type { CardConfig } from './settings.ts';

type Ports = Pick<CardConfig, 'furtherPorts' | 'bonds'>;

/** How many devices a port has. */
export function nicsOfPort({ bonds }: Pick<CardConfig, 'bonds'>, port: number): number {
  return bonds.find((bond) => bond.port === port)?.nics ?? 1;
}

/** For each device, in the order of the ports, the port that it is behind. */
export function portsOfNics(config: Ports): number[] {
  return [0, ...config.furtherPorts.map((_, i) => i + 1)].flatMap((port) =>
    Array.from({ length: nicsOfPort(config, port) }, () => port),
  );
}

/** Devices of all ports; a loop inside the card is none of them. */
export function nicCount(config: Ports): number {
  return 1 + config.furtherPorts.length + config.bonds.reduce((sum, { nics }) => sum + nics - 1, 0);
}
