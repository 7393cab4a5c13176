/** What a program hears of the address of its card over a TAP, by the events of the device. */
import { describe, expect, it } from 'vitest';
import {
  ADDRESS_OUTCOME_DEFENDED,
  ADDRESS_OUTCOME_FREE,
  ADDRESS_OUTCOME_LOST,
  ADDRESS_OUTCOME_TAKEN,
  SOCKET_EVENT_ADDRESS,
  SOCKET_EVENT_BUCKETS_LOW,
} from '../../src/i2o/socket.gen.ts';
import type { DeviceEvent } from '../../src/osm/message/device-events.ts';
import type { DeviceCalls } from '../../src/osm/user/device-calls.ts';
import { ENETDOWN } from '../../src/socket/errno.ts';
import { AddressWatch, awaitAddress } from '../../src/world/open/tap-address.ts';

const ADDRESS = 0x0a090002;

/** A device that tells these events, one after another, and who else has the address. */
function device(events: [number, number][], registered: number[] = [], answer = 0): DeviceCalls {
  const group = new DataView(new ArrayBuffer(28));
  group.setUint32(20, 0x0269, true);
  group.setUint32(24, 0x0a090102, true);
  const calls: Partial<DeviceCalls> = {
    registerEvents: (mask: number) => {
      registered.push(mask);
      return answer;
    },
    nextEvent: (event: DeviceEvent) => {
      const next = events.shift();
      if (next === undefined) return false;
      [event.indicator, event.data] = next;
      return true;
    },
    group: () => group,
  };
  return calls as DeviceCalls;
}

/** A card over that device, and whether it has been closed. */
function cardOf(events: [number, number][], registered: number[] = [], answer = 0, errno = 0) {
  const card = {
    stack: { device: device(events, registered, answer) },
    isClosed: false,
    looks: 0,
    news: async () => {
      card.looks += 1;
      if (card.looks === 3) events.push([SOCKET_EVENT_BUCKETS_LOW, 1], outcome(ADDRESS_OUTCOME_FREE));
    },
    failed: () => errno,
    close: async () => {
      card.isClosed = true;
    },
  };
  return card;
}

const outcome = (number: number): [number, number] => [SOCKET_EVENT_ADDRESS, number << 8];

describe('a program that waits until the address of its card has been probed', () => {
  it('goes on when nobody has it, and wants no more events', async () => {
    const registered: number[] = [];
    const card = cardOf([], registered);
    await awaitAddress(card, ADDRESS, 'inic0');
    expect([card.looks, registered, card.isClosed]).toEqual([3, [SOCKET_EVENT_ADDRESS, 0], false]);
  });

  it('is told in one line who has it, and has no card', async () => {
    const card = cardOf([outcome(ADDRESS_OUTCOME_TAKEN)]);
    await expect(awaitAddress(card, ADDRESS, 'inic0')).rejects.toThrow(
      /^the address 10\.9\.0\.2 is in use on inic0: 02:69:0a:09:01:02 has it; give the card another$/,
    );
    expect(card.isClosed).toBe(true);
  });

  it('does not wait for a card that has died, or tells of nothing', async () => {
    await expect(awaitAddress(cardOf([], [], 0, ENETDOWN), ADDRESS, 'inic0')).rejects.toThrow('has died');
    await expect(awaitAddress(cardOf([], [], -ENETDOWN), ADDRESS, 'inic0')).rejects.toThrow('ENETDOWN');
  });
});

describe('a program whose card is on a network', () => {
  it('is told of each conflict, and of nothing else', () => {
    const events = [ADDRESS_OUTCOME_FREE, ADDRESS_OUTCOME_DEFENDED, ADDRESS_OUTCOME_LOST].map(outcome);
    events.unshift([SOCKET_EVENT_BUCKETS_LOW, 1]);
    const said: string[] = [];
    const watch = new AddressWatch(device(events), ADDRESS, 'inic0', (line) => said.push(line));
    watch.look();
    watch.look();
    expect(said).toEqual([
      'inic: the address 10.9.0.2 on inic0 is in use by 02:69:0a:09:01:02 too; the card keeps it, and has said so\n',
      'inic: the address 10.9.0.2 on inic0 is in use by 02:69:0a:09:01:02 now: the card has given it up, and its ' +
        'connections from there are over with EADDRNOTAVAIL\n',
    ]);
  });
});
