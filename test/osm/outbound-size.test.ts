/**
 * The host chooses how large outbound frames are (ExecOutboundInit). Of every size that a card takes, sockets
 * work the same, over either transport, and no reply is longer than a frame.
 */
import { describe, expect, it, vi } from 'vitest';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { OUTBOUND_FRAME_WORDS_MIN, Outbound } from '../../src/iop/reply/outbound.ts';
import { OUTBOUND_WORDS_MIN } from '../../src/osm/memory/driver-config.ts';
import type { TcpInfo } from '../../src/socket/tcp-info.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { PatternReceiver, PatternSender } from '../world/transfer.ts';

/** Messages whose replies need not fit: SocketSnapshotGet tells the same. */
const TCP_INFO: readonly string[] = ['SocketInfoGet', 'SocketTotalsGet'];
const BYTES = 300_000;
const PORT = 4000;
const NS = 10e9;

/** Words of the longest reply that was posted while a stream was sent and received through one card. */
function longestReply(transport: 'ring' | 'fifo', outboundFrameWords: number): number {
  let longest = 0;
  const original = Outbound.prototype.post;
  const post = vi.spyOn(Outbound.prototype, 'post').mockImplementation(function (this: Outbound) {
    longest = Math.max(longest, this.words[this['frame']] >>> 16);
    original.call(this);
  });
  try {
    const driver = { outboundFrameWords, batchSends: true };
    const world = new VirtualWorld({ cards: [{ transport, driver }] });
    const { stack, config, ...card } = world.cards[0];
    const receiver = new PatternReceiver(stack, PORT);
    const sender = new PatternSender(stack, config.stack.address, PORT, BYTES, 60);
    world.cards[0].start({ step: () => sender.step() + receiver.step() });
    expect(world.run(() => receiver.ended, NS)).toBe(true);
    expect(receiver.received).toBe(BYTES);
    expect(card.host.driver.fault).toBe(undefined);
  } finally {
    post.mockRestore();
  }
  return longest;
}

describe('an outbound frame of the host’s choice', () => {
  it.each(['ring', 'fifo'] as const)('carries what fits it, over %s', (transport) => {
    const sizes = [OUTBOUND_FRAME_WORDS_MIN, 20, 25, FRAME_WORDS, 128];
    const longest = sizes.map((words) => longestReply(transport, words));
    sizes.forEach((words, i) => {
      expect(longest[i], `${words} words`).toBeLessThanOrEqual(Math.min(words, FRAME_WORDS));
    });
    // Frames are used: what has a list fills them, up to an element.
    expect(longest[0]).toBeGreaterThan(OUTBOUND_FRAME_WORDS_MIN - 5);
    expect(longest[3]).toBeGreaterThan(FRAME_WORDS - 5);
  });

  it('is at least as long as the longest reply without a list', () => {
    const { fields } = CATALOGUE.classes
      .flatMap(({ messages }) => messages)
      .find(({ name }) => name === 'ExecOutboundInit')!.request;
    const replies = CATALOGUE.classes.flatMap(({ messages }) =>
      messages.flatMap(({ name, reply }) => (reply === undefined || TCP_INFO.includes(name) ? [] : [reply])),
    );
    const least = fields.find(({ name }) => name === 'outboundFrameWords')!.min;
    expect(least).toBe(Math.max(...replies.map(({ words }) => words)));
    expect([OUTBOUND_FRAME_WORDS_MIN, OUTBOUND_WORDS_MIN]).toEqual([least, least]);
  });

  it.each(['ring', 'fifo'] as const)('has room for TCP_INFO, whole or in parts, over %s', (transport) => {
    const sizes = [OUTBOUND_FRAME_WORDS_MIN, 18, 27, 30, 31, FRAME_WORDS, 128];
    const told = sizes.map((outboundFrameWords) => {
      const world = new VirtualWorld({ cards: [{ transport, driver: { outboundFrameWords } }] });
      const card = world.cards[0];
      const { stack, config } = card;
      const receiver = new PatternReceiver(stack, PORT);
      const sender = new PatternSender(stack, config.stack.address, PORT, 100 * BYTES, 60);
      card.start({ step: () => sender.step() + receiver.step() });
      expect(world.run(() => receiver.received > BYTES / 100, NS)).toBe(true);
      const own = vi.spyOn(card.parts.stack!, 'tcpInfo');
      const info = stack.tcpInfo(sender['socket']);
      expect(info, `${outboundFrameWords} words`).toEqual(own.mock.results.at(-1)!.value);
      return (info as TcpInfo).bytes_sent > 0;
    });
    expect(told).toEqual(sizes.map(() => true));
  });

  it('leaves the FIFOs frames enough', () => {
    const pools = { outboundFrames: 8 };
    expect(() => cardConfig({ transport: 'fifo', pools, driver: { outboundFrameWords: 65 } })).toThrow(
      '"driver.outboundFrameWords" expected at most 64 for "pools.outboundFrames" 8, got 65',
    );
    expect(cardConfig({ transport: 'fifo', pools, driver: { outboundFrameWords: 64 } })).toBeDefined();
  });
});
