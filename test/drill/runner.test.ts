/** What a script's verdict is, and what it says: passed, failed where and why, or not judged and why not. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import type { Verdict } from '../../src/drill/run/outcome.ts';
import { type DrillRequest, drillScript } from '../../src/drill/run/runner.ts';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';

const MEMORY = new DrillMemory();
const SERVER = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`;

function judge(source: string, request: DrillRequest = {}): Verdict {
  return drillScript('a.pkt', source, { memory: MEMORY, ...request });
}

/** The verdict of a script that goes on behind an accepted connection; its lines begin with 8. */
const accepted = (source: string, request: DrillRequest = {}): Verdict => judge(SERVER + source, request);

describe('passed', () => {
  const data = '+0 < P. 1:3001(3000) ack 1 win 100\n';
  const inquiry = (bytes: number, length: number) =>
    `+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., ${length}}], msg_flags=0, ` +
    `msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=${bytes}}]}, 0) = ${length}\n`;
  const watched =
    '+0 epoll_create(1) = 5\n+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLET, fd=4}) = 0\n';
  const none = '+0 epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0\n';
  const readable = '+0 epoll_wait(5, {events=EPOLLIN, fd=4}, 1, 0) = 1\n';
  const written = watched.replace('EPOLLIN', 'EPOLLOUT');
  const writable = readable.replace('EPOLLIN', 'EPOLLOUT');
  it.each([
    [
      'what still waits, told by recvmsg',
      `+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n${data}${inquiry(2000, 1000)}`,
    ],
    [
      'the end, for which a byte is told',
      `+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n+0 < F. 1:1001(1000) ack 1 win 100\n${inquiry(1, 1000)}`,
    ],
    ['TCP_INQ, which is 0 or 1', '+0 setsockopt(4, SOL_TCP, TCP_INQ, [2], 4) = -1 EINVAL (Invalid)'],
    [
      'more behind what is not read',
      `${watched}${data}${readable}${none}+0 < . 3001:3101(100) ack 1 win 9\n${readable}${none}`,
    ],
    [
      'a FIN behind what is not read',
      `${watched}${data}${readable}${none}+0 < F. 3001:3001(0) ack 1 win 9\n${readable}${none}`,
    ],
    [
      'room after a short send, though nobody looked meanwhile',
      `+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [2304], 4) = 0\n${written}` +
        `${writable}${none}+0 write(4, ..., 90000) = ...\n+.1 < . 1:1(0) ack 10001 win 32792\n+.1 < . 1:1(0) ack 26001 win 32792\n${writable}${none}`,
    ],
    [
      'segments that arrive merged',
      `+0 < . 1:3001(3000) ack 1 win 100\n+0 > . 1:1(0) ack 3001\n+0 %{ assert tcpi_rcv_mss == 3000 }%`,
    ],
    [
      'a packet that is off by less than an eighth of the time since the event before, with a range of times too',
      '+1 < P. 1:11(10) ack 1 win 100\n+0 > . 1:1(0) ack 11\n+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 11\n' +
        '+.28 > P. 1:11(10) ack 11\n+.62~+.63 > P. 1:11(10) ack 11',
    ],
    ['segments taken to be full before one has come', '+0 %{ assert tcpi_rcv_mss == 536, tcpi_rcv_mss }%'],
    [
      'ICMP by all its names',
      '+0 < icmp timestamp_request\n+0 < icmp address_mask_reply\n+0 < icmp type_255 code_7',
    ],
  ])('%s', (_, source) => {
    expect(accepted(source)).toMatchObject({ outcome: 'passed', words: '' });
  });

  it('segments of a size of their own, with --mss', () => {
    const source = `--mss=1000\n${SERVER}+0 < . 1:3001(3000) ack 1 win 100\n+0 > . 1:1(0) ack 3001\n`;
    expect(judge(`${source}+0 %{ assert tcpi_rcv_mss == 1000, tcpi_rcv_mss }%`)).toMatchObject({
      outcome: 'passed',
    });
  });
});

describe('failed, where and why', () => {
  it.each([
    ['+0 read(4, ..., 10) = 10', 8, 'read: expected 10, and it blocks (-1 EAGAIN)'],
    ['+0 close(4) = 1', 8, 'close: expected 1, got 0'],
    ['+0 read(9, ..., 10) = 10', 8, 'read: expected 10, got -1 EBADF'],
    ['+0 close(9) = -1 EINVAL (Invalid)', 8, 'close: expected -1 EINVAL, got -1 EBADF'],
    ['+0...0.1 read(4, ..., 10) = 10', 8, 'read: expected to return at 0.200000, and it still waits'],
    [
      '+0...0.2 read(4, ..., 10) = 10\n+.1 < P. 1:11(10) ack 1 win 100',
      8,
      'read: expected to return at 0.300000, and it returned at 0.200000',
    ],
    ['+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [4]) = 0', 8, 'getsockopt: expected [1], got [0]'],
    ['+0 ioctl(4, SIOCINQ, [5]) = 0', 8, 'ioctl: expected [5], got [0]'],
    [
      '+0 poll([{fd=4, events=POLLOUT, revents=POLLIN}], 1, 0) = 1',
      8,
      'poll: revents: expected POLLIN, got POLLOUT',
    ],
    ['+0 %{\n\nassert tcpi_snd_cwnd == 3 }%', 10, 'expected tcpi_snd_cwnd == 3, but tcpi_snd_cwnd is 10'],
    ['+0 > . 1:1(0) ack 1', 8, 'expected a packet at 0.100000, and none left'],
    ['0.05 close(4) = 0', 8, 'expected to happen at 0.050000, and it is 0.100000 already'],
    [
      '+0 write(4, ..., 10) = 10\n+.5 < . 1:1(0) ack 1 win 100\n+0 > P. 1:11(10) ack 1',
      10,
      'outbound packet: expected at 0.600000, and it left at 0.100000',
    ],
    // How far it may be off is reckoned from the event before, and not from the one before that.
    [
      '+1 < P. 1:11(10) ack 1 win 100\n+.02 > . 1:1(0) ack 11',
      9,
      'outbound packet: expected at 1.120000, and it left at 1.100000',
    ],
    ['+0 write(4, ..., 10) = 10\n+0 > P. 1:21(20) ack 1', 9, 'outbound packet: payload: expected 20, got 10'],
  ])('%j', (source, line, words) => {
    const verdict = accepted(source);
    expect([verdict.outcome, verdict.place?.line, verdict.words]).toEqual(['failed', line, words]);
  });

  it('with both packets', () => {
    expect(accepted('+0 write(4, ..., 10) = 10\n+0 > P. 2:12(10) ack 1 win 5').details).toEqual([
      'script packet: 0.100000 P. 2:12(10) ack 1 win 5',
      'actual packet: 0.100000 P. 1:11(10) ack 1 win 65535',
    ]);
  });

  it('with the packet that came too late', () => {
    const verdict = accepted('+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n+.1 > P. 1:11(10) ack 1');
    expect(verdict.details).toEqual([
      'script packet: 0.200000 P. 1:11(10) ack 1',
      'next packet:   0.400000 P. 1:11(10) ack 1 win 65535',
    ]);
  });
});

describe('not judged, and why not', () => {
  it.each([
    ['--ip_version=ipv6\n0 `true`', 1, 'IPv6'],
    ['--local_ip=fd00::1\n0 < ipv6 :: > ::: . 1:1(0)', 1, 'IPv6'],
    ['0 socket(AF_INET6, SOCK_STREAM, 0) = 3', 1, 'IPv6'],
    ['0 `sysctl -q net.ipv4.tcp_abort_on_overflow=1`', 1, /asks for a reset where a backlog is full/],
    ['0 `sysctl -q net.ipv4.tcp_ecn=3`', 1, 'net.ipv4.tcp_ecn=3: expected 0 to 2, got 3'],
    ['0 `sysctl net.ipv4.tcp_nonsense=1`', 1, 'there is no setting net.ipv4.tcp_nonsense here'],
    ['0 `sysctl -q net.ipv4.tcp_congestion_control=bbr`', 1, /tcp_congestion_control=bbr asks for/],
    [
      '0 `echo 3 > /sys/module/tcp_cubic/parameters/hystart_detect`',
      1,
      /hystart_detect=3 asks for Linux's own HyStart/,
    ],
    ['0 `echo 512 > /sys/module/tcp_cubic/parameters/beta`', 1, /asks for another share/],
    ['0 `ss -t | grep ESTAB`', 1, 'the command ss -t | grep ESTAB'],
    ['0 `ip route replace default initcwnd 2000`', 1, 'an initial window of 2000 segments'],
    ['0 frobnicate(3) = 0', 1, 'the system call frobnicate'],
    ['0 socket(..., SOCK_RAW, 0) = 3', 1, 'raw sockets'],
    ['0 socket(..., SOCK_STREAM, 0) = 3\n0 setsockopt(3, SOL_TCP, TCP_MD5SIG, [1], 4) = 0', 2, /TCP_MD5SIG/],
    ['0 socket(..., SOCK_STREAM, 0) = 3\n0 send(3, ..., 1, MSG_FASTOPEN) = 1', 2, /the flags MSG_FASTOPEN/],
    ['0 %{ import sys }%', 1, /the code at "import"/],
    ['--frobnicate=1\n0 `true`', 1, 'the option --frobnicate'],
  ])('%j', (source, line, words) => {
    const verdict = judge(source);
    expect([verdict.outcome, verdict.place?.line]).toEqual(['not judged', line]);
    expect(verdict.words).toMatch(words);
    expect(verdict.words).toMatch(/: not served here$/);
  });

  it('asks TCP_INFO for what it does not tell', () => {
    const { outcome, words } = accepted('+0 %{ assert tcpi_pacing_rate == 0 }%');
    expect([outcome, words]).toEqual([
      'not judged',
      'tcpi_pacing_rate, which TCP_INFO does not tell here: not served here',
    ]);
  });
});

describe('shell lines', () => {
  it.each([
    ['`sysctl -q net.ipv4.tcp_sack=0`', '<mss 1460,nop,nop,TS val 1 ecr 0,nop,wscale 8>'],
    ['`echo 0 > /proc/sys/net/ipv4/tcp_timestamps`', '<mss 1460,nop,nop,sackOK,nop,wscale 8>'],
    [
      '`./set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0 /proc/sys/net/ipv4/tcp_sack=0`',
      '<mss 1460,nop,wscale 8>',
    ],
    ['`sysctl -w net.inet.tcp.rfc1323=0`', '<mss 1460,nop,nop,sackOK>'],
    ['`sysctl -q net.ipv4.tcp_rmem="4096 65536 65536"`', '<mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 1>'],
    ['`ifconfig tun0 mtu 1300 > /dev/null 2>&1`', '<mss 1260,sackOK,TS val 1 ecr 0,nop,wscale 8>'],
    [
      '`../../common/defaults.sh; sysctl -q net.ipv4.tcp_sack=0`',
      '<mss 1460,nop,nop,TS val 1 ecr 0,nop,wscale 8>',
    ],
  ])('%s', (command, options) => {
    const source = `${command}
0 socket(..., SOCK_STREAM, 0) = 3
0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
0 connect(3, ..., ...) = -1 EINPROGRESS
0 > S 0:0(0) ${options}`;
    expect(judge(source)).toMatchObject({ outcome: 'passed', words: '' });
  });

  it('are skipped with a word where they prepare a machine', () => {
    expect(judge('`tc qdisc add dev tun0 root pfifo`\n0 `ethtool -K tun0 tso off`').notes).toEqual([
      'skipped tc qdisc add dev tun0 root pfifo: there are no queues',
      'skipped ethtool -K tun0 tso off: the device cuts and sums nothing',
    ]);
  });
});

describe('a device that is told to cut nothing', () => {
  const written = `+0 write(4, ..., 2500) = 2500
+0 > . 1:1001(1000) ack 1
+0 > P. 1001:2001(1000) ack 1
+0 > P. 2001:2501(500) ack 1
`;

  it('leaves PSH of full segments to the host, and of no others', () => {
    expect(accepted(written).words).toBe('outbound packet: flags: expected P., got .');
    const off = '+0 `ethtool -K tun0 tso off gso off`\n';
    expect(accepted(off + written).outcome).toBe('passed');
    expect(accepted(`+0 \`ethtool -K tun0 tso on\`\n${written}`).outcome).toBe('failed');
    expect(accepted(off + written.replace('P. 2001', '. 2001')).words).toBe(
      'outbound packet: flags: expected ., got P.',
    );
  });
});

it('sees a byte in the wrong place', () => {
  // What the peer sends again is other than it was: the script’s bytes say where they belong.
  expect(
    accepted('+0 < P. 1:11(10) ack 1 win 100\n+0 > . 1:1(0) ack 11\n+0 read(4, ..., 10) = 10').outcome,
  ).toBe('passed');
});

it('knows several connections by their ports', () => {
  const verdict = judge(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
0 bind(3, ..., ...) = 0
0 listen(3, 5) = 0
0 < 1001>8080 S 5:5(0) win 1000 <mss 1000>
0 > 8080>1001 S. 0:0(0) ack 6 <mss 1460>
0 < 1002>8080 S 9:9(0) win 1000 <mss 1000>
0 > 8080>1002 S. 0:0(0) ack 10 <mss 1460>
.1 < 1001>8080 . 1:1(0) ack 1 win 1000
.1 < 1002>8080 . 1:1(0) ack 1 win 1000
.1 accept(3, ..., ...) = 4
.1 accept(3, ..., ...) = 5
.1 write(5, ..., 20) = 20
.1 write(4, ..., 10) = 10
.1 > 8080>1001 P. 1:11(10) ack 1
.1 > 8080>1002 P. 1:21(20) ack 1`);
  expect(verdict).toMatchObject({ outcome: 'passed', words: '' });
});

it('is the same each time', () => {
  const source = `${SERVER}+0 write(4, ..., 5000) = 5000\n+0 > P. 1:5001(5000) ack 1`;
  expect(judge(source)).toEqual(judge(source));
});

it('exits with what became of them', { timeout: 60_000 }, async () => {
  const folder = testFolder();
  mkdirSync(join(folder, 'all'));
  const scripts = {
    'passed.pkt': SERVER,
    'failed.pkt': `${SERVER}+0 close(4) = 1\n`,
    'beyond.pkt': '--ip_version=ipv6\n0 `true`\n',
    'other.pkt': 'hello\n',
  };
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, 'all', name), text);
  const drill = (...args: string[]) => runNode(folder, [MAIN, 'drill', ...args]);
  const [all, three, two, one, json] = await Promise.all([
    drill('all'),
    drill('all/passed.pkt', 'all/beyond.pkt', 'all/other.pkt'),
    drill('all/passed.pkt', 'all/beyond.pkt'),
    drill('all/passed.pkt'),
    drill('--json', 'all'),
  ]);
  expect([all, three, two, one, json].map(({ code }) => code)).toEqual([1, 2, 3, 0, 1]);
  expect(all.stdout).toBe(
    [
      'all/beyond.pkt:1: not judged: IPv6: not served here (0 of 0 events, 0.000000 s)',
      'all/failed.pkt:8: failed: close: expected 1, got 0 (7 of 8 events, 0.100000 s)',
      'all/passed.pkt: passed, 7 events, 0.100000 s',
      '4 scripts: 1 passed, 1 failed, 1 not judged, 1 no script',
      '',
    ].join('\n'),
  );
  expect(all.stderr).toMatch(/^inic: all\/other\.pkt:1: no script: expected a time .*, got "hello"\n$/);
  expect(JSON.parse(json.stdout).map(({ outcome }: Verdict) => outcome)).toEqual([
    'not judged',
    'failed',
    'no script',
    'passed',
  ]);
});
