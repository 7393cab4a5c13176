/** The kernel's TCP_INFO, by the layout of struct tcp_info (include/uapi/linux/tcp.h). */
import type { TcpInfo } from '../socket/tcp-info.ts';

/** Bytes of the record that holds all fields below; an older kernel fills in fewer. */
export const KERNEL_INFO_BYTES = 248;

/** Where each field begins, and how many bytes it has. */
const PLACES = {
  state: [0, 1],
  ca_state: [1, 1],
  retransmits: [2, 1],
  probes: [3, 1],
  backoff: [4, 1],
  options: [5, 1],
  rto: [8, 4],
  ato: [12, 4],
  snd_mss: [16, 4],
  rcv_mss: [20, 4],
  unacked: [24, 4],
  sacked: [28, 4],
  lost: [32, 4],
  retrans: [36, 4],
  last_data_sent: [44, 4],
  last_data_recv: [52, 4],
  last_ack_recv: [56, 4],
  pmtu: [60, 4],
  rcv_ssthresh: [64, 4],
  rtt: [68, 4],
  rttvar: [72, 4],
  snd_ssthresh: [76, 4],
  snd_cwnd: [80, 4],
  advmss: [84, 4],
  reordering: [88, 4],
  rcv_rtt: [92, 4],
  total_retrans: [100, 4],
  bytes_acked: [120, 8],
  bytes_received: [128, 8],
  segs_out: [136, 4],
  segs_in: [140, 4],
  notsent_bytes: [144, 4],
  min_rtt: [148, 4],
  data_segs_in: [152, 4],
  data_segs_out: [156, 4],
  busy_time: [168, 8],
  rwnd_limited: [176, 8],
  sndbuf_limited: [184, 8],
  delivered: [192, 4],
  delivered_ce: [196, 4],
  bytes_sent: [200, 8],
  bytes_retrans: [208, 8],
  reord_seen: [220, 4],
  rcv_ooopack: [224, 4],
  snd_wnd: [228, 4],
  rcv_wnd: [232, 4],
  total_rto: [240, 2],
  total_rto_recoveries: [242, 2],
  total_rto_time: [244, 4],
} as const;

/** The byte with both shifts: the peer's in its lower half (gcc fills bit fields from the lowest bit). */
const SCALES_BYTE = 6;

type Placed = keyof typeof PLACES;

/**
 * @param bytes KERNEL_INFO_BYTES of them, as getsockopt has filled them in, 0 where it has not.
 * @param outqBytes what SIOCOUTQ answers.
 */
export function kernelInfo(bytes: Uint8Array, outqBytes: number): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = ([at, size]: readonly [number, number]): number => {
    if (size === 8) return Number(view.getBigUint64(at, true));
    if (size === 4) return view.getUint32(at, true);
    return size === 2 ? view.getUint16(at, true) : view.getUint8(at);
  };
  const names = Object.keys(PLACES) as Placed[];
  const placed = Object.fromEntries(names.map((name) => [name, read(PLACES[name])])) as Record<
    Placed,
    number
  >;
  const scales = bytes[SCALES_BYTE];
  return { ...placed, snd_wscale: scales & 0xf, rcv_wscale: scales >> 4, outq_bytes: outqBytes };
}
