/**
 * A trace's events as lines of text: it takes the events of trace/decode/. A frame is one line, and what it
 * lists follows indented. Inbound is from host to card and outbound from card to host, as in I2O.
 */
import { LAN_CLASS_ID } from '../i2o/lan.gen.ts';
import { WINDOW_CLASS_ID } from '../i2o/window.gen.ts';
import type { FrameEvent, TraceEvent } from '../trace/decode/decoder.ts';
import type { DecodedElement } from '../trace/decode/sgl.ts';
import { contextText, hexText, type Values } from '../trace/decode/values.ts';
import type { TraceHead, TraceMemory } from '../trace/sink.ts';

const INDENT = ' '.repeat(29);
const NUMBER_COLUMNS = 7;
const PREVIEW_BYTES = 16;
const CONTEXTS_PER_LINE = 12;
/** Fields that are not printed: the list itself shows them, or the socket before the fields does. */
const IMPLIED = new Set([
  'socketId',
  'count',
  'bucketCount',
  'trlElementWords',
  'trlFlags',
  'trlCount',
  'trlElementSize',
]);
const ARROWS = { inbound: '→', outbound: '←' } as const;

export class TraceLines {
  private memory: TraceMemory | undefined;
  /** TIDs of a card of network ports, where it has several. */
  private ports: readonly number[] = [];

  /** @returns the event's lines, each with its line end; '' for an event that has none. */
  lines(event: TraceEvent): string {
    switch (event.type) {
      case 'head':
        this.memory = event.head.memory;
        this.ports = (event.head.devices ?? [])
          .filter(({ classId }) => classId === LAN_CLASS_ID || classId === WINDOW_CLASS_ID)
          .map(({ tid }) => tid);
        return headLines(event.head);
      case 'frame':
        return this.frameLines(event);
      case 'owner':
        return line(event.timeNs, '·', `${event.direction} frame slot ${event.slot} is the ${event.owner}'s`);
      case 'doorbell':
        return line(event.timeNs, '·', 'doorbell: the host wakes the card');
      case 'interrupt':
        return line(event.timeNs, '·', 'interrupt: the card has woken the host');
      case 'write': {
        const { side, length, address } = event;
        return line(event.timeNs, '·', `${side} writes ${length} bytes to ${this.place(address)}`);
      }
      case 'polled':
        return line(
          event.timeNs,
          '·',
          `host sees ${this.place(event.address)} become ${hexText(event.value)}`,
        );
      case 'packet': {
        const { timeNs, sent, text, packetLength } = event;
        return line(timeNs, '~', `card ${sent ? 'sends' : 'receives'} ${packetLength} bytes: ${text}`);
      }
      case 'end':
        return `# end at ${seconds(event.timeNs)} s: ${event.end.lost} events lost for want of room\n`;
    }
  }

  private frameLines(frame: FrameEvent): string {
    const port = this.ports.indexOf(frame.target);
    const where = port < 0 ? '' : `port ${port}`;
    const parts = [statusText(frame), where, socketText(frame), fieldsText(frame)];
    const told = parts.filter((part) => part !== '').join(', ');
    const contexts = [frame.initiatorContext, frame.transactionContext]
      .filter((context) => context !== undefined)
      .map(contextText);
    const size = `${frame.sizeWords} words, slot ${frame.slot}, contexts ${contexts.join(' ')}`;
    const trouble = frame.trouble === '' ? '' : ` !! ${frame.trouble}`;
    const text = `${titleOf(frame)}${told === '' ? '' : `: ${told}`} (${size})${trouble}`;
    const first = line(frame.timeNs, ARROWS[frame.direction], text, String(frame.number));
    const items = [...this.elementTexts(frame), ...listTexts(frame)];
    return first + items.map((item) => `${INDENT}${item}\n`).join('');
  }

  /** Buckets that are named by their contexts share a line; everything else has one each. */
  private elementTexts(frame: FrameEvent): string[] {
    const { elements } = frame;
    const first = elements[0];
    const skipped = first === undefined ? '' : this.bucketPlace(first);
    const plain = elements.every(
      (element) =>
        element.kind === 'bucket' &&
        element.bytes === first?.bytes &&
        skipped !== undefined &&
        this.bucketPlace(element) === skipped,
    );
    if (first === undefined || !plain) return elements.map((element) => this.elementText(element, frame));
    const contexts = elements.map(({ context }) => context).join(' ');
    return [`${elements.length} buckets of ${first.bytes} bytes${skipped}: ${contexts}`];
  }

  /** Where in the receive buffer that its context names a bucket begins; undefined where in no such one. */
  private bucketPlace({ context, address = 0 }: DecodedElement): string | undefined {
    const place = this.place(address);
    const buffer = `receive buffer ${context}`;
    if (place === buffer) return '';
    const [start, skipped] = place.split(' + ');
    return start === buffer ? `, ${skipped} bytes into their buffers` : undefined;
  }

  private elementText(element: DecodedElement, frame: FrameEvent): string {
    const parts = [element.kind];
    if (element.bytes !== undefined) parts.push(`${element.bytes} bytes`);
    if (element.context !== undefined) parts.push(`context ${element.context}`);
    if (element.address !== undefined) parts.push(`in ${this.place(element.address)}`);
    if (element.note !== undefined) parts.push(element.note);
    if (element.dataWord !== undefined)
      parts.push(preview(frame.words, element.dataWord, element.bytes ?? 0));
    return parts.join(', ');
  }

  /** Names an address by what lies there. */
  private place(address: number): string {
    const { memory } = this;
    if (memory === undefined) return hexText(address);
    for (const name of ['transmit', 'receive', 'immediate', 'packets'] as const) {
      const area = memory[name];
      if (area === undefined) continue;
      const { offset, count, bufferBytes } = area;
      const distance = address - offset;
      if (distance < 0 || distance >= count * bufferBytes) continue;
      const within = distance % bufferBytes;
      const kind = name === 'packets' ? 'packet' : name;
      return `${kind} buffer ${Math.floor(distance / bufferBytes)}${within === 0 ? '' : ` + ${within}`}`;
    }
    for (const name of ['inbound', 'outbound'] as const) {
      const { firstWord, count, strideWords } = memory[name];
      const distance = address - firstWord * 4;
      if (distance < 0 || distance >= count * strideWords * 4) continue;
      const strideBytes = strideWords * 4;
      return `${name} frame slot ${Math.floor(distance / strideBytes)} + ${distance % strideBytes}`;
    }
    const control = address - memory.control.offset;
    return control >= 0 && control < memory.control.byteLength
      ? `control area + ${control}`
      : hexText(address);
  }
}

function headLines(head: TraceHead): string {
  const { memory } = head;
  const classes = head.classes.map(({ name, version }) => `${name} ${version}`).join(', ');
  const { inbound, outbound, transmit, receive } = memory;
  const transmitPool = `${transmit.count} transmit buffers of ${transmit.bufferBytes}`;
  const receivePool = `${receive.count} buckets of ${receive.bufferBytes} bytes`;
  return [
    `# ${head.product}, transport ${head.transport}, classes ${classes}, began ${head.startedAt}`,
    `# frames of ${head.frameBytes} bytes, ${inbound.count} inbound and ${outbound.count} outbound; ` +
      `${transmitPool}, ${receivePool}`,
    ...(head.command.length === 0 ? [] : [`# ${head.command.join(' ')}`]),
    '# frame, seconds, → host to card (inbound), ← card to host (outbound), · everything else, ~ the wire',
    '',
  ].join('\n');
}

function line(timeNs: number, mark: string, text: string, number = ''): string {
  return `${number.padStart(NUMBER_COLUMNS)}  ${seconds(timeNs).padStart(14)}  ${mark}  ${text}\n`;
}

function seconds(timeNs: number): string {
  return (timeNs / 1e9).toFixed(9);
}

function titleOf({ message, form, answers }: FrameEvent): string {
  if (form === 'request') return message;
  const what =
    form === 'reply' ? 'reply' : form === 'progress' ? 'reply, more to follow,' : 'could not be delivered,';
  return `${message} ${what}${answers === undefined ? '' : ` to ${answers}`}`;
}

function statusText({ status, detail }: FrameEvent): string {
  return status === undefined ? '' : detail === undefined ? status : `${status} ${detail}`;
}

function socketText({ sockets, fields }: FrameEvent): string {
  if (sockets.length === 0 || fields['acceptedId'] !== undefined) return '';
  return `${sockets.length === 1 ? 'socket' : 'sockets'} ${sockets.join(' ')}`;
}

/** Leaves out the empty fields of a reply that is not successful, which are most. */
function fieldsText({ fields, status = 'Success' }: FrameEvent): string {
  return Object.entries(fields)
    .filter(([name]) => !IMPLIED.has(name))
    .filter(([, value]) => status === 'Success' || (value !== 0 && value !== '0.0.0.0'))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** Receive records and outcomes have a line each; several contexts and numbers share one. */
function listTexts({ list }: FrameEvent): string[] {
  const texts = list.map((item) => {
    if (item['packetLength'] !== undefined) return packetText(item);
    if (item['bucketContext'] !== undefined) return recordText(item);
    if (item['bytes'] !== undefined) return `socket ${item['socketId']} has used ${item['bytes']} bytes`;
    return Object.entries(item)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ');
  });
  if (list.length < 2 || Object.keys(list[0]).length > 1) return texts;
  const [name] = Object.keys(list[0]);
  const values = list.map((item) => String(item[name!]));
  const rows: string[] = [];
  for (let i = 0; i < values.length; i += CONTEXTS_PER_LINE) {
    rows.push(`${name}s ${values.slice(i, i + CONTEXTS_PER_LINE).join(' ')}`);
  }
  return rows;
}

function recordText(record: Values): string {
  const { socketId, bucketContext, offset, flags, length, status } = record;
  if (String(flags).includes('Error')) return `socket ${socketId}: ${flags} ${status}`;
  if (String(flags).includes('EndOfStream')) return `socket ${socketId}: ${flags}`;
  if (flags === 'Sent') return `socket ${socketId}: ${bucketContext} bytes sent`;
  if (flags === 'Urgent') {
    const byte = length === 0 ? 'has not come' : `is ${status}`;
    return `socket ${socketId}: ${bucketContext} bytes come before an urgent one, which ${byte}`;
  }
  return `socket ${socketId}: ${length} bytes at ${offset} of bucket ${bucketContext}, ${flags}`;
}

/** A bucket of a network port, with the packet in it. */
function packetText(bucket: Values): string {
  const { bucketContext, packetOffset, packetFlags, packetLength, packetStatus } = bucket;
  if (packetFlags === 'none') return `bucket ${bucketContext}, without a packet`;
  const packet = `a packet of ${packetLength} bytes at ${packetOffset}`;
  const wrong = packetStatus === 'Good' ? '' : `: ${packetStatus}`;
  return `bucket ${bucketContext}, ${packet}, ${packetFlags}${wrong}`;
}

/** The first bytes of immediate data, in hexadecimal. */
function preview(words: readonly number[], first: number, bytes: number): string {
  const shown = Array.from({ length: Math.min(bytes, PREVIEW_BYTES) }, (_, i) => {
    const byte = ((words[first + (i >> 2)] ?? 0) >>> ((i & 3) * 8)) & 0xff;
    return byte.toString(16).padStart(2, '0');
  });
  return shown.join(' ') + (bytes > PREVIEW_BYTES ? ' …' : '');
}
