/** What TCP_INFO tells of sockets, by the kernel's answers. */
import { describe, expect, it } from 'vitest';
import { READABLE, SHUT_WR, SOCK_DGRAM } from '../../src/socket/contract.ts';
import * as errno from '../../src/socket/errno.ts';
import type { TcpInfo } from '../../src/socket/tcp-info.ts';
import type { Bed } from './bed.ts';

const ESTABLISHED = 1;
const FIN_WAIT_2 = 5;
const CLOSED = 7;
const CLOSE_WAIT = 8;
const LISTEN = 10;

export function infoTests(bed: () => Bed): void {
  function info(socket: number): TcpInfo {
    const told = bed().stack.tcpInfo(socket);
    if (typeof told === 'number') throw new Error(`TCP_INFO: ${errno.errnoName(told)}`);
    return told;
  }

  describe('TCP_INFO', () => {
    it('counts bytes and segments of both ends of a connection', () => {
      const { client, server } = bed().pair();
      bed().send(client, 'twelve bytes');
      expect(bed().receive(server)).toBe('twelve bytes');
      bed().until(() => info(client).bytes_acked === 13, 'the acknowledgement of SYN and bytes');
      const [sent, received] = [info(client), info(server)];
      expect(sent).toMatchObject({ state: ESTABLISHED, ca_state: 0, bytes_sent: 12, bytes_received: 0 });
      expect(sent).toMatchObject({ data_segs_out: 1, data_segs_in: 0, unacked: 0, notsent_bytes: 0 });
      expect(sent).toMatchObject({ bytes_retrans: 0, total_retrans: 0, lost: 0, sacked: 0, outq_bytes: 0 });
      expect(received).toMatchObject({ state: ESTABLISHED, bytes_sent: 0, bytes_received: 12 });
      expect(received).toMatchObject({ data_segs_out: 0, data_segs_in: 1, retransmits: 0 });
      // Timestamps, SACK and scaled windows.
      expect(sent.options & 7).toBe(7);
      expect(sent.snd_wscale).toBe(received.rcv_wscale);
      expect(sent.min_rtt).toBeGreaterThan(0);
      expect(sent.min_rtt).toBeLessThanOrEqual(sent.rtt * 8 + 8);
      expect(sent.rto).toBeGreaterThanOrEqual(200_000);
      expect(sent.snd_cwnd).toBeGreaterThanOrEqual(10);
      expect(sent.busy_time).toBeGreaterThanOrEqual(sent.rwnd_limited + sent.sndbuf_limited);
    });

    it('tells states, and of a listener its queue and its backlog', () => {
      const listener = bed().listen(5);
      expect(info(listener.socket)).toMatchObject({ state: LISTEN, unacked: 0, sacked: 5 });
      const idle = bed().socket();
      expect(info(idle).state).toBe(CLOSED);
      const { client, server } = bed().pair();
      expect(bed().stack.shutdown(client, SHUT_WR)).toBe(0);
      bed().untilReady(server, READABLE);
      bed().until(() => info(client).state === FIN_WAIT_2, 'the acknowledgement of the FIN');
      expect(info(server).state).toBe(CLOSE_WAIT);
    });

    it('is refused of other sockets', () => {
      expect(bed().stack.tcpInfo(1_000_000)).toBe(-errno.EBADF);
      expect(bed().stack.tcpInfo(bed().socket(SOCK_DGRAM))).toBe(-errno.EOPNOTSUPP);
    });
  });
}
