/** What forks of packetdrill and scripts for several systems say, beyond packetdrill's own grammar. */
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { constant } from '../../src/drill/run/constants.ts';
import type { RunOptions } from '../../src/drill/run/run-options.ts';
import { drillScript } from '../../src/drill/run/runner.ts';
import type { Packet } from '../../src/drill/script/ast.ts';
import { parseScript } from '../../src/drill/script/parser.ts';

const MEMORY = new DrillMemory();

function outcome(script: string, options: Partial<RunOptions> = {}): string {
  const { outcome: name, place, words } = drillScript('a.pkt', script, { memory: MEMORY, options });
  return name === 'passed' ? name : `${place?.line} ${name}: ${words}`;
}

function calls(source: string, ...names: string[]): string[] {
  const { events } = parseScript('a.pkt', source, undefined, new Set(names));
  return events.map(({ action }) => (action.kind === 'call' ? action.name : action.kind));
}

function packetOf(source: string): Packet {
  const [{ action }] = parseScript('a.pkt', source).events;
  if (action.kind !== 'packet') throw new Error(`a packet is expected, not ${action.kind}`);
  return action.packet;
}

describe('#ifdef', () => {
  const SOURCE = `0 socket(..., SOCK_STREAM, 0) = 3
#ifdef Linux
+0 listen(3, 1) = 0
#else
+0 close(3) = 0
#endif
#ifndef Linux
  #ifdef FreeBSD
+0 shutdown(3, SHUT_WR) = 0
  #endif
+0 read(3, ..., 1) = 0
#endif
+0 bind(3, ..., ...) = 0
`;

  it.each([
    [['Linux'], ['socket', 'listen', 'bind']],
    [['FreeBSD'], ['socket', 'close', 'shutdown', 'read', 'bind']],
    [[], ['socket', 'close', 'read', 'bind']],
  ])('takes the lines of %j', (names, expected) => {
    expect(calls(SOURCE, ...names)).toEqual(expected);
  });

  it('holds for what is defined', () => {
    const source = '#ifdef STANDARD\n0 bind(3, ..., ...) = 0\n#else\n0 close(3) = 0\n#endif\n';
    expect(calls(source)).toEqual(['close']);
    expect(calls(`--define=STANDARD=1\n${source}`)).toEqual(['bind']);
  });

  it('leaves out what is no script at all', () => {
    expect(calls('0 close(3) = 0\n#ifdef Other\nany ] words { "\n#endif\n')).toEqual(['close']);
  });

  it('is told from a comment', () => {
    expect(calls('0 close(3) = 0 #else what\n# endif of it\n// #ifdef x\n')).toEqual(['close']);
  });

  it.each([
    ['0 close(3) = 0\n#ifdef X\n', 'a.pkt:2:1: #ifdef X begins here and does not end: expected #endif'],
    ['#endif\n', 'a.pkt:1:1: #endif: expected #ifdef or #ifndef before it'],
    ['#ifdef\n', 'a.pkt:1:1: #ifdef: expected a name'],
  ])('%j is refused', (source, words) => {
    expect(() => parseScript('a.pkt', source)).toThrow(words);
  });

  it('holds for the system of the script', () => {
    const source = '0 `sysctl net.inet.tcp.sack.enable=1`\n#ifdef Linux\n+0 unknown_call(1) = 0\n#endif\n';
    expect(outcome(source)).toBe('passed');
    expect(outcome(source, { system: 'linux' })).toContain('not judged: the system call unknown_call');
  });
});

describe('what is any of a packet of ours', () => {
  it('is a sequence number', () => {
    expect(packetOf('0 > S. ...(0) ack 1')).toMatchObject({ seq: 0, length: 0, anySeq: true });
    expect(() => packetOf('0 < S. ...(0) ack 1 win 1')).toThrow('expected a sequence number');
    const reset = (seq: string): string => `0 < . 1:1(0) ack 7 win 100\n+0 > R ${seq}(0)\n`;
    expect(outcome(reset('...'))).toBe('passed');
    expect(outcome(reset('7:7'))).toBe('passed');
    expect(outcome(reset('8:8'))).toContain('seq: expected 8, got 7');
  });

  it('is a timestamp, or the echo of one', () => {
    const any = { kind: 'TS', val: 0, ecr: 5, any: { val: true, ecr: false } };
    expect(packetOf('0 > . 1:1(0) ack 1 <TS val ... ecr 5>')).toMatchObject({ options: [any] });
    expect(() => packetOf('0 < . 1:1(0) ack 1 win 1 <TS val ... ecr 5>')).toThrow('expected a timestamp');
    const opened = (val: string): string => `--tcp_ts_tick_usecs=1000
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000,sackOK,TS val 5 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 5>
+.1 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 6 ecr 100>
+0 < . 1:2(1) ack 1 win 1000 <nop,nop,TS val 7 ecr 100>
+0 > . 1:1(0) ack 2 <nop,nop,TS val ${val} ecr 7>
`;
    expect(outcome(opened('...'))).toBe('passed');
    expect(outcome(opened('200'))).toBe('passed');
    expect(outcome(opened('300'))).toContain('TS val: expected 300, got 200');
  });
});

describe('names', () => {
  it.each([
    ['ttl_exceeded', 0],
    ['ttl_exceeded_in_transit', 0],
    ['fragment_reassembly_exceeded', 1],
    ['frag_reass_exceeded', 1],
  ])('time_exceeded %s is code %d', (name, code) => {
    expect(packetOf(`0 < icmp time_exceeded ${name} [1:1(0)]`)).toMatchObject({ type: 11, code });
  });

  it.each([
    ['IPTOS_DSCP_CS1', 0x20],
    ['IPTOS_DSCP_CS7', 0xe0],
    ['IPTOS_DSCP_AF11', 0x28],
    ['IPTOS_DSCP_AF43', 0x98],
    ['IPTOS_DSCP_EF', 0xb8],
    ['IPTOS_LOWDELAY', 0x10],
    ['IPTOS_ECN_CE', 3],
    ['TCPI_SYN_RECEIVED', 3],
    ['IPTOS_DSCP_AF50', undefined],
  ])('%s is %j', (name, value) => {
    expect(constant(name)).toBe(value);
  });

  it.each([
    ['0 > sctp: INIT[flgs=0, tag=1]', 'SCTP'],
    ['0 < udplite (100, 8)', 'UDP-Lite'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_SCTP) = 3', 'SCTP'],
    ['0 socket(..., SOCK_DGRAM, IPPROTO_UDPLITE) = 3', 'UDP-Lite'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_MPTCP) = 3', 'Multipath TCP'],
  ])('%s is not judged', (source, words) => {
    expect(outcome(source)).toBe(`1 not judged: ${words}: not served here`);
  });

  it('stand apart from their values by space', () => {
    expect(parseScript('a.pkt', '--mtu = 1400\n--tolerance_usecs= 5\n0 close(3) = 0').options).toMatchObject([
      { name: 'mtu', value: '1400' },
      { name: 'tolerance_usecs', value: '5' },
    ]);
  });
});

it('-1 alone is any failure', () => {
  expect(outcome('0 close(7) = -1')).toBe('passed');
  expect(outcome('0 close(7) = -1 EBADF (Bad file descriptor)')).toBe('passed');
  expect(outcome('0 close(7) = -1 EPIPE (x)')).toContain('expected -1 EPIPE, got -1 EBADF');
  expect(outcome('0 socket(..., SOCK_STREAM, 0) = -1')).toContain('failed: socket: expected -1, got ');
});

describe('what a socket is', () => {
  const STREAM = '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n';
  const told = (option: string, value: string): string =>
    outcome(`${STREAM}+0 getsockopt(3, SOL_SOCKET, ${option}, [${value}], [4]) = 0`);

  it.each([
    ['SO_TYPE', 'SOCK_STREAM', 'SOCK_DGRAM'],
    ['SO_DOMAIN', 'AF_INET', '7'],
    ['SO_PROTOCOL', 'IPPROTO_TCP', 'IPPROTO_UDP'],
    ['SO_ACCEPTCONN', '0', '1'],
    ['SO_ZEROCOPY', '0', '1'],
  ])('%s tells %s', (option, right, wrong) => {
    expect(told(option, right)).toBe('passed');
    expect(told(option, wrong)).toMatch(/^2 failed: getsockopt: expected \[\d+\], got \[\d+\]$/);
  });

  it('is told of a listener and of datagrams', () => {
    const listener = `${STREAM}+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n`;
    expect(outcome(`${listener}+0 getsockopt(3, SOL_SOCKET, SO_ACCEPTCONN, [1], [4]) = 0`)).toBe('passed');
    const datagram = '0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n';
    const asked = `${datagram}+0 getsockopt(3, SOL_SOCKET, SO_PROTOCOL, [IPPROTO_UDP], [4]) = 0`;
    expect(outcome(asked)).toBe('passed');
  });

  it('is closed before anything is asked of it', () => {
    expect(outcome(`${STREAM}+0 %{ assert tcpi_state == TCP_CLOSE }%`)).toBe('passed');
    expect(outcome(`${STREAM}+0 %{ assert tcpi_state == TCP_LISTEN }%`)).toContain(
      'failed: expected tcpi_state',
    );
    expect(outcome('0 `true`\n+0 %{ assert tcpi_state == TCP_CLOSE }%')).toContain(
      'no socket of a connection',
    );
  });
});
