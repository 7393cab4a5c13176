/** How far a long command is: a bar on a terminal, and elsewhere lines that a log can show. */
import { SingleBar } from 'cli-progress';

/** Told how much is done of how much, and of what, where that has a name. */
export type Progress = (done: number, total: number, label?: string) => void;

/**
 * @param format of the bar, as cli-progress has it. @param line where there is no terminal, called instead.
 * @returns `say` shows a line beside it, `stop` takes the bar away.
 */
export function progressBar(
  format: string,
  barsize: number,
  line: Progress,
): { progress: Progress; say: (text: string) => void; stop: () => void } {
  const write = (text: string): boolean => process.stderr.write(`inic: ${text}\n`);
  if (!process.stderr.isTTY) return { progress: line, say: write, stop: () => {} };
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
    say: (text) => {
      // In place of the bar, which is drawn again below it.
      process.stderr.write('\r\x1b[K');
      write(text);
      if (started) bar.render();
    },
    stop: () => bar.stop(),
  };
}
