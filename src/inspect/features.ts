/** What a described card does, under the names by which ethtool shows a device's features. */
import { nicCount } from '../world/config/port-nics.ts';
import type { CardTopology } from '../world/topology/checked.ts';

export interface Feature {
  /** As `ethtool -k` names it today. */
  readonly name: string;
  /** As it did in the days of Linux 2.6; absent: it did not show it. */
  readonly older?: string;
  readonly on: boolean;
  /** Whether no setting changes it. */
  readonly fixed: boolean;
}

/** Of the device below the card's stack, or below a host's that runs TCP/IP itself. */
export function featuresOf({ config }: CardTopology): Feature[] {
  const { tcpSegmentationOffload } = config;
  const checksumOffload = config.checksumOffload === true;
  const off = (name: string, older?: string): Feature => ({
    name,
    on: false,
    fixed: true,
    ...(older === undefined ? {} : { older }),
  });
  return [
    { name: 'rx-checksumming', older: 'rx-checksumming', on: checksumOffload, fixed: false },
    { name: 'tx-checksumming', older: 'tx-checksumming', on: checksumOffload, fixed: false },
    { name: 'scatter-gather', older: 'scatter-gather', on: true, fixed: true },
    {
      name: 'tcp-segmentation-offload',
      older: 'tcp segmentation offload',
      on: tcpSegmentationOffload,
      fixed: false,
    },
    off('udp-fragmentation-offload', 'udp fragmentation offload'),
    off('generic-segmentation-offload', 'generic segmentation offload'),
    off('generic-receive-offload', 'generic receive offload'),
    off('large-receive-offload', 'large receive offload'),
    off('rx-vlan-offload'),
    off('tx-vlan-offload'),
    off('receive-hashing'),
    off('tls-hw-tx-offload'),
  ];
}

/** Who does a part of the work that sockets need. */
export interface Capability {
  readonly work: string;
  readonly where: 'card' | 'host' | 'both' | 'nobody';
  /** With what limit, or what happens instead. */
  readonly how: string;
}

/** What is really offloaded, which ethtool does not tell: one line for each part of the work. */
export function capabilitiesOf({ config, modules }: CardTopology): Capability[] {
  if (!modules.includes('socket')) {
    return [{ work: 'sockets', where: 'nobody', how: 'the card has no module of the socket class' }];
  }
  const { stack, driver, pools, classVersion } = config;
  const version = Math.min(classVersion, driver.classVersion);
  const card = (work: string, how: string): Capability => ({ work, where: 'card', how });
  const nobody = (work: string, how: string): Capability => ({ work, where: 'nobody', how });
  return [
    card(
      'TCP connections: set-up, tear-down, TIME-WAIT',
      `${stack.connectionsMax} at once, TIME-WAIT included; then sockets are ENFILE and SYNs are dropped`,
    ),
    card('TCP acknowledgements, reassembly, windows, timers', 'of every connection'),
    card('TCP retransmission, from the buffers of the host', 'each time over the bus again'),
    card('TCP segmentation', config.tcpSegmentationOffload ? 'by its device' : "by the card's processor"),
    card('checksums', config.checksumOffload ? 'by its device' : "by the card's processor"),
    version >= 2
      ? card('UDP', 'whole datagrams, up to 65,507 bytes')
      : nobody('UDP', 'EPROTONOSUPPORT: class version 1 has no datagram sockets'),
    card('IPv4, fragments of UDP and ICMP, ICMP, ARP', `${nicCount(config)} port(s)`),
    {
      work: 'socket calls, readiness, errno',
      where: 'host',
      how: `${driver.socketsMax} sockets at once; one more is EMFILE`,
    },
    {
      work: 'payload to and from programs',
      where: 'both',
      how: 'one copy by the host each way, none for lent buffers, and one DMA request of the card',
    },
    {
      work: 'buffers',
      where: 'host',
      how:
        `${pools.transmitBuffers} of ${pools.transmitBufferBytes} bytes to send, ` +
        `${pools.receiveBuckets} of ${pools.receiveBucketBytes} to receive; dry: ${driver.transmitDryPolicy}`,
    },
    nobody("a packet filter, traffic shaping, taps of the host's", 'the card sends and receives past them'),
    nobody('IPv6, multicast, raw sockets, TLS', 'not in the card; such sockets stay the kernel’s'),
    nobody('fall-back of a connection to the host', 'a card that is full refuses; see docs/experiments.md'),
  ];
}
