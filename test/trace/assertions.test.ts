/** Trips the assertions of src/trace. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { Clock } from '../../src/time/clock.ts';
import { FileSink } from '../../src/trace/file-sink.ts';
import { checkSlots, PacketWriter, planPacketRing } from '../../src/trace/packet-ring.ts';
import { trips } from '../rules/trips.ts';

function sink(): FileSink {
  return new FileSink(join(mkdtempSync(join(tmpdir(), 'inic-')), 'trace'));
}

describe('a trace file', () => {
  trips('trace file: the head comes before the first frame', () =>
    sink().frame(0, 0, 0, new Int32Array(32), 0),
  );
  trips('trace file: the times of events do not fall', () => {
    const file = sink();
    file.notification(0, 100);
    file.notification(0, 99);
  });
  trips('trace file: nothing follows the close', () => {
    const file = sink();
    file.close();
    file.notification(0, 100);
  });
  trips('trace file: an event fits the buffer', () => {
    const bytes = new Uint8Array((1 << 20) + 1);
    sink().packet(0, true, bytes, 0, bytes.length, bytes.length);
  });
});

describe('a packet ring', () => {
  trips('packet ring: a packet that is recorded has bytes', () => {
    const plan = new MemoryPlan();
    const ring = planPacketRing(plan, 'ring', 64);
    const region = allocateRegion(plan.byteLength);
    new PacketWriter(region, ring, new Clock(), undefined as never).tap(true).frame(0, 0);
  });
  trips('packet ring: the number of records is a power of two', () => checkSlots(4095));
});
