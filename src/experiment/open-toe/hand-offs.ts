/** What becomes of connections that are handed over while they live. */
import { SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { FAILED } from '../../socket/contract.ts';
import type { MixedWorld } from '../../world/virtual/mixed-world.ts';
import { listener, peer, served, until } from './calls.ts';
import { openBed, type TestBed } from './world.ts';

const PORT = 80;
const PERCENT = 100;
const FEW = 10;
const CHUNK_BYTES = 65_536;
/** Bytes of a stream before, between and after its hand-offs. */
const STRETCH_BYTES = 2_000_000;
/** A stream has its hand-offs at so many moments, one after the other, each in a world of its own. */
const MOMENTS = 4;
/** How long is waited for a device that is reset. */
const PATIENCE_NS = 400e6;

/** Connections on the first device have bytes under way; it is taken out of service in order, then reset. */
export function retireDevice(bed: TestBed): number {
  const world = openBed(bed);
  const listening = listener(world.stack, PORT);
  const pairs = Array.from({ length: FEW }, () => served(world, 0, listening, PORT));
  for (const [own] of pairs) world.stack.send(own, new Uint8Array(CHUNK_BYTES), 0, CHUNK_BYTES);
  world.stack.deactivate('toe0');
  world.cards[0].host.restartCard(SOCKET_CLASS_ID);
  world.run(() => false, PATIENCE_NS);
  const lost = pairs.filter(([own]) => (world.stack.readiness(own) & FAILED) !== 0);
  return (PERCENT * lost.length) / FEW;
}

/**
 * A stream of the host's own goes to the first device, and comes back, as fast as it flows. @returns the
 * longest time in which the peer received nothing, over the two hand-offs, less that without any: the mean
 * of several moments, since it depends much on what is queued and in flight just then.
 */
export function handOverPauseNs(bed: TestBed): number {
  let sum = 0;
  for (let moment = 0; moment < MOMENTS; moment++) {
    sum += pauseNs(bed, STRETCH_BYTES + (moment * STRETCH_BYTES) / MOMENTS);
  }
  return sum / MOMENTS;
}

/** @param before bytes of the stream that have passed by then, beside a stretch that is measured. */
function pauseNs(bed: TestBed, before: number): number {
  const world = openBed({ ...bed, policy: '' });
  const listening = listener(world.stack, PORT);
  const [own, theirs] = served(world, 0, listening, PORT);
  stretch(world, own, theirs, before);
  const calmNs = stretch(world, own, theirs);
  const outNs = world.queue.nowNs;
  moved(world.stack.handOff(own, 'toe0'));
  const thereNs = stretch(world, own, theirs, STRETCH_BYTES, outNs);
  const backNs = world.queue.nowNs;
  moved(world.stack.takeBack(own));
  return Math.max(thereNs, stretch(world, own, theirs, STRETCH_BYTES, backNs)) - calmNs;
}

function moved(answer: number): void {
  if (answer !== 0) throw new Error(`a connection did not move: errno ${-answer}`);
}

/**
 * Sends a stretch of the stream to the peer. @param lastNs when something came last.
 * @returns the longest time in which nothing came.
 */
function stretch(
  world: MixedWorld,
  own: number,
  theirs: number,
  length = STRETCH_BYTES,
  lastNs = world.queue.nowNs,
): number {
  const { queue } = world;
  const bytes = new Uint8Array(CHUNK_BYTES);
  let got = 0;
  let sent = 0;
  let sinceNs = lastNs;
  let longestNs = 0;
  until(world, () => {
    // More is always queued than is read, so that the connection moves with bytes in flight.
    for (let taken = 1; taken > 0 && sent - got < STRETCH_BYTES; ) {
      taken = world.stack.send(own, bytes, 0, bytes.length);
      if (taken > 0) sent += taken;
    }
    for (let count = 1; count > 0; ) {
      count = peer(world, 0).recv(theirs, bytes, 0, bytes.length);
      if (count <= 0) break;
      got += count;
      longestNs = Math.max(longestNs, queue.nowNs - sinceNs);
      sinceNs = queue.nowNs;
    }
    return got >= length;
  });
  return longestNs;
}
