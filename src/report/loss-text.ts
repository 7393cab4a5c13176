/** What became of datagrams, in words. */
import { type Datagrams, lostPercent } from '../sweep/datagrams.ts';
import { threeDigits } from './units.ts';

/** @returns such as `12 of 2200 datagrams (0.55 %): 12 lost on a link`; of fragments, frames are lost. */
export function lossText(datagrams: Datagrams): string {
  const { sent, lost, lostAt } = datagrams;
  const share = threeDigits(lostPercent(datagrams));
  const names = Object.entries(lostAt).map(([name, count]) => `${count} ${name}`);
  const where = names.length === 0 ? '' : `: ${names.join(', ')}`;
  return `${lost} of ${sent} datagrams (${share} %)${where}`;
}
