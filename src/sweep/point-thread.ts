/** A thread that measures points, one after the other. */
import { holdProfile } from '../plans/profiles.ts';
import { measurePoint } from './point.ts';
import type { PointTask } from './point-threads.ts';

export default function lineOf({ plan, profiles, point }: PointTask): string {
  for (const [name, text] of Object.entries(profiles)) holdProfile(name, text);
  return JSON.stringify(measurePoint(plan, point));
}
