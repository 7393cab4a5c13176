/** What a script is told beside bytes: the error queue of a socket, TCP_INQ, and bytes from files and pipes. */
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { drillScript } from '../../src/drill/run/runner.ts';

const MEMORY = new DrillMemory();

/** A connection as descriptor 4; what follows begins with line 9. */
const server = (before = ''): string => `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0 ${before}
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 32792
+0 accept(3, ..., ...) = 4
`;
const ZERO_COPY = '\n+0 setsockopt(3, SOL_SOCKET, SO_ZEROCOPY, [1], 4) = 0';
const STAMPS = `+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING, [SOF_TIMESTAMPING_TX_SCHED |
  SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID], 4) = 0
`;

const lentRecord = (
  first: number,
  last: number,
): string => `+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 0}],
  msg_flags=MSG_ERRQUEUE, msg_control=[{cmsg_level=CMSG_LEVEL_IP, cmsg_type=CMSG_TYPE_RECVERR,
  cmsg_data={ee_errno=0, ee_origin=SO_EE_ORIGIN_ZEROCOPY, ee_type=0, ee_code=SO_EE_CODE_ZEROCOPY_COPIED,
  ee_info=${first}, ee_data=${last}}}]}, MSG_ERRQUEUE) = 0
`;

const stampRecord = (what: string, ms: number, key: number): string => `+0 recvmsg(4, {msg_name(...)=...,
  msg_iov(1)=[{..., 0}], msg_flags=MSG_ERRQUEUE|MSG_TRUNC, msg_control=[{cmsg_level=SOL_SOCKET,
  cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=0, scm_nsec=${ms * 1_000_000}}}, {cmsg_level=SOL_IP,
  cmsg_type=IP_RECVERR, cmsg_data={ee_errno=ENOMSG, ee_origin=SO_EE_ORIGIN_TIMESTAMPING, ee_type=0, ee_code=0,
  ee_info=${what}, ee_data=${key}}}]}, MSG_ERRQUEUE) = 0
`;

const NOTHING = `+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 0}], msg_flags=MSG_ERRQUEUE, msg_control=[]},
  MSG_ERRQUEUE) = -1 EAGAIN (nothing)
`;

function outcome(script: string): string {
  const { outcome: name, place, words } = drillScript('a.pkt', script, { memory: MEMORY });
  return name === 'passed' ? name : `${place?.line} ${name}: ${words}`;
}

describe('MSG_ZEROCOPY', () => {
  const send = '+0 send(4, ..., 1000, MSG_ZEROCOPY) = 1000\n';

  it('tells of a send when all of it is acknowledged, and of several in one record', () => {
    const partly = '+.01 < . 1:1(0) ack 1001 win 32792\n';
    const rest = '+.01 < . 1:1(0) ack 3001 win 32792\n';
    const script = server(ZERO_COPY) + send + send + send + NOTHING;
    expect(outcome(script + partly + lentRecord(0, 0) + NOTHING + rest + lentRecord(1, 2) + NOTHING)).toBe(
      'passed',
    );
    expect(outcome(script + partly + lentRecord(0, 1))).toContain('ee_data: expected 1, got 0');
    const half = '+.01 < . 1:1(0) ack 1000 win 32792\n';
    expect(outcome(script + half + NOTHING)).toBe('passed');
  });

  it('tells nothing where SO_ZEROCOPY is not set, or nothing was sent', () => {
    const acked = '+.01 < . 1:1(0) ack 1001 win 32792\n';
    expect(outcome(server() + send + acked + NOTHING)).toBe('passed');
    const empty = `+0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 0}], msg_flags=0}, MSG_ZEROCOPY) = 0\n`;
    expect(outcome(server(ZERO_COPY) + empty + send + acked + lentRecord(0, 0) + NOTHING)).toBe('passed');
  });

  it('is an edge of its own for epoll, and told once by EPOLLONESHOT', () => {
    const acked = (end: number): string => `+0 < . 1:1(0) ack ${end} win 32792\n`;
    const watch = (events: string): string => `+0 epoll_create(1) = 5
+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=${events}, fd=4}) = 0
`;
    const told = '+0 epoll_wait(5, {events=EPOLLERR|EPOLLOUT, fd=4}, 1, 0) = 1\n';
    const none = '+0 epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0\n';
    const edge = server(ZERO_COPY) + watch('EPOLLOUT|EPOLLET') + send + acked(1001) + told + none;
    expect(outcome(edge + send + acked(2001) + told + none)).toBe('passed');
    const once = server(ZERO_COPY) + watch('EPOLLOUT|EPOLLONESHOT') + send + acked(1001) + told + none;
    expect(outcome(once + send + acked(2001) + none)).toBe('passed');
  });

  it('is not judged where Linux cuts by pieces', () => {
    const pieces = Array.from({ length: 18 }, () => '{..., 1}').join(', ');
    const many = `+0 sendmsg(4, {msg_name(...)=..., msg_iov(18)=[${pieces}], msg_flags=0}, MSG_ZEROCOPY) = 18\n`;
    expect(outcome(server(ZERO_COPY) + many)).toContain('not judged: MSG_ZEROCOPY of more than 17 pieces');
  });
});

describe('SO_TIMESTAMPING', () => {
  it('tells when the last byte of a send left and was acknowledged', () => {
    const script = `${server()}${STAMPS}+0 write(4, ..., 2500) = 2500
+.02 < . 1:1(0) ack 2001 win 32792
${stampRecord('SCM_TSTAMP_SCHED', 100, 2499)}${stampRecord('SCM_TSTAMP_SND', 100, 2499)}${NOTHING}+.01 < . 1:1(0) ack 2501 win 32792
${stampRecord('SCM_TSTAMP_ACK', 130, 2499)}${NOTHING}`;
    expect(outcome(script)).toBe('passed');
    expect(outcome(script.replace('130000000', '140000000'))).toContain(
      'time in us: expected 140000, got 130000',
    );
    expect(outcome(script.replace('ee_data=2499', 'ee_data=2500'))).toContain('expected 2500, got 2499');
    expect(outcome(script.replace('SOF_TIMESTAMPING_TX_ACK | ', ''))).toContain('expected 0, got -1 EAGAIN');
  });

  it('of what is received is not judged', () => {
    const words = 'not judged: SO_TIMESTAMPING SOF_TIMESTAMPING_RX_SOFTWARE: not served here';
    const set = '+0 setsockopt(4, SOL_SOCKET, SO_TIMESTAMPING, [SOF_TIMESTAMPING_RX_SOFTWARE], 4) = 0';
    expect(outcome(server() + set)).toContain(words);
  });
});

it('TCP_INQ tells what waits, and an end as one byte', () => {
  const inq = (length: number, waits: number): string => `+0 recvmsg(4, {msg_name(...)=...,
    msg_iov(1)=[{..., ${length}}], msg_flags=0, msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ,
    cmsg_data=${waits}}]}, 0) = ${length}
`;
  const script = `${server()}+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0
+0 < F. 1:1001(1000) ack 1 win 32792
+0 > . 1:1(0) ack 1002
`;
  expect(outcome(script + inq(400, 601) + inq(600, 1))).toBe('passed');
  expect(outcome(script + inq(400, 600))).toContain('cmsg_data: expected 600, got 601');
});

it('memory that is not there takes and gives nothing', () => {
  const script = `${server()}+0 write(4, NULL, 10) = -1 EFAULT (Bad address)
+0 writev(4, [{..., 10}, {NULL, 10}], 2) = 10
+0 > P. 1:11(10) ack 1
+0 < . 1:11(10) ack 11 win 32792
+0 read(4, NULL, 10) = -1 EFAULT (Bad address)
+0 recv(4, NULL, 10, MSG_DONTWAIT) = -1 EFAULT (Bad address)
+0 read(4, ..., 10) = 10
+0 recv(4, NULL, 10, MSG_DONTWAIT) = -1 EAGAIN (nothing)
`;
  expect(outcome(script)).toBe('passed');
});

describe('files and pipes', () => {
  it('sendfile sends what a file holds, from where it is read', () => {
    const made = '`dd if=/dev/zero of=/tmp/a bs=1k count=2 status=none`\n';
    const script = `${made}${server()}+0 open("/tmp/a", O_RDONLY) = 5
+0 sendfile(4, 5, [0], 500) = 500
+0 > P. 1:501(500) ack 1
+.01 < . 1:1(0) ack 501 win 32792
+0 sendfile(4, 5, [1900], 500) = 148
+0 > P. 501:649(148) ack 1
+.01 < . 1:1(0) ack 649 win 32792
+0 sendfile(4, 5, NULL, 3000) = 2048
+0 > P. 649:2697(2048) ack 1
+0 sendfile(4, 5, NULL, 10) = 0
`;
    expect(outcome(script)).toBe('passed');
    expect(outcome(script.replace('dd if', 'rm -f /tmp/b; dd if'))).toBe('passed');
    expect(outcome(script.replace('open("/tmp/a"', 'open("/tmp/b"'))).toContain(
      'not judged: the file /tmp/b',
    );
  });

  it('splice moves bytes from a socket into a pipe and out again', () => {
    const script = `${server()}+0 pipe([5, 6]) = 0
+0 < P. 1:101(100) ack 1 win 32792
+0 > . 1:1(0) ack 101
+0 splice(4, NULL, 6, NULL, 60, 0) = 60
+0 splice(4, NULL, 6, NULL, 60, SPLICE_F_NONBLOCK) = 40
+0 splice(4, NULL, 6, NULL, 60, SPLICE_F_NONBLOCK) = -1 EAGAIN (nothing)
+0 splice(5, NULL, 4, NULL, 100, 0) = 100
+0 > P. 1:101(100) ack 101
+0 close(5) = 0
`;
    expect(outcome(script)).toBe('passed');
    expect(outcome(script.replace('60, 0) = 60', '60, 0) = 50'))).toContain('splice: expected 50, got 60');
  });
});

it.each([
  ['tc qdisc del dev tun0 root', 'passed'],
  ['tc qdisc replace dev tun0 root pfifo', 'passed'],
  ['tc qdisc replace dev tun0 root fq', 'not judged'],
  ['tc qdisc add dev tun0 root pfifo limit 0', 'not judged'],
])('the queue of "%s" is %s', (command, name) => {
  expect(outcome(`\`${command}\`\n${server()}`)).toContain(name);
});

it('a connect chooses from the ports of its socket, and its SYN is of it', () => {
  const connect = `socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_IP, IP_LOCAL_PORT_RANGE, [0xdeaddead], 4) = 0
`;
  const begins = `+0 connect(3, ..., ...) = -1 EINPROGRESS (in progress)
+0 > S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 8>
+0 < S. 0:0(0) ack 1 win 1000 <mss 1000,sackOK,TS val 1 ecr 100>
+0 > 57005 > 8080 . 1:1(0) ack 1 <...>
`;
  const ends = `+0 close(3) = 0
+0 > F. 1:1(0) ack 1 <...>
+0 < F. 1:1(0) ack 2 win 1000 <nop,nop,TS val 2 ecr 100>
+0 > . 2:2(0) ack 2 <...>
`;
  const busy = '+.5 connect(3, ..., ...) = -1 EADDRNOTAVAIL (all are in use)\n';
  expect(outcome(`0 ${connect}${begins}${ends}+0 ${connect}${busy}+.6 ${begins.slice(3)}`)).toBe('passed');
});
