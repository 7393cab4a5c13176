/** Scripts for FreeBSD: what such a host has by itself, the order of its options, and what its commands ask. */
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { systemOf } from '../../src/drill/run/chosen.ts';
import { drillScript } from '../../src/drill/run/runner.ts';
import { tokensOf } from '../../src/drill/script/lexer.ts';

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
  ['0 socket(..., SOCK_STREAM, 0) = 3\n0 `sysctl net.inet.tcp.rfc1323=1`', 'freebsd'],
  ['`sysctl net.ipv4.tcp_sack=0`\n0 close(3) = 0\n0 `sysctl net.inet.tcp.rfc1323=1`', 'linux'],
  ['0 setsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [5], 4) = 0', 'freebsd'],
  ['0 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 1 ecr 0>', 'freebsd'],
  ['0 > [noecn] SEW 0:0(0) <mss 1460, nop,wscale 6,sackOK,TS val ... ecr 0>', 'freebsd'],
  ['0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 6>', 'linux'],
  ['0 < S 0:0(0) win 1 <mss 1460,nop,wscale 6,sackOK,TS val 1 ecr 0>', 'linux'],
  ['0 socket(..., SOCK_STREAM, 0) = 3', 'linux'],
])('%j is for %s', (source, system) => {
  expect(systemOf(tokensOf('a.pkt', source), source)).toBe(system);
});

describe('a host of FreeBSD’s', () => {
  it('has its buffers, its time-outs and its order of options', () => {
    const again = '+.5 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 600 ecr 0>\n';
    expect(outcome(HEAD + CONNECT + again)).toBe('passed');
    expect(outcome(`0 \`sysctl net.ipv4.tcp_sack=1\`\n${CONNECT}`)).toContain(
      'expected [65536], got [540000]',
    );
    expect(outcome(CONNECT)).toBe('passed');
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

  it('gives up a connect after TCP_KEEPINIT, which ends with it', () => {
    const begun = (seconds: number): string => `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 getsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [75], [4]) = 0
+0 setsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [${seconds}], 4) = 0
+0 getsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [${seconds}], [4]) = 0
`;
    const tried = '+0 > S 0:0(0) <...>\n+1 > S 0:0(0) <...>\n+2.2 > S 0:0(0) <...>\n';
    const ends = '+0...5 connect(3, ..., ...) = -1 ETIMEDOUT (Operation timed out)\n';
    expect(outcome(begun(5) + ends + tried)).toBe('passed');
    expect(outcome(begun(4) + ends + tried)).toContain('expected to return at 5.000000');
    const opened = `+0...0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.1 < S. 0:0(0) ack 1 win 32767 <mss 1460>
+0 > . 1:1(0) ack 1
+0 write(3, ..., 10) = 10
+0 > P. 1:11(10) ack 1
+.5 > P. 1:11(10) ack 1
+.8 > P. 1:11(10) ack 1
+1.4 > P. 1:11(10) ack 1
+2.6 > P. 1:11(10) ack 1
+5 > P. 1:11(10) ack 1
`;
    expect(outcome(begun(3) + opened)).toBe('passed');
    const usual = '0 `sysctl -w net.inet.tcp.keepinit=15000`\n0 socket(..., SOCK_STREAM, 0) = 3\n';
    expect(outcome(`${usual}0 getsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [15], [4]) = 0`)).toBe('passed');
    expect(outcome(`${usual}0 setsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [0], 4) = -1 EINVAL (x)`)).toBe(
      'passed',
    );
    const linux = `--system=linux\n${usual}0 getsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [15], [4]) = -1 ENOPROTOOPT (x)`;
    expect(outcome(linux)).toBe('passed');
  });

  it('is asked for by an option', () => {
    const buffer =
      '0 socket(..., SOCK_STREAM, 0) = 3\n0 getsockopt(3, SOL_SOCKET, SO_RCVBUF, [65536], [4]) = 0';
    expect(outcome(buffer)).toContain('got [540000]');
    expect(outcome(`--system=freebsd\n${buffer}`)).toBe('passed');
    expect(outcome(`--system=plan9\n${buffer}`)).toContain('expected linux or freebsd, got "plan9"');
  });

  it('asks by name for what is not there', () => {
    const words = 'net.inet.tcp.insecure_rst=1 asks for resets that need not be at the left edge';
    expect(outcome('0 `sysctl -w net.inet.tcp.insecure_rst=1`')).toContain(`not judged: ${words}`);
  });
});
