/**
 * How a datagram becomes packets: what IP_MTU_DISCOVER lets go and in which size, its checksum, and its words.
 * Captured from Linux 6.18: a row of `test/tcpip/udp-path.test.ts` for each value.
 */
import { assert } from '../../assert/assert.ts';
import {
  MTU_DISCOVER_DO,
  MTU_DISCOVER_INTERFACE,
  MTU_DISCOVER_OMIT,
  MTU_DISCOVER_PROBE,
} from '../../socket/options.ts';
import { TX_CHECKSUM } from '../contract.ts';
import { addressSum, fold, IPV4_BYTES, PROTOCOL_UDP } from '../header/ipv4.ts';
import { UDP_BYTES } from '../header/udp.ts';
import type { DatagramSender } from '../ipv4/datagram.ts';
import { isRouteLocked, mtuOfPath, type Paths, staysWhole } from '../path-limits.ts';
import type { UdpSends } from './sends.ts';

/**
 * Whether a datagram is longer than the one packet that it must be. @param port by which it leaves.
 * @param length of its payload.
 */
export function isTooLong(
  paths: Paths,
  discover: number,
  remote: number,
  port: number,
  length: number,
): boolean {
  assert(length >= 0, 'UDP: a datagram has no negative length');
  const bytes = IPV4_BYTES + UDP_BYTES + length;
  if (discover === MTU_DISCOVER_DO) return bytes > mtuOfPath(paths, remote, port);
  const isOne = discover === MTU_DISCOVER_PROBE || discover === MTU_DISCOVER_INTERFACE;
  return isOne && bytes > paths.environment.mtus[port];
}

/** Whether a router's word that a path carries `mtu` is news that the socket of its cause lets in. */
export function isNarrower(
  paths: Paths,
  discover: number,
  remote: number,
  port: number,
  mtu: number,
): boolean {
  if (discover === MTU_DISCOVER_INTERFACE || discover === MTU_DISCOVER_OMIT) return false;
  return !isRouteLocked(paths, remote) && mtu <= mtuOfPath(paths, remote, port);
}

/** Sends the datagram of an entry, or what of it has not been sent. @returns as `DatagramSender.send`. */
export function sendDatagram(
  paths: Paths,
  sender: DatagramSender,
  sends: UdpSends,
  entry: number,
  neighbour: number,
): number {
  const local = sends.local[entry];
  const remote = sends.remote[entry];
  const discover = sends.discover[entry];
  if (!sender.isUnderWay) {
    assert(discover <= MTU_DISCOVER_OMIT, "UDP: what is done about a path's MTU is one of Linux's ways");
    // One that must be whole has been held against the path; it goes so even if that has narrowed since.
    const isAsked = discover < MTU_DISCOVER_DO;
    sender.routeMtu = isAsked ? mtuOfPath(paths, remote, sends.port[entry]) : 0;
    sender.dontFragment = staysWhole(paths, discover, remote);
    sender.clear();
    for (let piece = entry; piece >= 0; piece = sends.piece[piece]) {
      sender.add(sends.payload[piece], sends.length[piece]);
    }
  }
  const total = UDP_BYTES + sender.payloadBytes;
  const pseudo = fold(addressSum(local) + addressSum(remote) + PROTOCOL_UDP + total);
  const ports = sends.ports[entry];
  const offload = sender.port.transmitChecksum && sender.isWhole;
  let checksum = pseudo;
  // RFC 768: a sender need not make one, where nobody who could read the payload is to.
  if (!offload && sender.port.hidesPayload === true) checksum = 0;
  else if (!offload) {
    const sum = fold(pseudo + addressSum(ports) + total);
    checksum = ~sender.sum(sum) & 0xffff;
    // RFC 768: a sum of 0 is sent as all ones, since 0 says that there is none.
    if (checksum === 0) checksum = 0xffff;
  }
  const word1 = (total << 16) | checksum;
  sender.service = sends.service[entry];
  return sender.send(neighbour, local, remote, PROTOCOL_UDP, ports, word1, offload ? TX_CHECKSUM : 0);
}
