/**
 * What is compared of the answers of network ports. Their lists tell of many transactions at once, in company
 * that differs from run to run, so each element is an answer by itself: a context by its number, a packet that
 * has come by what is said of it, whichever bucket or slot it lies in.
 */
import type { DecodedFrame } from '../trace/decode/frame.ts';
import type { Values } from '../trace/decode/values.ts';
import { answerText, keysOf } from './compare.ts';

/** One answer: what it is about, and what it says. */
export interface PortAnswer {
  readonly what: string;
  readonly text: string;
  /** Of a packet in the window: where it lies, in the memory of its own card. */
  readonly frameAddress?: number;
  /** Of an answer as a whole. */
  readonly frame?: DecodedFrame;
}

/** Of a packet in a bucket: the last of its reply, which is a matter of company. */
const LAST_BUCKET = /\|?LastBucket/;
/** Fields with addresses of the card's memory, which lies elsewhere in the replay. */
const PLACES = new Set(['transmitAddress', 'slotsAddress']);

/** Keys of the transactions that a request names, or of the request itself. */
export function requestKeys(frame: DecodedFrame): string[] {
  const { message, target, elements } = frame;
  const named = elements.filter(
    ({ kind, context }) => kind !== 'out' && kind !== 'in' && context !== undefined,
  );
  const lists = ['LanPacketSend', 'WindowFill', 'WindowSend', 'WindowPlace'].includes(message);
  if (lists) return named.map(({ context }) => `${message} ${target} context ${context}`);
  return keysOf(frame);
}

/** A reply's answers, each with its key. */
export function portAnswers(frame: DecodedFrame): [key: string, answer: PortAnswer][] {
  const { message, target, status, detail, list, form } = frame;
  const whole = frame.transactionContext !== undefined || list.length === 0;
  if (whole || form !== 'reply') {
    const text = answerText({ ...frame, fields: withoutPlaces(frame.fields) });
    return keysOf(frame).map((key) => [key, { what: message, text, frame }]);
  }
  const said = detail === undefined ? `${status}` : `${status} ${detail}`;
  return list.map((entry) => {
    const packet = packetText(entry);
    if (packet !== undefined && status === 'Success') {
      const { frameAddress } = entry;
      const place = frameAddress === undefined ? {} : { frameAddress: Number(frameAddress) };
      return [`${message} ${target} ${packet}`, { what: message, text: packet, ...place }];
    }
    const context = entry['context'] ?? entry['bucketContext'];
    return [
      `${message} ${target} context ${context}`,
      { what: message, text: `context ${context}, ${said}` },
    ];
  });
}

/** Whether an answer tells of a packet that has come. */
export function isPacket(key: string): boolean {
  return key.includes(' packet of ');
}

/** What is said of a packet that has come, in a bucket or in a slot. */
function packetText(entry: Values): string | undefined {
  const { packetLength, packetFlags, packetStatus, frameLength, headerLength, frameFlags } = entry;
  if (packetLength !== undefined) {
    const flags = String(packetFlags).replace(LAST_BUCKET, '');
    return `a packet of ${packetLength} bytes, ${flags}, ${packetStatus}`;
  }
  if (frameLength === undefined) return undefined;
  return `a packet of ${frameLength} bytes, headers of ${headerLength}, ${frameFlags}`;
}

/** Length of the packet that an answer tells of, and whether its checksums were found good. */
export function packetOf({ text }: PortAnswer): { readonly length: number; readonly checked: boolean } {
  const [, length] = /packet of (\d+) bytes/.exec(text) ?? [];
  return { length: Number(length ?? 0), checked: /TransportChecksumGood|ChecksumsGood/.test(text) };
}

function withoutPlaces(fields: Values): Values {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !PLACES.has(name)));
}
