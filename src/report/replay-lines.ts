/** What a replay found, as lines for people. */
import type { Difference, ReplayResult } from '../replay/card-replay.ts';

export function differenceLine({ frame, what, recorded, replayed }: Difference): string {
  return `frame ${frame}: ${what}\n    recorded  ${recorded}\n    replayed  ${replayed}\n`;
}

export function replayLines(name: string, result: ReplayResult): string {
  const { frames, replies, contexts, polled, streams, packets, differences, cardNs } = result;
  const count = (value: number, one: string, many = `${one}s`): string =>
    `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
  const returned = `${count(contexts, 'context')} given back, ${count(polled, 'polled word')}`;
  const cut = streams.cut === 0 ? '' : `, ${streams.cut} more as far as the host waited`;
  return [
    `${name}: ${count(frames, 'frame')} against a fresh card, ${(cardNs / 1e9).toFixed(3)} s of its time`,
    `  compared   ${count(replies, 'reply', 'replies')}, ${returned}`,
    packets === undefined
      ? `  received   ${count(streams.equal, 'stream')} equal${cut}; ${count(streams.bytes, 'byte')}`
      : `  packets    ${packets.told.toLocaleString('en')} told of, ${packets.sent.toLocaleString('en')} sent`,
    `  different  ${differences.toLocaleString('en')}`,
    '',
  ].join('\n');
}
