/** The sends that a program tries in vain, or in part, before the one that takes its byte. */
import type { Call } from './events.ts';
import { type Doing, type Ground, ITS_TURN, type Legs, lackOf } from './legs.ts';
import type { Path } from './path.ts';

export class Attempts {
  private readonly ground: Ground;
  private readonly path: Path;
  private readonly legs: Legs;

  constructor(ground: Ground, path: Path, legs: Legs) {
    this.ground = ground;
    this.path = path;
    this.legs = legs;
  }

  /**
   * Sends that were not taken, or not wholly, until the one that took the byte.
   * @param before what the program does before the first. @param begins the first byte of the message.
   */
  made(call: Call, before: Doing, begins: number): void {
    const { path, legs } = this;
    const tries = this.ground.log.calls.filter(
      ({ stream, name, before: bytes, beginNs, endNs }) =>
        stream === call.stream &&
        name === 'send' &&
        bytes >= begins &&
        beginNs >= path.nowNs - 1 &&
        endNs <= call.beginNs,
    );
    const [first = call] = tries;
    this.until(call, before, first.beginNs);
    tries.forEach((attempt, i) => {
      // One that is refused is made in vain, and a part of the wait.
      if (attempt.result > 0) legs.calling(attempt, attempt.endNs);
      this.until(call, { what: lackOf(attempt), waiting: true }, (tries[i + 1] ?? call).beginNs);
    });
  }

  /** What a send lacks it waits for whoever is at work meanwhile; in its turn others come before it. */
  private until({ card }: Call, doing: Doing, untilNs: number): void {
    const { path, legs } = this;
    if (doing.waiting && doing.what !== ITS_TURN) path.wait(legs.hostOf(card), doing.what, untilNs);
    else legs.hostGoesOn(card, doing, untilNs);
  }
}
