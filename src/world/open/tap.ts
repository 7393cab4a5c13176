/**
 * A card whose first port is a TAP of Linux's in place of a wire: what a user says of it, checked, and the
 * settings of the card that follow. `linux/tap.ts` opens it, `hdm/tap/` is the device.
 */
import { hasMaster, whereOwned } from '../../linux/own-addresses.ts';
import { checkTapName, type OpenedTap, openTap, type TapRequest } from '../../linux/tap.ts';
import { ipv4Text } from '../../trace/decode/values.ts';
import { isOneHost } from '../config/host-address.ts';
import type { CardOverrides } from '../config/settings.ts';
import type { StartWarning } from '../config/start-check.ts';
import { Fields } from '../topology/fields.ts';
import { ipv4Address, type Subnet, subnet } from '../topology/quantities.ts';
import { probingStack } from './tap-address.ts';

/** A TAP as a program asks for one. */
export interface TapOptions {
  /** The interface's name, such as inic0, or the file of a macvtap, such as /dev/tap7. */
  readonly name: string;
  /** The card's own address with its prefix, such as 10.9.0.2/24. */
  readonly address: string;
  /** The next hop for all that is not on that subnet, such as 10.9.0.1; absent: there is none. */
  readonly gateway?: string;
  /** What the kernel's side of the TAP is to get, on the same subnet; absent: it is left alone. */
  readonly hostAddress?: string;
  /** Whether the network is asked first if another station has the address (RFC 5227). */
  readonly checkAddress?: boolean;
}

/** The same, checked, as plain data. */
export interface CheckedTap extends TapRequest {
  readonly address: number;
  /** 0: there is none. */
  readonly gateway: number;
  readonly checkAddress: boolean;
}

const KEYS = ['name', 'address', 'gateway', 'hostAddress', 'checkAddress'];
/** Packet slots for windows of several connections beside what waits in the rings. */
const PACKET_SLOTS = 512;
/** No packet is longer. */
const PACKET_BYTES = 65535;
/**
 * How long the card's thread looks at the TAP before it rests: a look is a system call, and the kernel that
 * is to send the next frame may want this very core.
 */
const SPIN_NS = 50_000;

/** @throws RangeError that begins with the key, `"tap.address"`; Error with one line for a bad name. */
export function checkTap(options: TapOptions): CheckedTap {
  const fields = new Fields(options, 'tap', KEYS);
  const name = fields.text('name');
  checkTapName(name);
  const { address, prefixLength } = subnet(fields, 'address');
  const onSubnet = (key: string): number => {
    const other = ipv4Address(fields, key);
    if (isBeside({ address, prefixLength }, other)) return other;
    throw fields.refusal(key, `another address of ${ipv4Text(address)}/${prefixLength}`);
  };
  const gateway = fields.has('gateway') ? onSubnet('gateway') : 0;
  const host = fields.has('hostAddress') ? { hostAddress: onSubnet('hostAddress') } : {};
  const checkAddress = fields.flag('checkAddress', false);
  return { name, address, prefixLength, gateway, checkAddress, ...host };
}

function isBeside({ address, prefixLength }: Subnet, other: number): boolean {
  return other !== address && isOneHost(other, prefixLength) && onSameSubnet(address, other, prefixLength);
}

function onSameSubnet(address: number, other: number, prefixLength: number): boolean {
  return prefixLength === 0 || (address ^ other) >>> (32 - prefixLength) === 0;
}

/**
 * Opens the TAP. @throws Error with one line, also where the card's address is the kernel's.
 */
export function openCheckedTap(tap: CheckedTap): OpenedTap {
  checkNotTheKernels(tap);
  return openTap(tap);
}

function checkNotTheKernels({ address }: CheckedTap): void {
  const text = ipv4Text(address);
  const where = whereOwned(text);
  if (where === undefined) return;
  throw new Error(`the address ${text} is in use: it is the kernel's own ${where}; give the card another`);
}

/** @returns a line to be said where the kernel's side cannot reach the card; none where it can. */
export function unreachable({ name, address, prefixLength }: CheckedTap, opened: OpenedTap): StartWarning[] {
  // Not by Node's list: a TAP that was opened just now may not have its carrier yet, and is not in it.
  if (opened.mac !== undefined || opened.hasAddress || hasMaster(opened.name)) return [];
  const subnetText = `${ipv4Text(address)}/${prefixLength}`;
  const text =
    `the kernel has no address on ${name}, so it cannot reach the card at ${subnetText}: give it one by ` +
    `--host-address, or by ip addr add A/${prefixLength} dev ${name}`;
  return [{ key: 'tap.hostAddress', text }];
}

/** The settings of a card over an open TAP that a program has not set otherwise. */
export function tapSettings(tap: CheckedTap, opened: OpenedTap, asked: CardOverrides): CardOverrides {
  const { address, prefixLength, gateway } = tap;
  const stack = tap.checkAddress ? probingStack(asked.stack) : asked.stack;
  return {
    packetSlots: PACKET_SLOTS,
    packetBytes: PACKET_BYTES,
    largeReceiveOffload: true,
    iopSpinNs: SPIN_NS,
    ...asked,
    // These are the TAP's to say.
    innerLoop: true,
    mtu: opened.mtu,
    mac: opened.mac ?? macOf(address),
    stack: { ...stack, address, prefixLength, gateway },
  };
}

/** A locally administered address that no other card of the network has, as long as addresses differ. */
function macOf(address: number): number[] {
  return [0x02, 0x69, ...[24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff)];
}

/** @returns whether a destination goes out by the TAP, as far as routes say. @param destination unsigned. */
export function reachesOver({
  address,
  prefixLength,
  gateway,
}: CheckedTap): (destination: number) => boolean {
  return (destination) => {
    const first = destination >>> 24;
    if (first === 0 || first === 127 || first > 223) return false;
    return gateway !== 0 || onSameSubnet(address, destination | 0, prefixLength);
  };
}
