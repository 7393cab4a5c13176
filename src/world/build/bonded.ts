/** Puts the bonds of a card over its devices: what its stack sends through and is handed packets by. */
import { Bond } from '../../bond/bond.ts';
import type { Region } from '../../dma/region.ts';
import type { Device } from '../../hdm/contract.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import { nicsOfPort } from '../config/port-nics.ts';
import type { CardConfig } from '../config/settings.ts';

/** @param devices those of the ports, in their order, and whatever comes after them. */
export function bonded(
  config: CardConfig,
  devices: readonly Device[],
  { region, clock, ledger }: { readonly region: Region; readonly clock: Clock; readonly ledger: Ledger },
): Device[] {
  if (config.bonds.length === 0) return [...devices];
  const left = [...devices];
  const addresses = [config.stack.address, ...config.furtherPorts.map(({ address }) => address)];
  const ports = addresses.map((address, port): Device => {
    const own = left.splice(0, nicsOfPort(config, port));
    const bond = config.bonds.find((candidate) => candidate.port === port);
    return bond === undefined ? own[0] : new Bond({ region, clock, ledger, devices: own, address }, bond);
  });
  return [...ports, ...left];
}
