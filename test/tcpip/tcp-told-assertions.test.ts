/** The assertions of what is told of a connection, and of its options, each tripped by its bug. */
import { describe } from 'vitest';
import { TCP_CORK } from '../../src/socket/options.ts';
import { acknowledge } from '../../src/tcpip/tcp/acknowledge.ts';
import { awaitRoom } from '../../src/tcpip/tcp/calls.ts';
import { SENDING_WINDOW } from '../../src/tcpip/tcp/control-block/totals.ts';
import { getOption, setOption } from '../../src/tcpip/tcp/options.ts';
import { advertisedMss } from '../../src/tcpip/tcp/path.ts';
import { measureReceiver } from '../../src/tcpip/tcp/receiver-rtt.ts';
import { addElapsed } from '../../src/tcpip/tcp/sending-time.ts';
import { roundFirstWindow } from '../../src/tcpip/tcp/window.ts';
import { trips } from '../rules/trips.ts';
import { beside } from './tcp-table-bed.ts';

const DEFER_ACCEPT = 25;

describe('assertions', () => {
  trips('sending time: what held it back is a part of it', () => {
    const { totals } = beside().tcb;
    totals.sendingAs = SENDING_WINDOW;
    totals.windowLimitedUs = 1;
    addElapsed(totals, 5);
  });
  trips('receiver round trip: it is measured by bytes that have come', () => {
    const { tcp, tcb } = beside();
    measureReceiver(tcp, tcb, 0);
  });
  trips('options: what is let go belongs to a connection that lives', () => {
    const { tcp, tcb } = beside();
    tcb.hashed = 1;
    setOption(tcp, tcb, TCP_CORK, 0);
  });
  trips('options: a SYN-ACK is not sent more often than can be said', () => {
    const { tcp, tcb } = beside();
    tcb.options.deferAccept = 256;
    getOption(tcp, tcb, DEFER_ACCEPT);
  });
  trips('window: the segments that it is counted in hold bytes', () => {
    const { tcp, tcb } = beside();
    roundFirstWindow(tcp, tcb, 0);
  });
  trips('calls: who waits for room has a connection', () => {
    const { tcp, tcb } = beside();
    awaitRoom(tcp, tcb);
  });
  trips('acknowledgement: what is delivered is counted in segments', () => {
    const { tcp, tcb } = beside();
    tcb.mss = 0;
    tcp.segment.ack = tcb.sndUna;
    acknowledge(tcp, tcb, tcp.segment);
  });
  trips('path: a packet has room for more than headers', () => {
    const { tcp, tcb } = beside();
    tcb.port = 0;
    tcp.environment.mtus[0] = 40;
    advertisedMss(tcp, tcb);
  });
  trips('receive queue: what is copied has room', () => {
    const { tcp, tcb } = beside();
    tcp.receiveQueue.peekTo(tcb, new Uint8Array(10), 5, 6);
  });
});
