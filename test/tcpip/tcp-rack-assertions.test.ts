/** The assertions of loss recovery by time and of CUBIC, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { CongestionState } from '../../src/tcpip/tcp/congestion/congestion.ts';
import { Cubic } from '../../src/tcpip/tcp/congestion/cubic.ts';
import { PROBE_LAST } from '../../src/tcpip/tcp/control-block/rack-state.ts';
import { RECOVERY_FAST } from '../../src/tcpip/tcp/control-block/recovery-state.ts';
import { isStillInDoubt } from '../../src/tcpip/tcp/frto.ts';
import { beginReduction, reduce } from '../../src/tcpip/tcp/proportional-rate.ts';
import type { RackRecovery } from '../../src/tcpip/tcp/rack-recovery.ts';
import { startReorder } from '../../src/tcpip/tcp/timers.ts';
import { forgetUse, isWindowUsed, noteLimited, noteSent } from '../../src/tcpip/tcp/window-use.ts';
import { trips } from '../rules/trips.ts';
import { World } from './harness.ts';
import { established as byCount } from './tcp-assertion-bed.ts';

/** An established connection that recovers by time, with nothing outstanding. */
function established() {
  const world = new World({ slots: 64, config: { lossRecovery: 'rack' } });
  const { client } = world.connect();
  const tcp = world.a.stack['tcp'];
  return { tcp, tcb: tcp.tcbs[client], recovery: tcp.recovery as RackRecovery };
}

describe('loss recovery by time', () => {
  trips('rack recovery: the timer expires only while something is outstanding', () => {
    const { tcp, tcb } = established();
    tcp.recovery.timedOut(tcb);
  });
  trips('rack recovery: a probe is for what is outstanding', () => {
    const { tcp, tcb } = established();
    tcp.recovery.probeDue(tcb);
  });
  trips('rack recovery: what is sent again is recorded', () => {
    const { tcp, tcb } = established();
    tcb.rack.probe = PROBE_LAST;
    tcp.recovery.resent(tcb, tcb.sndMax);
  });
  trips('rack recovery: output does not go back', () => {
    const { tcp, tcb } = established();
    tcp.recovery.window(tcb, true);
  });
  trips('rack: nothing arrives before it was sent', () => {
    const { tcp, tcb } = established();
    tcp.sent.append(tcb, tcb.sndMax, tcb.sndMax + 10, 1, tcp.environment.nowUs + 1);
    tcb.sndMax += 10;
    tcb.sndUna += 10;
    tcp.segment.sackBlocks = 0;
    tcp.recovery.acknowledged(tcb, tcp.segment, 10);
  });
  trips('rack: what SACK reports anew is delivered', () => {
    const { recovery, tcp, tcb } = established();
    recovery['rack']['takeAcknowledged'] = () => {
      recovery['rack'].heldBytes = 1;
    };
    recovery.acknowledged(tcb, tcp.segment, 10);
  });
  trips('rack: what is late lies behind what was delivered before it', () => {
    const { recovery, tcb } = established();
    recovery['rack']['noteLate'](tcb.sndUna + 10);
    recovery['rack']['noteReordering'](tcb);
  });
  trips('rack: a record stands for at least one segment', () => {
    const { recovery, tcp, tcb } = established();
    tcp.sent.append(tcb, tcb.sndMax, tcb.sndMax + 10, 0, tcp.environment.nowUs);
    recovery['rack']['segmentBytes'](tcb, tcb.sent.head);
  });
  trips('frto: only a time-out that is in doubt is looked at', () =>
    isStillInDoubt(established().tcb, 10, 0),
  );
  trips('rack: what may be late is given its time', () => {
    const { recovery, tcb } = established();
    tcb.rack.factor = 0;
    recovery['rack'].adapt(tcb, true);
  });
  trips('rack recovery: a loss is found while none was known', () => {
    const { recovery, tcb } = established();
    tcb.recovery.phase = RECOVERY_FAST;
    recovery['enter'](tcb, 10);
  });
  trips('rack recovery: what ends was under way', () => {
    const { recovery, tcb } = established();
    recovery['leave'](tcb);
  });
  trips('rack recovery: what is taken back was done', () => {
    const { recovery, tcb } = established();
    recovery['undo'](tcb);
  });
  trips('rack recovery: a probe that is sent was due', () => {
    const { recovery, tcb } = established();
    recovery['probeSent'](tcb, 0, tcb.sndMax);
  });
  trips('rack recovery: no more is held or lost than is outstanding', () => {
    const { recovery, tcb } = established();
    tcb.recovery.lostBytes = 1;
    recovery.window(tcb, false);
  });
  trips('rate reduction: it is known what was in the network when it began', () =>
    reduce(established().tcb, 10, true, 0),
  );
  trips('rate reduction: recovery begins with something in the network', () =>
    beginReduction(established().tcb, 0),
  );
  trips('timers: what may be late is outstanding', () => {
    const { tcp, tcb } = established();
    startReorder(tcp, tcb, 1000);
  });
  trips('recovery: without RACK no probe is due', () => {
    const { tcp, tcb } = byCount();
    tcp.recovery.probeDue(tcb);
  });
});

describe('CUBIC', () => {
  const cubic = new Cubic();
  trips('cubic: a connection starts with at least one segment', () =>
    cubic.start(new CongestionState(), 1460, 0),
  );
  trips('cubic: an acknowledgement counts for at least one byte', () =>
    cubic.acknowledged(new CongestionState(), 1460, 0, 0, 0),
  );
  trips('cubic: a segment has a price', () => {
    const state = new CongestionState();
    state.ssthresh = 0;
    cubic.acknowledged(state, 1460, 1460, 40_000, 0);
  });
  trips('cubic: a window that a loss takes from lets something out', () =>
    cubic.lossFound(new CongestionState(), 1460, 0),
  );
  trips('congestion: a loss that is taken back was found', () => cubic.undo(new CongestionState()));
  trips('cubic: the middle of its function is not past', () => {
    const state = new CongestionState();
    cubic.start(state, 1460, 10);
    state.ssthresh = state.cwnd;
    state.windowMax = Number.NaN;
    cubic.acknowledged(state, 1460, 1460, 0, 0);
  });
});

describe('the use of the window', () => {
  trips('window use: what was sent is in flight', () => noteSent(established().tcb));
  trips('window use: something is held back', () => noteLimited(established().tcb));
  trips('window use: what is forgotten is in flight', () => forgetUse(established().tcb));
  trips('window use: there is a window', () => {
    const { tcb } = established();
    tcb.congestion.cwnd = 0;
    isWindowUsed(tcb);
  });
});
