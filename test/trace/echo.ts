/**
 * A small life on a card in virtual time: one connection over the loop, 3000 bytes one way, both ends closed.
 * Traced.
 */
import type { TraceSink } from '../../src/trace/sink.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

/** @returns the world after all is over; the trace has ended. */
export function runEcho(sink: TraceSink): VirtualWorld {
  const world = new VirtualWorld({ cards: [{}], traces: [{ sink, command: ['test'] }] });
  const { stack } = world.cards[0];
  const listener = stack.socket();
  stack.bind(listener, 0x7f000001, 7);
  stack.listen(listener, 4);
  const client = stack.socket();
  stack.connect(client, 0x7f000001, 7);
  let server = -1;
  let received = 0;
  const buffer = new Uint8Array(4096);
  world.cards[0].start({
    step() {
      let did = 0;
      if (server < 0) {
        const accepted = stack.accept(listener);
        if (accepted >= 0) {
          server = accepted;
          stack.send(client, buffer, 0, 3000);
          did += 1;
        }
      } else {
        const taken = stack.recv(server, buffer, 0, buffer.length);
        if (taken > 0) {
          received += taken;
          did += 1;
        }
      }
      return did;
    },
  });
  if (!world.run(() => received === 3000, 1e9)) throw new Error('the bytes did not arrive');
  stack.close(client);
  stack.close(server);
  stack.close(listener);
  world.run(() => false, 1e9);
  world.cards[0].endTrace();
  return world;
}
