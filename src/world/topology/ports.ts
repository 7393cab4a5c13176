/** Reads the ports of a card, and the bonds that make one port of several. */
import { BOND_MODES, type BondConfig, HASH_POLICIES, type HashPolicy } from '../../bond/bond-config.ts';
import { shown } from '../config/complaint.ts';
import type { PortConfig } from '../config/settings.ts';
import { Fields } from './fields.ts';
import { durationNs, macAddress, subnet } from './quantities.ts';

/**
 * Ethernet's usual MTU; a card alone in its process has 65535, which no wire of a described world has by
 * itself.
 */
export const MTU = 1500;
const PORTS_MAX = 16;
const PORT_KEYS = ['address', 'mtu', 'mac'];
const BOND_KEYS = ['ports', 'mode', 'primary', 'miimon', 'updelay', 'downdelay', 'xmitHashPolicy'];
/** As Linux's driver recommends. */
const MIIMON_NS = 100e6;

/** A port of the stack: a device of its own name, or a bond of several. */
export interface StackPort {
  readonly name: string;
  readonly path: string;
  readonly config: PortConfig;
  /** Names of its devices. */
  readonly devices: readonly string[];
  readonly bond: Omit<BondConfig, 'port'> | undefined;
}

/** @returns the ports in the order written; a bond is where the first of its ports is. */
export function readPorts(card: Fields, cardIndex: number): StackPort[] {
  const ports = card.named('ports');
  if (ports.length < 1 || ports.length > PORTS_MAX) {
    throw card.refusal('ports', `1 to ${PORTS_MAX} ports, each with its "address"`);
  }
  const names = ports.map(({ name }) => name);
  const bonds = readBonds(card, names);
  return ports.flatMap(({ name, value, path }, index): StackPort[] => {
    const bond = bonds.find(({ devices }) => devices.includes(name));
    if (bond !== undefined) {
      // Everything about it is the bond's.
      const keys = Object.keys((value ?? {}) as object);
      if (keys.length > 0) {
        throw new RangeError(`"${path}.${keys[0]}" is the bond's: "${bond.path}" says it for all its ports`);
      }
      if (bond.devices[0] !== name) return [];
      return [{ ...bond, config: portConfig(bond.fields, card, cardIndex, index) }];
    }
    const port = new Fields(value, path, PORT_KEYS);
    return [
      { name, path, devices: [name], bond: undefined, config: portConfig(port, card, cardIndex, index) },
    ];
  });
}

interface ReadBond extends Omit<StackPort, 'config'> {
  readonly fields: Fields;
}

function readBonds(card: Fields, names: readonly string[]): ReadBond[] {
  if (card.get('bonds') === null) throw card.refusal('bonds', 'a map of bonds, each with its "ports"');
  const taken = new Map<string, string>();
  return card.named('bonds').map(({ name, value, path }) => {
    const fields = new Fields(value, path, [...BOND_KEYS, ...PORT_KEYS]);
    if (names.includes(name)) throw new RangeError(`"${path}" has the name of one of the card's ports`);
    const devices = readDevices(fields, names, taken, path);
    return { name, path, fields, devices, bond: readBond(fields, devices) };
  });
}

/** The bond's ports, in the order in which the card has them. */
function readDevices(
  fields: Fields,
  names: readonly string[],
  taken: Map<string, string>,
  path: string,
): string[] {
  const ports: unknown = fields.get('ports');
  if (!Array.isArray(ports) || ports.length < 2) {
    throw fields.refusal('ports', 'a list of two or more ports of the card');
  }
  ports.forEach((port: unknown, i) => {
    const at = `"${path}.ports.${i}"`;
    if (typeof port !== 'string' || !names.includes(port)) {
      throw new RangeError(`${at} names no port of this card (${names.join(', ')}): ${shown(port)}`);
    }
    const other = taken.get(port);
    if (other !== undefined) throw new RangeError(`${at}: ${shown(port)} is a port of "${other}" already`);
    taken.set(port, path);
  });
  return names.filter((name) => ports.includes(name));
}

function readBond(fields: Fields, devices: readonly string[]): Omit<BondConfig, 'port'> {
  const mode = fields.choice('mode', BOND_MODES);
  const hashes = mode === 'balance-xor';
  const only = (key: string, other: string): void => {
    if (fields.has(key)) throw new RangeError(`"${fields.at(key)}" is for ${other}, and the mode is ${mode}`);
  };
  if (hashes) only('primary', 'active-backup');
  else only('xmitHashPolicy', 'balance-xor');
  const primary = fields.has('primary') ? fields.choice('primary', devices) : undefined;
  const miimonNs = durationNs(fields, 'miimon', MIIMON_NS);
  const delays = (['updelay', 'downdelay'] as const).map((key) => {
    const ns = durationNs(fields, key, 0);
    if (ns > 0 && (miimonNs === 0 || ns % miimonNs !== 0)) {
      throw fields.refusal(key, `a multiple of "miimon", ${miimonNs / 1e6}ms`);
    }
    return ns;
  });
  return {
    nics: devices.length,
    mode,
    primary: primary === undefined ? -1 : devices.indexOf(primary),
    miimonNs,
    upDelayNs: delays[0],
    downDelayNs: delays[1],
    xmitHashPolicy: hashes ? fields.choice<HashPolicy>('xmitHashPolicy', HASH_POLICIES, 'layer2') : 'layer2',
  };
}

function portConfig(port: Fields, card: Fields, cardIndex: number, index: number): PortConfig {
  const mtu = port.whole('mtu', 68, 65535, card.whole('mtu', 68, 65535, MTU));
  const mac = port.has('mac') ? macAddress(port, 'mac') : portMac(cardIndex, index);
  return { ...subnet(port, 'address'), mtu, mac };
}

/** A locally administered address that no other port of the world has by itself. */
function portMac(card: number, port: number): number[] {
  const number = card * PORTS_MAX + port + 1;
  return [0x02, 0x69, 0x6e, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff];
}
