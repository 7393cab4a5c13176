/**
 * The address of a card over a TAP, as the network has it (RFC 5227): whether another station has it already,
 * asked before the card is used, and what becomes of it while it is. Both are the device's event Address.
 */
import {
  GROUP_SOCKET_ADDRESS,
  GROUP_SOCKET_ADDRESS_HARDWARE_ADDRESS_HIGH,
  GROUP_SOCKET_ADDRESS_HARDWARE_ADDRESS_LOW,
} from '../../i2o/groups.gen.ts';
import {
  ADDRESS_OUTCOME_DEFENDED,
  ADDRESS_OUTCOME_FREE,
  ADDRESS_OUTCOME_TAKEN,
  getAddressEventOutcome,
  SOCKET_EVENT_ADDRESS,
} from '../../i2o/socket.gen.ts';
import type { DeviceEvent } from '../../osm/message/device-events.ts';
import type { DeviceCalls } from '../../osm/user/device-calls.ts';
import { errnoName } from '../../socket/errno.ts';
import { ipv4Text } from '../../trace/decode/values.ts';
import type { CardOverrides } from '../config/settings.ts';

/** RFC 5227 §1.1: PROBE_NUM. */
const PROBES = 3;

/** What of a card this needs. */
export interface AddressedCard {
  readonly stack: { readonly device: DeviceCalls };
  /** Resolves when the card has news. */
  news(): Promise<void>;
  /** The errno with which the card has died; 0: it lives. */
  failed(): number;
  close(): Promise<void>;
}

/** The settings of a stack whose address is to be probed, where a program has not set them otherwise. */
export function probingStack(asked: CardOverrides['stack']): CardOverrides['stack'] {
  return { addressProbes: PROBES, ...asked };
}

/**
 * Waits until the card's address has been probed: seven seconds at most, with the RFC's times.
 * @param name the TAP's. @throws Error with one line, and the card is closed, where another station has it.
 */
export async function awaitAddress(card: AddressedCard, address: number, name: string): Promise<void> {
  try {
    await addressIsFree(card, address, name);
  } catch (error) {
    await card.close();
    throw error;
  }
}

async function addressIsFree(card: AddressedCard, address: number, name: string): Promise<void> {
  const { device } = card.stack;
  const asked = device.registerEvents(SOCKET_EVENT_ADDRESS);
  if (asked < 0) throw new Error(`the card tells nothing of its address: ${errnoName(asked)}`);
  for (;;) {
    const outcome = nextOutcome(device);
    if (outcome === ADDRESS_OUTCOME_FREE) break;
    if (outcome === ADDRESS_OUTCOME_TAKEN) {
      throw new Error(
        `the address ${ipv4Text(address)} is in use on ${name}: ${otherStation(device)} has it; give the card another`,
      );
    }
    if (card.failed() !== 0) throw new Error('the card has died while its address was probed');
    if (outcome === 0) await card.news();
  }
  device.registerEvents(0);
}

/** @returns what became of the address, an ADDRESS_OUTCOME_ number; 0: there is no event. */
function nextOutcome(device: DeviceCalls): number {
  const event: DeviceEvent = { indicator: 0, data: 0 };
  while (device.nextEvent(event)) {
    if (event.indicator === SOCKET_EVENT_ADDRESS) return getAddressEventOutcome(Int32Array.of(event.data), 0);
  }
  return 0;
}

/** Who else has the address: its hardware address. */
function otherStation(device: DeviceCalls): string {
  const { number, fields } = GROUP_SOCKET_ADDRESS;
  const values = device.group(number);
  if (typeof values === 'number') return 'another station';
  const fieldAt = (field: number) =>
    fields.slice(0, field).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const high = values.getUint32(fieldAt(GROUP_SOCKET_ADDRESS_HARDWARE_ADDRESS_HIGH), true);
  const low = values.getUint32(fieldAt(GROUP_SOCKET_ADDRESS_HARDWARE_ADDRESS_LOW), true);
  const digits = high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0');
  return digits.replace(/..(?!$)/g, '$&:');
}

/** Says of a card in use that another station has spoken for its address. */
export class AddressWatch {
  private readonly device: DeviceCalls;
  private readonly what: string;
  private readonly write: (line: string) => void;

  /** @param write takes a line; by default, stderr. */
  constructor(
    device: DeviceCalls,
    address: number,
    name: string,
    write: (line: string) => void = (line) => process.stderr.write(line),
  ) {
    this.device = device;
    this.what = `the address ${ipv4Text(address)} on ${name}`;
    this.write = write;
    device.registerEvents(SOCKET_EVENT_ADDRESS);
  }

  /** Says what has happened since the last look. */
  look(): void {
    for (let outcome = nextOutcome(this.device); outcome !== 0; outcome = nextOutcome(this.device)) {
      if (outcome === ADDRESS_OUTCOME_FREE) continue;
      const kept = outcome === ADDRESS_OUTCOME_DEFENDED;
      const rest = kept
        ? 'too; the card keeps it, and has said so'
        : 'now: the card has given it up, and its connections from there are over with EADDRNOTAVAIL';
      this.write(`inic: ${this.what} is in use by ${otherStation(this.device)} ${rest}\n`);
    }
  }
}
