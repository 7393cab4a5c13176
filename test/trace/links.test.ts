/** What brings frames and packets together, and what must not. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { FrameEvent } from '../../src/trace/decode/decoder.ts';
import type { Values } from '../../src/trace/decode/values.ts';
import { FrameLinks } from '../../src/trace/pcapng/links.ts';

const HERE = { address: 0x7f000001, text: '127.0.0.1' };
const SYN = 2;
const ACK = 16;
const FIN = 1;

let links: FrameLinks;
let frames: number;
beforeEach(() => {
  links = new FrameLinks();
  frames = 0;
});

function frame(message: string, form: 'request' | 'reply', more: Partial<FrameEvent>): string {
  frames += 1;
  const status = form === 'reply' ? { status: 'Success' } : {};
  const event = {
    type: 'frame',
    number: frames,
    message,
    form,
    fields: {},
    list: [],
    elements: [],
    sockets: [],
    trouble: '',
  };
  return links.frame({ ...event, ...status, ...more } as unknown as FrameEvent);
}

/** An Ethernet frame of a TCP segment between two ports of this host; only its headers are there. */
function segment(from: number, to: number, flags: number, sequence: number, payloadBytes = 0): Uint8Array {
  const bytes = new Uint8Array(54);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint16(16, 40 + payloadBytes);
  view.setUint8(23, 6);
  view.setUint32(26, HERE.address);
  view.setUint32(30, HERE.address);
  view.setUint16(34, from);
  view.setUint16(36, to);
  view.setUint32(38, sequence);
  view.setUint16(46, 0x5000 | flags);
  return bytes;
}

const connect = (socket: number): string =>
  frame('SocketConnect', 'request', { sockets: [socket], fields: { address: HERE.text, port: 80 } });
const connected = (socket: number, localPort: number): string =>
  frame('SocketConnect', 'reply', { sockets: [socket], fields: { localAddress: HERE.text, localPort } });
const send = (socket: number, bytes: number): string =>
  frame('SocketSend', 'request', { sockets: [socket], elements: [{ kind: 'transmit', bytes, word: 6 }] });
const record = (socketId: number, length: number): string =>
  frame('SocketReceivePost', 'reply', { list: [{ socketId, length, flags: 'LastInBucket' } as Values] });

describe('a link', () => {
  it('joins a SYN to the only connect to its address', () => {
    connect(3);
    expect(links.packet(segment(4000, 80, SYN, 1000), 1)).toBe('SocketConnect: frame 1');
    connect(4);
    expect(links.packet(segment(4001, 80, SYN, 5000), 2)).toBe('');
  });

  it('joins segments to the sends whose bytes they carry, first time or again, cut anyhow', () => {
    connect(3);
    links.packet(segment(4000, 80, SYN, 1000), 1);
    expect(connected(3, 4000)).toBe('socket 3 is 127.0.0.1:4000, its peer 127.0.0.1:80');
    expect(send(3, 100)).toBe('bytes 0-99 of 127.0.0.1:4000 > 127.0.0.1:80');
    expect(send(3, 50)).toBe('bytes 100-149 of 127.0.0.1:4000 > 127.0.0.1:80');
    const carried = 'from socket 3, bytes 60-119, SocketSend: frames 3 4';
    expect(links.packet(segment(4000, 80, ACK, 1061, 60), 2)).toBe(carried);
    expect(links.packet(segment(4000, 80, ACK, 1061, 60), 3)).toBe(carried);
    expect(links.packet(segment(4000, 80, ACK, 1151, 10), 4)).toBe('from socket 3, bytes 150-159');
  });

  it('joins a record to the segments its bytes came in, and a FIN to what asked for it', () => {
    connect(3);
    links.packet(segment(4000, 80, SYN, 1000), 1);
    links.packet(segment(80, 4000, SYN | ACK, 0xffff_ffff), 2);
    connected(3, 4000);
    links.packet(segment(80, 4000, ACK, 0, 10), 3);
    links.packet(segment(80, 4000, ACK, 10, 10), 4);
    expect(record(3, 5)).toBe('bytes 0-4 of 127.0.0.1:80 > 127.0.0.1:4000, came in packet 3');
    expect(record(3, 10)).toBe('bytes 5-14 of 127.0.0.1:80 > 127.0.0.1:4000, came in packets 3 4');
    frame('SocketClose', 'request', { sockets: [3] });
    expect(links.packet(segment(4000, 80, FIN | ACK, 1001), 5)).toBe(
      'from socket 3, end asked for by frame 5',
    );
  });

  it('is not made to a connection that had the same ports before', () => {
    connect(3);
    links.packet(segment(4000, 80, SYN, 1000), 1);
    connected(3, 4000);
    send(3, 10);
    links.packet(segment(4000, 80, SYN, 900_000), 2);
    expect(links.packet(segment(4000, 80, ACK, 900_001, 10), 3)).toBe('bytes 0-9');
  });

  it('is not made where the trace does not hold the beginning', () => {
    expect(links.packet(segment(4000, 80, ACK, 77, 10), 1)).toBe('');
    expect(send(3, 10)).toBe('');
    expect(record(3, 10)).toBe('');
    expect(links.packet(new Uint8Array(10), 2)).toBe('');
  });
});
