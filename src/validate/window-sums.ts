/** What the frames of a card with the TCP window sum up to, held against the ledgers: rules R. */
import { windowCardRows } from '../ledger/reconcile-window.ts';
import type { TraceEnd } from '../trace/sink.ts';
import type { Findings } from './findings.ts';
import type { WindowMirror } from './window-mirror.ts';

export class WindowSums {
  /** Bytes of packets that were sent, of fills, of placements and of releases, as the requests name them. */
  sent = 0;
  filled = 0;
  placed = 0;
  released = 0;
  /** Bytes of the packets that records tell of. */
  told = 0;
  /** Contexts that have come back: of packets, of fills, and of placements. */
  sendsBack = 0;
  fillsBack = 0;
  placesBack = 0;
  /** Requests that the card may have taken or not were among them, or some that the host did not mean. */
  unsure = false;

  /** @param drained nothing was on its way. @param waiting contexts that have not come back. */
  end(end: TraceEnd, findings: Findings, mirror: WindowMirror, drained: boolean, waiting: number): void {
    const { host, iop } = end;
    if (this.unsure || mirror.unsure) return;
    const equal = (rule: string, thing: number, what: string, traced: number, counted?: number): void => {
      if (counted === undefined || traced === counted) return;
      findings.report(rule, thing, `${what}: ${traced} in the trace, ${counted} in the ledger`);
    };
    equal('R-02', 0, 'bytes in send requests', this.sent, host['lanPacketsSentBytes']);
    equal('R-02', 1, 'bytes in fill requests', this.filled, host['windowFillsAskedBytes']);
    equal('R-03', 0, 'bytes in placement requests', this.placed, host['windowPlacementsAskedBytes']);
    equal('R-04', 0, 'bytes in releases', this.released, host['windowReleasesAskedBytes']);
    equal('R-04', 1, 'contexts of packets', this.sendsBack, host['lanPacketsDone']);
    equal('R-04', 2, 'contexts of fills', this.fillsBack, host['windowFillsDone']);
    if (!drained) return;
    equal('R-03', 1, 'bytes in records', this.told, host['windowFramesTakenBytes']);
    equal('R-03', 2, 'bytes in records', this.told, iop['windowFramesKeptBytes']);
    if (waiting > 0 || host['windowFillsAsked'] === undefined) return;
    const held = { filledBytes: mirror.filledBytes, framesHeld: mirror.framesHeld };
    windowCardRows(host, iop, held).forEach(({ what, left, right }, index) => {
      if (left !== right) findings.report('R-06', index, `${what}: ${left} against ${right}`);
    });
  }
}
