/** What the validator remembers of the ports of a card that serves the LAN class. */
import type { LanBuckets } from './lan-buckets.ts';
import type { LanListJudge } from './lan-lists.ts';
import type { LanLoans } from './lan-loans.ts';
import type { LanPorts } from './lan-ports.ts';
import type { LanWire } from './lan-wire.ts';

export interface LanTrial {
  readonly ports: LanPorts;
  readonly buckets: LanBuckets;
  readonly loans: LanLoans;
  readonly lists: LanListJudge;
  readonly wire: LanWire;
  /** Lists that cannot be seen (chained ones) may have named packets: those nobody sent may come back. */
  hidden: boolean;
  /** Packets whose context has come back. */
  returned: number;
}
