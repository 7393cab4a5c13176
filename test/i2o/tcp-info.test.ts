/** TCP_INFO in frames: every field crosses, each in its own place. */
import { describe, expect, it } from 'vitest';
import { DrillHost } from '../../src/drill/host/drill-host.ts';
import { checkSocketReply } from '../../src/i2o/socket.gen.ts';
import {
  readInfoReply,
  readSnapshot,
  readSnapshotReply,
  readTotalsReply,
  SNAPSHOT_PART_WORDS,
  SNAPSHOT_WORDS,
  snapshotWords,
  writeInfoReply,
  writeSnapshotReply,
  writeTotalsReply,
} from '../../src/i2o/tcp-info.ts';
import { DEVICE_TID } from '../../src/i2o/tids.ts';
import type { TcpInfo } from '../../src/socket/tcp-info.ts';
import { messageNamed } from '../../src/spec/catalogue.ts';
import { trips } from '../rules/trips.ts';

const REQUEST = 0;
const INFO = 32;
const TOTALS = 64;
const SUMS = ['bytes_acked', 'bytes_received', 'bytes_sent', 'bytes_retrans', 'busy_time', 'rwnd_limited'];

/** A record as the engine makes it, each of whose numbers is another. */
function record(): Record<string, number> {
  const host = new DrillHost();
  const made = host.tcpInfo(host.sockets.socket());
  const info = Object.fromEntries(Object.keys(made!).map((name, i) => [name, 3e9 + i]));
  const narrow = { state: 4, ca_state: 3, retransmits: 5, probes: 6, backoff: 7, options: 31 };
  const halves = { snd_wscale: 9, rcv_wscale: 10, snd_mss: 1448, rcv_mss: 1440, advmss: 1460, pmtu: 1500 };
  for (const [i, name] of SUMS.entries()) info[name] = (i + 2) * 2 ** 40 + i;
  return { ...info, ...narrow, ...halves, sndbuf_limited: 2 ** 50 + 1, bytes_retrans: 77 };
}

function crossed(info: Record<string, number>): TcpInfo {
  const words = new Int32Array(96);
  writeInfoReply(words, REQUEST, INFO, DEVICE_TID, info as unknown as TcpInfo, 9);
  writeTotalsReply(words, REQUEST, TOTALS, DEVICE_TID, info as unknown as TcpInfo, 9);
  for (const at of [INFO, TOTALS]) expect(checkSocketReply(words, at, words[at] >>> 16)).toBe(0);
  return { ...readInfoReply(words, INFO), ...readTotalsReply(words, TOTALS) };
}

describe('TCP_INFO in two replies', () => {
  it('is the record that was written', () => {
    expect(crossed(record())).toEqual(record());
  });

  it('tells no more than its places have room for', () => {
    const most = { retransmits: 255, probes: 255, backoff: 255, pmtu: 65_535, snd_mss: 65_535 };
    const over = Object.fromEntries(Object.entries(most).map(([name, value]) => [name, value + 3]));
    expect(crossed({ ...record(), ...over })).toEqual({ ...record(), ...most });
  });

  trips('tcp info: a window is shifted by 14 bits at most', () => crossed({ ...record(), snd_wscale: 15 }));
  trips('tcp info: what was sent again was sent', () => crossed({ ...record(), bytes_retrans: 2 ** 52 }));
  trips('tcp info: a sum is a whole number below 2^53', () => crossed({ ...record(), busy_time: 0.5 }));
});

/** A record through the parts that begin with these words. */
function inParts(info: Record<string, number>, firsts: readonly number[]): TcpInfo {
  const whole = snapshotWords(info as unknown as TcpInfo, 9);
  const read = new Int32Array(SNAPSHOT_WORDS);
  for (const first of firsts) {
    const words = new Int32Array(64);
    writeSnapshotReply(words, 32, 0, DEVICE_TID, whole, 9, first);
    expect(checkSocketReply(words, 0, words[0] >>> 16)).toBe(0);
    readSnapshotReply(words, 0, read);
  }
  return readSnapshot(read);
}

describe('TCP_INFO in parts', () => {
  const starts = Array.from({ length: SNAPSHOT_WORDS }, (_, i) => i);

  it('is the record that was written, whichever words begin the parts', () => {
    const tens = starts.filter((first) => first % SNAPSHOT_PART_WORDS === 0);
    for (const firsts of [tens, starts, [...starts].reverse()])
      expect(inParts(record(), firsts)).toEqual(record());
    expect(inParts(record(), tens.slice(1))).not.toEqual(record());
  });

  it('has the words that the spec numbers', () => {
    const first = messageNamed('SocketSnapshotGet')!.request.fields.find(({ name }) => name === 'first')!;
    expect(first.max).toBe(SNAPSHOT_WORDS - 1);
  });

  trips('tcp info: a part begins within its snapshot', () => inParts(record(), [SNAPSHOT_WORDS]));
  trips('tcp info: a part that was checked is of a snapshot', () =>
    readSnapshotReply(new Int32Array(20).fill(-1), 0, new Int32Array(SNAPSHOT_WORDS)),
  );
  trips('tcp info: a snapshot is read whole', () => readSnapshot(new Int32Array(SNAPSHOT_WORDS - 1)));
});
