/** How far a long command is: a bar on a terminal, and elsewhere lines that a log can show. */
import { SingleBar } from 'cli-progress';
import { movesCursor } from './terminal.ts';

/** Told how much is done of how much, and of what, where that has a name. */
export type Progress = (done: number, total: number, label?: string) => void;

/**
 * @param format of the bar, as cli-progress has it; `{left}` is the time left where what is done is counted
 * in seconds. @param line where there is no terminal, called instead.
 * @returns `say` shows a line beside it, `stop` takes the bar away.
 */
export function progressBar(
  format: string,
  barsize: number,
  line: Progress,
): { progress: Progress; say: (text: string) => void; stop: () => void } {
  const write = (text: string): boolean => process.stderr.write(`inic: ${text}\n`);
  if (!movesCursor(process.stderr)) return { progress: line, say: write, stop: () => {} };
  const bar = new SingleBar({
    format,
    barsize,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 40,
    formatTime: timeLeft,
    stream: process.stderr,
  });
  let started = false;
  return {
    progress: (done, total, label) => {
      const payload = { label, left: timeLeft(Math.ceil(total - done)) };
      if (!started) bar.start(total, done, payload);
      started = true;
      bar.setTotal(total);
      bar.update(done, payload);
    },
    say: (text) => {
      // In place of the bar, which is drawn again below it.
      process.stderr.write('\r\x1b[K');
      write(text);
      if (started) bar.render();
    },
    stop: () => bar.stop(),
  };
}
/** @param seconds a word, as INF or 0 is one to cli-progress, until a first step has been made. */
export function timeLeft(seconds: unknown): string {
  if (typeof seconds !== 'number') return '?';
  if (seconds <= 10) return `${seconds}s`;
  const steps = 5 * Math.round(seconds / 5);
  if (steps < 60) return `${steps}s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (steps < 3600) return `${Math.floor(steps / 60)}m${two(steps % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
