/** What a replay found, as lines for people. */
import type { Difference, ReplayResult } from '../replay/replayer.ts';

export function differenceLine({ frame, what, recorded, replayed }: Difference): string {
  return `frame ${frame}: ${what}\n    recorded  ${recorded}\n    replayed  ${replayed}\n`;
}

export function replayLines(name: string, result: ReplayResult): string {
  const { frames, replies, contexts, polled, streams, differences, cardNs } = result;
  const count = (value: number, what: string): string =>
    `${value.toLocaleString('en')} ${what}${value === 1 ? '' : what.endsWith('y') ? '' : 's'}`;
  const cut = streams.cut === 0 ? '' : `, ${streams.cut} more as far as the host waited`;
  return [
    `${name}: ${count(frames, 'frame')} against a fresh card, ${(cardNs / 1e9).toFixed(3)} s of its time`,
    `  compared   ${count(replies, 'reply').replace(/replys|reply$/, replies === 1 ? 'reply' : 'replies')}, ${count(contexts, 'context')} given back, ${count(polled, 'polled word')}`,
    `  received   ${count(streams.equal, 'stream')} equal${cut}; ${count(streams.bytes, 'byte')}`,
    `  different  ${differences.toLocaleString('en')}`,
    '',
  ].join('\n');
}
