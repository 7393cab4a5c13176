/** Faults that the assertions about own addresses, probed or given up, guard against. */
import { ADDRESS_LOST } from '../../src/tcpip/arp/address-conflicts.ts';
import { ARP_REPLY } from '../../src/tcpip/header/arp.ts';
import { addressLost } from '../../src/tcpip/tcp/address-lost.ts';
import { isSumGood } from '../../src/tcpip/udp/checksum.ts';
import { trips } from '../rules/trips.ts';
import { Host, type HostOptions } from './bed.ts';
import { arpFrame } from './frames.ts';

const OWN = 0x0a000001;

const hostOf = (config: HostOptions['config'] = {}, options: HostOptions = {}) =>
  new Host({ ...options, config: { address: OWN, ...config } });
const probing = () => hostOf({ addressProbes: 3 });
const conflictsOf = (host: Host) => host.stack['neighbours']['conflicts'];

trips('routes: an address that is used, or not, is one of a port', () =>
  hostOf().stack['routes'].setInUse(9, true),
);

trips('routes: who speaks for an address is asked of a port that has one', () =>
  hostOf().stack['routes'].speakerFor(9),
);
trips('routes: a port that has a subnet has an address', () => hostOf().stack['routes'].prefixOf(9));
trips('neighbours: they wait only behind a port whose address is not in use', () =>
  hostOf().stack['neighbours']['suspend'](0),
);
trips('neighbours: they are asked for in the name of an address in use', () =>
  probing().stack['neighbours']['release'](0),
);
trips('UDP: what is given up is an address', () => hostOf().stack['udp'].addressLost(0));
trips('address lost: what is given up is an address', () => addressLost(hostOf().stack['tcp'], 0));
trips('UDP checksum: the length of a datagram that is summed was checked', () => {
  const { environment, pieces } = hostOf().stack['udp'] as unknown as Record<string, never>;
  isSumGood(environment, pieces, 0, 0, 7, 0, 0, 0);
});
trips('address conflicts: a link comes up at a port that there is', () => conflictsOf(hostOf()).linkUp(9));
trips('address conflicts: only while a timer runs is it asked when one is due', () =>
  conflictsOf(hostOf()).firstDueMs(),
);
trips('address conflicts: what is sent is about an address', () => {
  const host = hostOf({ loopbackPort: 1 }, { ports: [{}, {}] });
  conflictsOf(host)['wantSent'](1, 1);
  host.flush();
});
trips('address conflicts: an address that nobody has was probed', () => conflictsOf(hostOf())['settle'](0));
trips('address conflicts: only an address in use is announced', () => conflictsOf(probing())['announce'](0));
trips('address conflicts: an announcement that went was of one in use', () => {
  const host = probing();
  conflictsOf(host)['wantSent'](0, 2);
  host.flush();
});
trips('address conflicts: no more probes go than were set', () => {
  const host = probing();
  conflictsOf(host)['count'][0] = 3;
  conflictsOf(host)['wantSent'](0, 1);
  host.flush();
});
trips('address conflicts: only an address in use is defended', () => conflictsOf(probing())['defend'](0));
trips('address conflicts: an address is given up once', () => {
  const host = probing();
  host.receive(arpFrame({ operation: ARP_REPLY, sender: OWN, senderMac: 0x333, target: OWN + 1 }));
  conflictsOf(host)['giveUp'](0, ADDRESS_LOST);
});
trips('address conflicts: who has lost knows when', () => {
  const conflicts = conflictsOf(probing());
  conflicts['losses'][0] = 1;
  conflicts['limitedMs'](0);
});
trips('address conflicts: one timer runs for an address', () => conflictsOf(probing())['start'](0, 1));
trips('address conflicts: a timer that stops was counted', () => {
  const conflicts = conflictsOf(probing());
  conflicts.timedCount = 0;
  conflicts['stop'](0);
});
trips('address conflicts: a time is drawn between a least and a most', () =>
  conflictsOf(hostOf())['draw'](2, 1),
);
trips('address conflicts: what is to be sent is counted', () => {
  const conflicts = conflictsOf(hostOf({ arpNotify: true }));
  conflicts.dueCount = 0;
  conflicts['clear'](0);
});
