/** Scripts for FreeBSD: what such a host has by itself, the order of its options, and what its commands ask. */
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { systemOf } from '../../src/drill/run/chosen.ts';
import { drillScript } from '../../src/drill/run/runner.ts';
import { parseScript } from '../../src/drill/script/parser.ts';

const MEMORY = new DrillMemory();

function outcome(script: string): string {
  const { outcome: name, place, words } = drillScript('a.pkt', script, { memory: MEMORY });
  return name === 'passed' ? name : `${place?.line} ${name}: ${words}`;
}

const HEAD = '0 `sysctl -w net.inet.tcp.rexmit_initial=500`\n';
const CONNECT = `+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR | O_NONBLOCK) = 0
+0 getsockopt(3, SOL_SOCKET, SO_RCVBUF, [65536], [4]) = 0
+0 getsockopt(3, SOL_SOCKET, SO_SNDBUF, [32768], [4]) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 100 ecr 0>
`;

it.each([
  ['0 `kldload -n tcp_rack`', 'freebsd'],
  ['0 `sysctl kern.timecounter.alloweddeviation=0`', 'freebsd'],
  ['`sysctl -q net.ipv4.tcp_sack=0`', 'linux'],
  ['`../common/defaults.sh`\n`sysctl net.inet.tcp.rfc1323=1`', 'linux'],
  ['0 socket(..., SOCK_STREAM, 0) = 3\n0 `sysctl net.inet.tcp.rfc1323=1`', 'linux'],
  ['0 socket(..., SOCK_STREAM, 0) = 3', 'linux'],
])('%j is for %s', (source, system) => {
  expect(systemOf(parseScript('a.pkt', source).events)).toBe(system);
});

describe('a host of FreeBSD’s', () => {
  it('has its buffers, its time-outs and its order of options', () => {
    const again = '+.5 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 600 ecr 0>\n';
    expect(outcome(HEAD + CONNECT + again)).toBe('passed');
    expect(outcome(CONNECT)).toContain('expected [65536], got [540000]');
    const other = CONNECT.replace('wscale 6', 'wscale 7');
    expect(outcome(HEAD + other)).toContain('wscale: expected 7, got 6');
    expect(outcome(HEAD + CONNECT.replace('sackOK,', ''))).toContain('expected');
  });

  it('rounds its buffer up to whole segments, and delays from the start', () => {
    const opened = `+.1 < S. 0:0(0) ack 1 win 32767 <mss 1460,sackOK,eol,eol>
+0 > . 1:1(0) ack 1 win 65535
+0 getsockopt(3, SOL_SOCKET, SO_RCVBUF, [65700], [4]) = 0
+0 < . 1:101(100) ack 1 win 32767
+.04 > . 1:1(0) ack 101
`;
    expect(outcome(HEAD + CONNECT + opened)).toBe('passed');
  });

  it('is asked for its connections by their states', () => {
    const opened = `+.1 < S. 0:0(0) ack 1 win 32767 <mss 1460>
+0 > . 1:1(0) ack 1 win 65535
+0 \`sockstat -4 -P tcp -s | grep packetdril | grep -c ESTABLISHED | grep 1\`
+0 close(3) = 0
+0 > F. 1:1(0) ack 1
+0 < F. 1:1(0) ack 2 win 32767
+0 > . 2:2(0) ack 2
+0 \`sockstat -4 -P tcp -s | grep packetdril | grep -c TIME_WAIT | grep 1\`
`;
    expect(outcome(HEAD + CONNECT + opened)).toBe('passed');
    expect(outcome(HEAD + CONNECT + opened.replace('ESTABLISHED', 'SYN_SENT'))).toContain(
      'failed: expected 1 connections in SYN_SENT, got 0',
    );
    const unknown = opened.replace('ESTABLISHED', 'BOUND');
    expect(outcome(HEAD + CONNECT + unknown)).toContain('not judged: the command sockstat');
  });

  it('asks by name for what is not there', () => {
    const words = 'net.inet.tcp.insecure_rst=1 asks for resets that need not be at the left edge';
    expect(outcome('0 `sysctl -w net.inet.tcp.insecure_rst=1`')).toContain(`not judged: ${words}`);
  });
});
