/** How much of a write a Linux host takes, when it takes more, and which segments it pushes. */
import { expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { drillScript } from '../../src/drill/run/runner.ts';

const MEMORY = new DrillMemory();

/** A server whose peer has offered a window, with a socket that does not block. */
const server = (window: number): string => `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win ${window} <mss 1000,sackOK,nop,nop,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 8>
+.1 < . 1:1(0) ack 1 win 257
+0 accept(3, ..., ...) = 4
+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0
`;

const outcome = (source: string): string => {
  const { outcome: is, words } = drillScript('a.pkt', source, { memory: MEMORY });
  return words === '' ? is : `${is}: ${words}`;
};

it.each([
  [
    'fills the packet that it has begun, of half of the window at most',
    `${server(32_792)}+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [20000], 4) = 0
+0 write(4, ..., 100000) = 42000
+0 write(4, ..., 1) = -1 EAGAIN (full)`,
  ],
  [
    'has a least SO_SNDBUF, and tells what it counts',
    `${server(32_792)}+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [1], 4) = 0
+0 getsockopt(4, SOL_SOCKET, SO_SNDBUF, [4608], [4]) = 0`,
  ],
  [
    'takes at least a packet, however large, where nothing is queued',
    `${server(65_535)}+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [1], 4) = 0
+0 write(4, ..., 20000) = 20000`,
  ],
  [
    'is told of room once a third is free, and not before',
    `${server(32_792)}+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [20000], 4) = 0
+0 write(4, ..., 100000) = 42000
+.1 < . 1:1(0) ack 10001 win 257
+0 poll([{fd=4, events=POLLOUT, revents=0}], 1, 0) = 0
+.1 < . 1:1(0) ack 20001 win 257
+0 poll([{fd=4, events=POLLOUT, revents=POLLOUT}], 1, 0) = 1`,
  ],
  [
    'has a buffer that grows with the congestion window',
    `\`sysctl -q net.ipv4.tcp_wmem="4096 20000 4194304"\`
${server(32_792)}+0 getsockopt(4, SOL_SOCKET, SO_SNDBUF, [20000], [4]) = 0
+0 write(4, ..., 1) = 1
+0 getsockopt(4, SOL_SOCKET, SO_SNDBUF, [46080], [4]) = 0`,
  ],
  [
    'pushes where more than half of the window was written since the last',
    `${server(2000)
      .replace('sackOK,nop,nop,nop,wscale 7', 'sackOK,nop,nop')
      .replace('sackOK,nop,wscale 8', 'sackOK')
      .replace('win 257', 'win 2000')}+0 write(4, ..., 4000) = 4000
+0 > . 1:1001(1000) ack 1
+0 > P. 1001:2001(1000) ack 1`,
  ],
])('%s', (_, source) => {
  expect(outcome(source)).toBe('passed');
});
