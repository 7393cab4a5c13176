/** The registry of offload devices: its calls, their errors, and what holds after any sequence of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CardError,
  cardErrno,
  fallsBack,
  type HardwareDriver,
  type SocketsDriver,
  type SocketsModule,
} from '../../src/host/devices/device.ts';
import { DEVICES_MAX, DeviceRegistry } from '../../src/host/devices/registry.ts';
import { errnoName } from '../../src/socket/errno.ts';

/** What a call answered, as a person reads it. */
function said(answer: number): string | number {
  return answer < 0 ? errnoName(answer) : answer;
}

function hardware(type = 'ism', sockets?: SocketsDriver): HardwareDriver {
  const limits = { listeners: 1, halfOpen: 1, connections: 1 };
  const base = { vendor: 'a', type, ports: [0], addresses: [1], limits, linkUp: () => true };
  return sockets === undefined ? base : { ...base, sockets };
}

/** A driver of which only its counts of connections are looked at. */
function driver(connections = () => 0, begun = () => 0): SocketsDriver {
  return { connections, begun } as SocketsDriver;
}

function module(type: string, sockets = driver()): SocketsModule {
  return { type, attach: () => sockets };
}

describe('the registry of offload devices', () => {
  it('names devices by the lowest number that is free', () => {
    const registry = new DeviceRegistry();
    for (let i = 0; i < 3; i++) registry.register(hardware(), 'toe%d');
    expect(registry.unregister('toe1')).toBe(0);
    registry.register(hardware(), 'toe%d');
    registry.register(hardware(), 'other');
    expect(registry.devices.map(({ name }) => name)).toEqual(['toe0', 'toe2', 'toe1', 'other']);
  });

  it.each(['', 'a name', 'a/b', 'a:b', '..', 'toe%s', '%d%d', 'toe%', 'sixteen-letters-', 'tö'])(
    'refuses the name %j',
    (name) => {
      expect(said(new DeviceRegistry().register(hardware(), name))).toBe('EINVAL');
    },
  );

  it('refuses a name that has no room for its number', () => {
    const registry = new DeviceRegistry();
    for (let i = 0; i < 10; i++) expect(registry.register(hardware(), 'thirteen-long%d')).toBe(i);
    expect(said(registry.register(hardware(), 'fourteen-long-%d'))).toBe('EINVAL');
  });

  it('counts what a device got and has not taken up, until it must have refused that', () => {
    const registry = new DeviceRegistry();
    let begun = 0;
    registry.register(
      hardware(
        'ism',
        driver(undefined, () => begun),
      ),
      'toe%d',
    );
    registry.attach('toe0');
    const [device] = registry.devices;
    device.give('active', 100);
    device.give('passive', 200);
    expect([device.underWay(300), device.offeredActive, device.offeredPassive]).toEqual([2, 1, 1]);
    begun = 1;
    expect(device.underWay(400)).toBe(1);
    // Longer than a frame takes to the device: the second one has been dropped there.
    expect(device.underWay(2000)).toBe(0);
    device.give('passive', 3000);
    expect(device.underWay(3001)).toBe(1);
    begun = 2;
    expect(device.underWay(3002)).toBe(0);
    // One that the device has begun without the host makes no room for others.
    begun = 3;
    device.give('active', 5000);
    expect(device.underWay(5001)).toBe(1);
  });

  it('has each name and each device once, and 32 of them', () => {
    const registry = new DeviceRegistry();
    const one = hardware();
    expect(said(registry.register(one, 'toe0'))).toBe(0);
    expect(said(registry.register(one, 'toe1'))).toBe('EEXIST');
    expect(said(registry.register(hardware(), 'toe0'))).toBe('EEXIST');
    for (let i = 1; i < DEVICES_MAX; i++) expect(registry.register(hardware(), 'toe%d')).toBe(i);
    expect(said(registry.register(hardware(), 'toe%d'))).toBe('ENFILE');
  });

  it('answers every call in the wrong state by name', () => {
    const registry = new DeviceRegistry();
    for (const call of ['attach', 'detach', 'activate', 'deactivate', 'unregister'] as const) {
      expect(said(registry[call]('toe0'))).toBe('ENODEV');
    }
    let held = 1;
    registry.register(hardware(), 'toe%d');
    expect(said(registry.attach('toe0'))).toBe('ENOPROTOOPT');
    expect(said(registry.activate('toe0'))).toBe('ENOPROTOOPT');
    expect(said(registry.detach('toe0'))).toBe('ENOPROTOOPT');
    expect(said(registry.removeModule('ism'))).toBe('ENOPROTOOPT');
    expect(said(registry.addModule(module('other')))).toBe(0);
    expect(said(registry.attach('toe0'))).toBe('ENOPROTOOPT');
    expect(
      said(
        registry.addModule(
          module(
            'ism',
            driver(() => held),
          ),
        ),
      ),
    ).toBe(0);
    expect(said(registry.addModule(module('ism')))).toBe('EEXIST');
    expect(said(registry.attach('toe0'))).toBe(0);
    expect(said(registry.attach('toe0'))).toBe('EEXIST');
    expect(said(registry.removeModule('ism'))).toBe('EBUSY');
    expect(said(registry.deactivate('toe0'))).toBe('EINVAL');
    expect(said(registry.activate('toe0'))).toBe(0);
    expect(said(registry.activate('toe0'))).toBe('EBUSY');
    expect(said(registry.detach('toe0'))).toBe('EBUSY');
    expect(said(registry.unregister('toe0'))).toBe('EBUSY');
    expect(said(registry.deactivate('toe0'))).toBe(0);
    expect(said(registry.unregister('toe0'))).toBe('EBUSY');
    expect(said(registry.detach('toe0'))).toBe('EBUSY');
    held = 0;
    expect(said(registry.detach('toe0'))).toBe(0);
    expect(said(registry.unregister('toe0'))).toBe(0);
    expect(said(registry.removeModule('ism'))).toBe(0);
  });

  it('needs no module for a driver that is both', () => {
    const registry = new DeviceRegistry();
    registry.register(hardware('whole', driver()), 'toe%d');
    expect(said(registry.attach('toe0'))).toBe(0);
    expect(said(registry.activate('toe0'))).toBe(0);
  });

  it('maps what a card says to what a program hears', () => {
    const errors: CardError[] = ['reset in handshake', 'ARP miss', 'timeout', 'table full', 'tuple exists'];
    expect(errors.map((error) => errnoName(cardErrno(error)))).toEqual([
      'ECONNREFUSED',
      'EHOSTUNREACH',
      'ETIMEDOUT',
      'ENOMEM',
      'EADDRINUSE',
    ]);
    expect(errors.map((error) => fallsBack(cardErrno(error)))).toEqual([false, true, false, true, false]);
  });

  it('keeps its promises after any sequence of calls', () => {
    const names = ['toe0', 'toe1', 'toe2'];
    const step = fc.tuple(
      fc.constantFrom('register', 'attach', 'detach', 'activate', 'deactivate', 'unregister', 'hold'),
      fc.nat(names.length - 1),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const registry = new DeviceRegistry();
        registry.addModule(module('ism'));
        for (const [call, which] of steps) {
          const name = names[which];
          const device = registry.find(name);
          const before = device && { ...device, busy: device.busy };
          if (call === 'register') registry.register(hardware(), name);
          else if (call !== 'hold') registry[call](name);
          else if (device?.active) device.attachedSockets = 1 - device.attachedSockets;
          // What is active has both drivers, and what is busy or active stays.
          for (const { active, sockets } of registry.devices) if (active) expect(sockets).toBeDefined();
          if (before?.active && call !== 'deactivate') expect(registry.find(name)?.active).toBe(true);
          if (before?.busy) expect(registry.find(name)?.sockets).toBe(before.sockets);
          expect(new Set(registry.devices.map((each) => each.name)).size).toBe(registry.devices.length);
        }
      }),
    );
  });
});
