/** The names that scripts use for numbers, with Linux's values (public headers of the C library). */
import type { Expression } from '../script/ast.ts';
import { expressionText } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';

const NUMBERS: Readonly<Record<string, number>> = {
  AF_INET: 2,
  PF_INET: 2,
  AF_UNSPEC: 0,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  IPPROTO_IP: 0,
  IPPROTO_ICMP: 1,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  SOL_IP: 0,
  SOL_SOCKET: 1,
  SOL_TCP: 6,
  CMSG_LEVEL_IP: 0,
  IP_RECVERR: 11,
  CMSG_TYPE_RECVERR: 11,
  TCP_INQ: 36,
  TCP_CM_INQ: 36,
  SCM_TIMESTAMPING: 37,
  SCM_TSTAMP_SND: 0,
  SCM_TSTAMP_SCHED: 1,
  SCM_TSTAMP_ACK: 2,
  SOF_TIMESTAMPING_TX_HARDWARE: 1,
  SOF_TIMESTAMPING_TX_SOFTWARE: 2,
  SOF_TIMESTAMPING_RX_HARDWARE: 4,
  SOF_TIMESTAMPING_RX_SOFTWARE: 8,
  SOF_TIMESTAMPING_SOFTWARE: 0x10,
  SOF_TIMESTAMPING_SYS_HARDWARE: 0x20,
  SOF_TIMESTAMPING_RAW_HARDWARE: 0x40,
  SOF_TIMESTAMPING_OPT_ID: 0x80,
  SOF_TIMESTAMPING_TX_SCHED: 0x100,
  SOF_TIMESTAMPING_TX_ACK: 0x200,
  SOF_TIMESTAMPING_OPT_CMSG: 0x400,
  SOF_TIMESTAMPING_OPT_TSONLY: 0x800,
  SOF_TIMESTAMPING_OPT_ID_TCP: 0x10000,
  SO_EE_ORIGIN_NONE: 0,
  SO_EE_ORIGIN_LOCAL: 1,
  SO_EE_ORIGIN_ICMP: 2,
  SO_EE_ORIGIN_TIMESTAMPING: 4,
  SO_EE_ORIGIN_ZEROCOPY: 5,
  SO_EE_CODE_ZEROCOPY_COPIED: 1,
  SPLICE_F_MOVE: 1,
  SPLICE_F_NONBLOCK: 2,
  SPLICE_F_MORE: 4,
  IPPROTO_UDPLITE: 136,
  IPPROTO_SCTP: 132,
  IPTOS_LOWDELAY: 0x10,
  IPTOS_THROUGHPUT: 8,
  IPTOS_RELIABILITY: 4,
  IPTOS_MINCOST: 2,
  IPTOS_ECN_NOT_ECT: 0,
  IPTOS_ECN_NOTECT: 0,
  IPTOS_ECN_ECT1: 1,
  IPTOS_ECN_ECT0: 2,
  IPTOS_ECN_CE: 3,
  IPTOS_DSCP_EF: 0xb8,
  IPTOS_DSCP_VA: 0xb0,
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  FD_CLOEXEC: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NONBLOCK: 0o4000,
  MSG_OOB: 1,
  MSG_PEEK: 2,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_WAITALL: 0x100,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_CONFIRM: 0x800,
  MSG_ERRQUEUE: 0x2000,
  MSG_CMSG_CLOEXEC: 0x40000000,
  MSG_ZEROCOPY: 0x4000000,
  MSG_FASTOPEN: 0x20000000,
  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLWRNORM: 0x100,
  POLLRDHUP: 0x2000,
  EPOLLIN: 1,
  EPOLLPRI: 2,
  EPOLLOUT: 4,
  EPOLLERR: 8,
  EPOLLHUP: 0x10,
  EPOLLRDNORM: 0x40,
  EPOLLWRNORM: 0x100,
  EPOLLRDHUP: 0x2000,
  EPOLLEXCLUSIVE: 0x10000000,
  EPOLLWAKEUP: 0x20000000,
  EPOLLONESHOT: 0x40000000,
  EPOLLET: 0x80000000,
  EPOLL_CTL_ADD: 1,
  EPOLL_CTL_DEL: 2,
  EPOLL_CTL_MOD: 3,
  EPOLL_CLOEXEC: 0o2000000,
  FIONREAD: 0x541b,
  SIOCINQ: 0x541b,
  SIOCATMARK: 0x8905,
  SIOCOUTQ: 0x5411,
  SIOCOUTQNSD: 0x894b,
  IP_PMTUDISC_DONT: 0,
  IP_PMTUDISC_WANT: 1,
  IP_PMTUDISC_DO: 2,
  IP_PMTUDISC_PROBE: 3,
  INADDR_ANY: 0,
  TCP_ESTABLISHED: 1,
  TCP_SYN_SENT: 2,
  TCP_SYN_RECV: 3,
  TCP_FIN_WAIT1: 4,
  TCP_FIN_WAIT2: 5,
  TCP_TIME_WAIT: 6,
  TCP_CLOSE: 7,
  TCP_CLOSE_WAIT: 8,
  TCP_LAST_ACK: 9,
  TCP_LISTEN: 10,
  TCP_CLOSING: 11,
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCP_CA_OPEN: 0,
  TCP_CA_DISORDER: 1,
  TCP_CA_RECOVERY: 3,
  TCP_CA_LOSS: 4,
  TCP_INFINITE_SSTHRESH: 0x7fff_ffff,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  TCPI_OPT_SYN_DATA: 32,
  // The states by the names that scripts for FreeBSD have, with the numbers that tcpi_state has here.
  TCPI_ESTABLISHED: 1,
  TCPI_SYN_SENT: 2,
  TCPI_SYN_RECEIVED: 3,
  TCPI_FIN_WAIT_1: 4,
  TCPI_FIN_WAIT_2: 5,
  TCPI_TIME_WAIT: 6,
  TCPI_CLOSED: 7,
  TCPI_CLOSE_WAIT: 8,
  TCPI_LAST_ACK: 9,
  TCPI_LISTEN: 10,
  TCPI_CLOSING: 11,
};

/** Code points of RFC 2474, RFC 2597 as octets: CS0 to CS7, AF11 to AF43. */
const CODE_POINT = /^IPTOS_DSCP_(?:CS([0-7])|AF([1-4])([1-3]))$/;

/** @returns undefined for a name that stands for no number here. */
export function constant(name: string): number | undefined {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name];
  const [, selector, group, drop] = CODE_POINT.exec(name) ?? [];
  if (selector !== undefined) return Number(selector) << 5;
  return group === undefined ? undefined : (Number(group) << 5) | (Number(drop) << 3);
}

/**
 * A number, a name, several joined by `|`, or one of them in brackets.
 * @throws NotJudged for an unknown name.
 */
export function numberOf(expression: Expression): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'word': {
      const value = constant(expression.text);
      if (value === undefined) throw new NotJudged(expression.place, `the constant ${expression.text}`);
      return value;
    }
    case 'or':
      return expression.terms.reduce((sum, term) => Number(BigInt(sum) | BigInt(numberOf(term))), 0);
    case 'list':
      if (expression.items.length === 1) return numberOf(expression.items[0]);
      break;
    case 'call':
      if (expression.name === 'htons' && expression.args.length === 1) return numberOf(expression.args[0]);
      break;
    default:
      break;
  }
  throw new NotJudged(expression.place, `${expressionText(expression)} where a number is expected`);
}
