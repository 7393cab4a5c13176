/** What a bond is told, under the names of Linux's bonding driver (Documentation/networking/bonding.rst). */
export const BOND_MODES = ['active-backup', 'balance-xor'] as const;
export type BondMode = (typeof BOND_MODES)[number];
export const HASH_POLICIES = ['layer2', 'layer2+3', 'layer3+4'] as const;
export type HashPolicy = (typeof HASH_POLICIES)[number];

export interface BondConfig {
  /** Which port of the stack it is. */
  readonly port: number;
  /** Devices that it joins, 2 to 16. */
  readonly nics: number;
  readonly mode: BondMode;
  /** Of active-backup: the device that is active whenever it can be; -1: none is preferred. */
  readonly primary: number;
  /** How often links are looked at, in nanoseconds; 0: never, and what a link loses stays lost. */
  readonly miimonNs: number;
  /** How long a link must have been up, or down, before that counts, in nanoseconds. */
  readonly upDelayNs: number;
  readonly downDelayNs: number;
  /** Of balance-xor: what a packet's device is chosen by. */
  readonly xmitHashPolicy: HashPolicy;
}

const NICS_MOST = 16;

/** @throws RangeError naming the first field that is out of its range. */
export function checkBondConfig(bond: BondConfig): void {
  const whole = (name: keyof BondConfig, least: number, most: number): void => {
    const value = bond[name];
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return;
    throw new RangeError(`"${name}" expected a whole number from ${least} to ${most}, got ${value}`);
  };
  whole('nics', 2, NICS_MOST);
  whole('primary', -1, bond.nics - 1);
  if (!BOND_MODES.includes(bond.mode)) {
    throw new RangeError(`"mode" expected ${BOND_MODES.join(' or ')}, got ${bond.mode}`);
  }
  if (!HASH_POLICIES.includes(bond.xmitHashPolicy)) {
    throw new RangeError(
      `"xmitHashPolicy" expected ${HASH_POLICIES.join(' or ')}, got ${bond.xmitHashPolicy}`,
    );
  }
  for (const name of ['miimonNs', 'upDelayNs', 'downDelayNs'] as const) {
    const value = bond[name];
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`"${name}" expected 0 or more, got ${value}`);
    }
  }
}
