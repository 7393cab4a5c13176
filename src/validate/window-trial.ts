/** What the validator remembers of the ports of a card that serves the window class. */
import type { LanLoans } from './lan-loans.ts';
import type { WindowListJudge } from './window-lists.ts';
import type { WindowMirror } from './window-mirror.ts';
import type { WindowPorts } from './window-ports.ts';
import type { WindowSums } from './window-sums.ts';

export interface WindowTrial {
  readonly ports: WindowPorts;
  readonly mirror: WindowMirror;
  /** Host memory that the card reads, and that it writes, while a context is out. */
  readonly loans: LanLoans;
  readonly places: LanLoans;
  readonly lists: WindowListJudge;
  readonly sums: WindowSums;
}
