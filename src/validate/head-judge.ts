/**
 * Whether the head of a trace agrees with itself: rule N-03. The head says twice what the card was like, in its
 * memory areas and in the card's configuration, from which a replay builds another; either may be the altered one.
 */
import { NO_SOCKET } from '../i2o/socket-number.ts';
import { classNamed } from '../spec/catalogue.ts';
import type { TraceHead } from '../trace/sink.ts';
import type { Findings } from './findings.ts';

type Raw = Readonly<Record<string, unknown>>;

export function judgeHead(head: TraceHead, findings: Findings): void {
  const { classes, configuration, memory, socketsMax, transport } = head;
  const differs = (what: string, told: unknown, configured: unknown): void => {
    if (configured === undefined || configured === told) return;
    findings.report(
      'N-03',
      0,
      `${what} ${String(told)} in the head, ${String(configured)} in the configuration`,
    );
  };
  for (const { name, id } of classes) {
    const own = classNamed(name);
    if (own !== undefined && own.id !== id)
      findings.report('N-03', 1, `class ${name} with id ${id}, which is ${own.id}`);
  }
  differs('transport', transport, configuration['transport']);
  const pools = mapIn(configuration, 'pools');
  differs('inbound frames', memory.inbound.count, pools['inboundFrames']);
  differs('outbound frames', memory.outbound.count, pools['outboundFrames']);
  if (!classes.some(({ name }) => name === 'socket')) return;
  differs('transmit buffers', memory.transmit.count, pools['transmitBuffers']);
  differs('bytes of a transmit buffer', memory.transmit.bufferBytes, pools['transmitBufferBytes']);
  differs('receive buckets', memory.receive.count, pools['receiveBuckets']);
  differs('bytes of a receive bucket', memory.receive.bufferBytes, pools['receiveBucketBytes']);
  differs('slots of immediate data', memory.immediate.count, pools['immediateSlots']);
  const sockets = mapIn(configuration, 'driver')['socketsMax'];
  // Beyond 16 bits a card has one number more: that which names no socket.
  if (typeof sockets === 'number' && sockets < NO_SOCKET) differs('sockets', socketsMax, sockets);
}

/** A map in a map that a file may have anything in; an empty one where there is none. */
function mapIn(raw: Raw, name: string): Raw {
  const value = raw[name];
  return typeof value === 'object' && value !== null ? (value as Raw) : {};
}
