/** The messages ring and fifo are measured against: whole on the other side, however they travel. */
import { MessageChannel } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { writePrivateEcho } from '../../src/i2o/executive.gen.ts';
import { DEVICE_TID, HOST_TID, ORGANIZATION_ID } from '../../src/i2o/tids.ts';
import { type Encoding, PortCodec, type Posted, portMessage } from '../../src/workloads/port-message.ts';

const { port1, port2 } = new MessageChannel();
afterAll(() => port1.close());

describe.each(['clone', 'msgpack'] as const)('by %s', (encoding: Encoding) => {
  it('a message arrives as it was sent', async () => {
    const codec = new PortCodec(encoding);
    for (const sequence of [0, 1, 127, 65_536, 0x7fffffff]) {
      const arrived = new Promise<Posted>((resolve) => port2.once('message', resolve));
      codec.post(port1, portMessage(sequence, 1));
      expect(codec.read(await arrived)).toEqual(portMessage(sequence, 1));
    }
  });

  it.each([1, 96, 65_536])('a payload of %i bytes arrives with its message', async (length) => {
    const codec = new PortCodec(encoding);
    const payload = Uint8Array.from({ length }, (_, i) => i % 251);
    const arrived = new Promise<Posted>((resolve) => port2.once('message', resolve));
    codec.post(port1, portMessage(7, 1, payload));
    const message = codec.read(await arrived);
    expect(message.payload).toHaveLength(length);
    expect(Buffer.compare(message.payload!, payload)).toBe(0);
  });
});

it('has the fields of the frame the card gets', () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(1, 2), (sequence, functionCode) => {
      const words = new Int32Array(32);
      const message = portMessage(sequence, functionCode);
      writePrivateEcho(
        words,
        0,
        DEVICE_TID,
        HOST_TID,
        message.initiatorContext,
        message.transactionContext,
        functionCode,
        ORGANIZATION_ID,
        sequence,
      );
      expect(words[1]).toBe(message.target | (message.initiator << 12) | (message.function << 24));
      expect(words[4]).toBe(message.xFunctionCode | (message.organizationId << 16));
      expect(words[5]).toBe(message.sequence);
    }),
  );
});
