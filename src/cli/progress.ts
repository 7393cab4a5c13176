/** How far a long command is: a bar on a terminal, and elsewhere lines that a log can show. */
import { SingleBar } from 'cli-progress';

/** Told how much is done of how much, and of what, where that has a name. */
export type Progress = (done: number, total: number, label?: string) => void;

/**
 * @param format of the bar, as cli-progress has it. @param line where there is no terminal, called instead.
 * @returns `stop` takes the bar away.
 */
export function progressBar(
  format: string,
  barsize: number,
  line: Progress,
): { progress: Progress; stop: () => void } {
  if (!process.stderr.isTTY) return { progress: line, stop: () => {} };
  const bar = new SingleBar({
    format,
    barsize,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 40,
    stream: process.stderr,
  });
  let started = false;
  return {
    progress: (done, total, label) => {
      if (!started) bar.start(total, done, { label });
      started = true;
      bar.update(done, { label });
    },
    stop: () => bar.stop(),
  };
}
