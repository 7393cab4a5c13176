/** The fuzzer's short form: the same storms as `npm run fuzz`, fewer of them. A failure names its seed. */
import { describe, expect, it } from 'vitest';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { writeSocketCreate, writeSocketReceiveCredit } from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, MANAGER_TID } from '../../src/i2o/tids.ts';
import { writeUtilEventRegister, writeUtilReplyFaultNotify } from '../../src/i2o/utility.gen.ts';
import {
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_SENT,
  TIME_WAIT,
} from '../../src/tcpip/tcp/state.ts';
import { Random } from '../../src/time/random.ts';
import { bringUpStorm } from './bring-up-storm.ts';
import { CardStorm } from './card-storm.ts';
import { Guards } from './guards.ts';
import { HostStorm } from './host-storm.ts';
import { indexStorm } from './index-storm.ts';
import { FAIL, judge, TRANSACTION } from './oracle.ts';
import { PacketStorm } from './packet-storm.ts';

const STORM_FRAMES = 3000;

describe('a hostile host', () => {
  it('never makes the card throw, hang, lose a credit, write out of bounds, or break the spec', () => {
    let judged = 0;
    let refused = 0;
    for (let seed = 1; seed <= 16; seed++) {
      const storm = new CardStorm(seed);
      storm.run(STORM_FRAMES);
      judged += storm.judged;
      refused += storm.refused;
    }
    expect(judged).toBeGreaterThan(12_000); // the oracle was asked
    expect(refused).toBeGreaterThan(5000); // and had something to say
  }, 120_000);

  it("may pass for the second initiator, whose utility messages are taken as the host's are", () => {
    const storm = new CardStorm(118);
    storm.run(5000);
    expect(storm.frames).toBeGreaterThanOrEqual(5000);
  }, 60_000);

  it('never makes the card throw or hang by the indices, event words and masks it writes', () => {
    let lies = 0;
    for (let seed = 1; seed <= 40; seed++) lies += indexStorm(seed);
    expect(lies).toBeGreaterThan(1000);
  }, 60_000);
});

describe('a hostile card', () => {
  it('never makes the driver throw, hang, lose a buffer, write what is not its own, or send nonsense', () => {
    let requests = 0;
    let refused = 0;
    for (let seed = 1; seed <= 24; seed++) {
      const storm = new HostStorm(seed);
      storm.run(STORM_FRAMES);
      requests += storm.requests;
      refused += storm.refused;
    }
    expect(requests).toBeGreaterThan(3000); // the driver was not dead all the time
    expect(refused).toBeGreaterThan(5000);
  }, 120_000);
});

describe('a hostile card that is brought up', () => {
  it('is brought up, or refused with a line that names the step', () => {
    let up = 0;
    for (let seed = 1; seed <= 60; seed++) if (bringUpStorm(seed)) up += 1;
    expect(up).toBeGreaterThan(10);
    expect(up).toBeLessThan(60);
  }, 60_000);
});

describe('a hostile wire', () => {
  it('never makes the stack throw, hang, leak, or deliver a byte that was not sent there', () => {
    const states = new Int32Array(16);
    let [bytes, datagrams] = [0, 0];
    for (let seed = 1; seed <= 20; seed++) {
      const storm = new PacketStorm(seed);
      storm.run(STORM_FRAMES);
      bytes += storm.bytesJudged;
      datagrams += storm.datagramsJudged;
      storm.states.forEach((count, state) => {
        states[state] += count;
      });
    }
    expect(bytes).toBeGreaterThan(500_000);
    expect(datagrams).toBeGreaterThan(500);
    // Segments met their connections in every state that a program's connection can be in.
    const met = [SYN_SENT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT];
    for (const state of met) expect(states[state], `state ${state}`).toBeGreaterThan(0);
  }, 120_000);

  it('is judged: a byte that changes on its way, unseen by checksums, is found', () => {
    const storm = new PacketStorm(3);
    // One byte up by 1 and another down: the sum stays.
    storm.meddle = (packet, at, length) => {
      if (length < 200) return;
      packet[at + 100] += 1;
      packet[at + 102] -= 1;
    };
    expect(() => storm.run(STORM_FRAMES)).toThrow(/seed 3, packet/);
  });
});

describe('what judges a storm', () => {
  const frame = new Int32Array(FRAME_WORDS);

  it('names the failure of a wrong header', () => {
    writeSocketCreate(frame, 0, DEVICE_TID, HOST_TID, 0, 0, 1, 0, 1);
    expect([...judge(frame, true).must]).toEqual([]);
    expect([...judge(frame, false).must]).toEqual([FAIL | 0x85]);
    frame[0] = frame[0] ^ 2;
    expect([...judge(frame, true).must]).toEqual([FAIL | 0x88]);
  });

  it('names the status of a field out of range, and of a message shorter than its list', () => {
    writeSocketReceiveCredit(frame, 0, DEVICE_TID, HOST_TID, 0, 0, 14, 0, 31);
    expect([...judge(frame, true).must].sort()).toEqual([TRANSACTION | 0x11, TRANSACTION | 0x15]);
    writeSocketReceiveCredit(frame, 0, DEVICE_TID, HOST_TID, 0, 0, 13, 0, 31);
    expect([...judge(frame, true).must]).toEqual([]);
  });

  it('lets a second initiator send utility messages and no others, and register for no events', () => {
    writeUtilReplyFaultNotify(frame, 0, IOP_TID, MANAGER_TID, 0, 0, 1, 1, 1, 0x88, 0, 0, 0, 0, 0);
    expect([...judge(frame, true).must]).toEqual([]);
    writeUtilEventRegister(frame, 0, DEVICE_TID, MANAGER_TID, 0, 0, 1);
    expect([...judge(frame, true).must]).toEqual([FAIL | 0x8e]);
    writeSocketCreate(frame, 0, DEVICE_TID, MANAGER_TID, 0, 0, 1, 0, 1);
    expect([...judge(frame, true).must]).toEqual([FAIL | 0x8e]);
  });

  it('sees a byte written where nobody may write', () => {
    const plan = new MemoryPlan();
    const offset = plan.reserve('held', 100, 'a holder');
    const region = allocateRegion(plan.byteLength);
    const guards = new Guards(region);
    guards.fillGaps(plan.holdings, new Random(1));
    region.bytes[offset] = 1;
    guards.check();
    region.bytes[offset + 100] ^= 1;
    expect(() => guards.check()).toThrow('behind everything: byte 0');
  });
});
