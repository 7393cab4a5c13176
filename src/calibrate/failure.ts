/** Why a calibration came to nothing, in the user's words: mostly the machine had something else to do. */

/** So many cores are to be idle, or nearly: its two threads want one each. */
const CORES_WANTED = 1.5;

export interface Busyness {
  /** Mean number of threads that wanted a core over the last minute, those of the calibration among them. */
  readonly load: number;
  readonly cores: number;
}

/** Whether other work than a calibration's own is likely to take its cores. */
export function isBusy({ load, cores }: Busyness): boolean {
  return load > cores - CORES_WANTED;
}

/**
 * @param running what ran when it failed.
 * @param error a RangeError where a cost is more than a world may have, as of work put aside for long.
 * @param atStart of the machine when it began, before its own load.
 */
export function failureText(running: string, error: unknown, atStart: Busyness): string {
  const words = error instanceof Error ? error.message : String(error);
  const said = `${running}: ${words}`;
  const { load, cores } = atStart;
  const again = 'calibrate again when nothing else runs';
  if (isBusy(atStart)) {
    return `${said}; this machine was busy (load average ${load.toFixed(2)} on ${cores} cores): ${again}`;
  }
  return error instanceof RangeError ? `${said}; other work may have taken the cores: ${again}` : said;
}
