/** Opening a TAP: everything that can be wrong with it, said in one line. None of this needs root. */
import { describe, expect, it } from 'vitest';
import { Interface } from '../../src/linux/interface.ts';
import type { Libc } from '../../src/linux/libc.ts';
import { checkTapName, openTap } from '../../src/linux/tap.ts';
import {
  checkTap,
  reachesOver,
  type TapOptions,
  tapSettings,
  unreachable,
} from '../../src/world/open/tap.ts';
import { trips } from '../rules/trips.ts';

describe('the name of a TAP', () => {
  it.each(['inic0', 'a', 'fifteen-letters', '/dev/tap7'])('may be %s', (name) => {
    expect(() => checkTapName(name)).not.toThrow();
  });

  it.each(['', 'sixteen-letters!', 'a b', 'a/b', 'eth0:1', 'tap%d', '.', '..', '/dev/tapX', '/dev/null'])(
    'may not be %j, and the line names it',
    (name) => {
      expect(() => checkTapName(name)).toThrow(new RegExp(`^"${name.replace(/[.]/g, '\\.')}" is no `));
    },
  );

  it('wants koffi for a TAP, and says what else there is', () => {
    const open = (): unknown => openTap({ name: 'inic0', prefixLength: 24 }, () => undefined);
    expect(open).toThrow(
      /^the TAP inic0 needs the optional package "koffi".*npm install koffi.*\/dev\/tap7$/,
    );
  });

  it('says of a macvtap that is not there where to look', () => {
    const open = (): unknown => openTap({ name: '/dev/tap99999', prefixLength: 24 }, () => undefined);
    expect(open).toThrow(
      /^cannot open \/dev\/tap99999: there is no \/dev\/tap99999; see the index in ip link$/,
    );
  });
});

describe('what a program says of a TAP', () => {
  const asked = { name: 'inic0', address: '10.9.0.2/24' };

  it.each([
    [{ ...asked, address: '10.9.0.2' }, '"tap.address" expected an IPv4 address with its prefix'],
    [{ ...asked, address: '10.9.0.0/24' }, '"tap.address" expected an address that one host can have'],
    [{ ...asked, address: '10.9.0.2/33' }, '"tap.address" expected'],
    [{ ...asked, address: 'fe80::1/64' }, '"tap.address" expected an IPv4 address'],
    [{ ...asked, gateway: '10.8.0.1' }, '"tap.gateway" expected another address of 10.9.0.2/24'],
    [{ ...asked, gateway: '10.9.0.2' }, '"tap.gateway" expected another address of 10.9.0.2/24'],
    [{ ...asked, gateway: 'router' }, '"tap.gateway" expected an IPv4 address'],
    [{ ...asked, hostAddress: '10.9.0.255' }, '"tap.hostAddress" expected another address'],
    [{ ...asked, name: '' }, '"tap.name" expected a text'],
    [{ ...asked, checkAddress: 'yes' }, '"tap.checkAddress" expected'],
    [{ ...asked, mtu: 9000 }, '"tap.mtu" is not known'],
  ])('is refused by name: %j', (options, line) => {
    expect(() => checkTap(options as TapOptions)).toThrow(line);
  });

  it('becomes the settings of its card, which a program may change but for what is the TAP’s', () => {
    const tap = checkTap({ ...asked, gateway: '10.9.0.1' });
    const opened = { name: 'inic0', fd: 3, eventFd: 4, mtu: 1400, hasAddress: false, made: true };
    const settings = tapSettings(tap, opened, { packetSlots: 99, mtu: 9000, stack: { ttl: 7 } });
    expect(settings).toMatchObject({
      packetSlots: 99,
      mtu: 1400,
      innerLoop: true,
      largeReceiveOffload: true,
    });
    expect(settings.stack).toMatchObject({
      ttl: 7,
      address: 0x0a09_0002,
      prefixLength: 24,
      gateway: 0x0a09_0001,
    });
    expect(settings.mac).toEqual([2, 0x69, 10, 9, 0, 2]);
    expect(tapSettings(tap, { ...opened, mac: [2, 0, 0, 0, 0, 1] }, {}).mac).toEqual([2, 0, 0, 0, 0, 1]);
  });

  it('is warned of where the kernel’s side has no address, by what the kernel says of it and not by its carrier', () => {
    const tap = checkTap(asked);
    const opened = { name: 'inic0', fd: 3, eventFd: 4, mtu: 1400, hasAddress: false, made: true };
    expect(unreachable(tap, opened).map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^the kernel has no address on inic0, so it cannot reach the card at 10\.9\.0\.2\/24/,
      ),
    ]);
    expect(unreachable(tap, { ...opened, hasAddress: true })).toEqual([]);
    expect(unreachable(tap, { ...opened, mac: [2, 0, 0, 0, 0, 1] })).toEqual([]);
  });

  it('has its address probed as RFC 5227 says where that is asked, or as often as is set', () => {
    const tap = checkTap({ ...asked, checkAddress: true });
    const opened = { name: 'inic0', fd: 3, eventFd: 4, mtu: 1400, hasAddress: false, made: true };
    const probesOf = (stack = {}) => tapSettings(tap, opened, { stack }).stack?.addressProbes;
    expect([probesOf(), probesOf({ addressProbes: 5 })]).toEqual([3, 5]);
    expect(tapSettings(checkTap(asked), opened, {}).stack?.addressProbes).toBeUndefined();
  });

  it('reaches its subnet, and by a gateway all hosts but itself', () => {
    const near = reachesOver(checkTap(asked));
    const far = reachesOver(checkTap({ ...asked, gateway: '10.9.0.1' }));
    const [peer, other, loopback, multicast] = [0x0a09_0003, 0xc0a8_0001, 0x7f00_0001, 0xe000_0001];
    expect([peer, other, loopback, multicast].map(near)).toEqual([true, false, false, false]);
    expect([peer, other, loopback, multicast].map(far)).toEqual([true, true, false, false]);
  });
});

describe('assertions', () => {
  const libc = {} as Libc;
  trips('interface: its name has been looked at', () => new Interface(libc, 'sixteen-letters!'));
  trips('interface: a prefix has 0 to 32 bits', () => new Interface(libc, 'inic0').setAddress(0, 33));
});
