/** The assertions on urgent data are tripped, each by its fault. */
import { describe } from 'vitest';
import { setMark } from '../../src/socket/urgent-mark.ts';
import { SegmentIn } from '../../src/tcpip/tcp/segment-in.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { passUrgent, receiveUrgent, urgentDistance, urgentPointer } from '../../src/tcpip/tcp/urgent.ts';
import { trips } from '../rules/trips.ts';
import { established } from './tcp-assertion-bed.ts';

describe('urgent data', () => {
  trips('urgent: a distance is asked for where there is a mark', () => urgentDistance(new Tcb(0)));
  trips('urgent: a mark is passed where there is one', () => passUrgent(new Tcb(0)));
  trips('urgent: a byte is looked for in a segment', () => {
    const { tcp, tcb } = established();
    const segment = new SegmentIn();
    segment.length = -1;
    Object.assign(tcb, { rcvUrgent: 1, rcvUp: tcb.rcvNxt + 1 });
    receiveUrgent(tcp, tcb, segment);
  });
  trips('urgent: a pointer leads forward', () => urgentPointer(new Tcb(0), 5));
  trips('urgent: a mark is not behind what is read next', () =>
    setMark({ urgent: 0, urgentAhead: 0, urgentByte: 0, urgentInline: 0 }, -1, 0, 0),
  );
});
