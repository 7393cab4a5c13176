/** What everybody has who walks an operation's way, whatever travels on it. */
import { Attempts } from './attempts.ts';
import { Carriage } from './carriage.ts';
import { type Ground, Legs } from './legs.ts';
import type { Path } from './path.ts';

export interface Steps {
  readonly ground: Ground;
  readonly path: Path;
  readonly legs: Legs;
  readonly carriage: Carriage;
  readonly attempts: Attempts;
}

/** All that take one path on over one log. */
export function stepsOver(ground: Ground, path: Path): Steps {
  const legs = new Legs(ground, path);
  return {
    ground,
    path,
    legs,
    carriage: new Carriage(ground, path, legs),
    attempts: new Attempts(ground, path, legs),
  };
}
