/**
 * What a program can ask of the device as a whole: its counters, its parameter groups, its events. None of
 * this is on the path of data. A card of class version 1 knows nothing of it and is not asked.
 */
import { GROUP_SOCKET_STATISTICS } from '../../i2o/groups.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { EINVAL, ENETDOWN, EOPNOTSUPP } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import type { DeviceEvent, DeviceEvents } from '../message/device-events.ts';
import type { DeviceParams } from '../message/device-params.ts';
import type { Requests } from '../message/requests.ts';

const COUNTER_BYTES = 8;

export class DeviceCalls {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly params: DeviceParams;
  private readonly events: DeviceEvents;
  private registrations = 0;

  constructor(driver: Driver, requests: Requests, params: DeviceParams, events: DeviceEvents) {
    this.driver = driver;
    this.requests = requests;
    this.params = params;
    this.events = events;
  }

  /** The device's counters by name, exact below 2^53; or a negative errno. */
  statistics(): Readonly<Record<string, number>> | number {
    const { number: group, fields } = GROUP_SOCKET_STATISTICS;
    const bytes = this.group(group);
    if (typeof bytes === 'number') return bytes;
    // A card of a later version may have more counters, and one of an earlier fewer; the order is always
    // this.
    const known = fields.filter((_, i) => (i + 1) * COUNTER_BYTES <= bytes.byteLength);
    return Object.fromEntries(known.map(({ name }, i) => [name, counterAt(bytes, i * COUNTER_BYTES)]));
  }

  /**
   * Every field of a scalar parameter group, one behind the other; or a negative errno.
   * @param group its number.
   */
  group(group: number): DataView | number {
    if (!Number.isInteger(group) || group < 0 || group > 0xffff) return -EINVAL;
    if (this.driver.classVersion < 2) return -EOPNOTSUPP;
    try {
      return this.params.readGroup(group);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  /**
   * Says which events are wanted, SOCKET_EVENT_ and GENERIC_EVENT_ bits; 0 for none.
   * @returns 0 or a negative errno.
   */
  registerEvents(mask: number): number {
    if (this.driver.classVersion < 2) return -EOPNOTSUPP;
    try {
      const frame = this.driver.awaitFrame();
      if (frame === NO_FRAME) return -ENETDOWN;
      this.events.mask = mask | 0;
      this.registrations = (this.registrations + 1) & 0x3fffffff;
      this.requests.eventRegister(frame, this.registrations, mask);
      return 0;
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  /** Takes the oldest event that has come. @param event filled in. @returns false when there is none. */
  nextEvent(event: DeviceEvent): boolean {
    return this.events.next(event);
  }
}

/** A counter of 64 bits, low word first. */
function counterAt(bytes: DataView, at: number): number {
  return bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32;
}
