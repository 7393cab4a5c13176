/** The sums of the ledger: each is found out when a byte, a frame or a buffer goes astray. */
import { describe, expect, it } from 'vitest';
import { COUNTER_NAMES, COUNTER_SIDES } from '../../src/ledger/counters.gen.ts';
import { counterValue, reconcile } from '../../src/ledger/reconcile.ts';

/**
 * Books of a run that lost a frame on the wire, retransmitted it, and closed one socket with bytes unread.
 */
const host = {
  bytesSent: 1000,
  sendCopiesBytes: 700,
  immediateCopiesBytes: 100,
  bytesLent: 200,
  bytesReceived: 793,
  receiveCopiesBytes: 643,
  bytesBorrowed: 150,
  bytesDropped: 50,
  datagramsCutBytes: 7,
  inboundPosted: 30,
  outboundReleased: 20,
  memoryTransmitTaken: 9,
  memoryTransmitReturned: 7,
};
const iop = {
  bytesQueued: 990,
  bytesRefused: 10,
  cardImmediateCopiesBytes: 100,
  tcpOutDataBytes: 900,
  udpOutDataBytes: 60,
  icmpOutDataBytes: 28,
  bytesDiscarded: 30,
  transmitFetchesBytes: 988,
  tcpRetransBytes: 40,
  retransmitFetchesBytes: 40,
  bytesAcknowledged: 860,
  bytesUnacknowledged: 40,
  bytesAccepted: 865,
  bytesDelivered: 850,
  bytesUnread: 10,
  bytesTruncated: 5,
  receivePlacementsBytes: 850,
  inboundReleased: 30,
  outboundPosted: 20,
  deviceTxPackets: 50,
  deviceRxPackets: 48,
  deviceRxNoBuffer: 1,
};
/** The loop that the card's wire is. */
const wire = { wireDuplicated: 2, wireDropped: 2, wireOverflow: 1 };
const holdings = { transmitInUse: 2 };

describe('the books', () => {
  it('balance when all that is lost is lost by name', () => {
    expect(reconcile(host, iop, holdings, wire).lines).toEqual([]);
    expect(reconcile(host, iop, holdings, wire).balanced).toBe(true);
  });

  it.each([...Object.keys(host)])('do not when the host’s %s is off by one', (name) => {
    const wrong = { ...host, [name]: host[name as keyof typeof host] + 1 };
    expect(reconcile(wrong, iop, holdings, wire).balanced).toBe(false);
  });

  it.each([...Object.keys(iop)])('do not when the card’s %s is off by one', (name) => {
    const wrong = { ...iop, [name]: iop[name as keyof typeof iop] + 1 };
    expect(reconcile(host, wrong, holdings, wire).balanced).toBe(false);
  });

  it.each([...Object.keys(wire)])('do not when the wire’s %s is off by one', (name) => {
    const wrong = { ...wire, [name]: wire[name as keyof typeof wire] + 1 };
    expect(reconcile(host, iop, holdings, wrong).balanced).toBe(false);
  });

  it('are not read by a name that no counter has', () => {
    expect(() => counterValue(host, 'bytesSnet')).toThrow('no counter "bytesSnet"');
    expect(counterValue(host, 'bytesUndelivered')).toBe(0);
  });

  it('do not when more datagrams were taken in than put out and doubled', () => {
    const taken = { ...iop, udpOutDatagrams: 5, udpInDatagrams: 4, udpNoPorts: 2, udpInErrors: 1 };
    expect(reconcile(host, taken, holdings, wire).lines).toEqual([]);
    for (const name of ['udpInDatagrams', 'udpNoPorts', 'udpInErrors'] as const) {
      expect(reconcile(host, { ...taken, [name]: taken[name] + 1 }, holdings, wire).balanced).toBe(false);
    }
  });

  it.each(['mappings', 'allocations'])('do not after a single one of the %s', (name) => {
    expect(reconcile({ ...host, [name]: 1 }, iop, holdings, wire).lines.length).toBe(1);
  });

  it('name only counters there are, on the side that writes them', () => {
    const sides = new Map(COUNTER_NAMES.map((name, i) => [name, COUNTER_SIDES[i]]));
    expect(Object.keys(host).filter((name) => sides.get(name) !== 'host')).toEqual([]);
    expect(Object.keys(iop).filter((name) => sides.get(name) !== 'iop')).toEqual([]);
    expect(Object.keys(wire).filter((name) => sides.get(name) !== 'link')).toEqual([]);
  });
});
