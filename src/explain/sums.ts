/** What an operation's spans add up to: work by who did it, waiting by what was waited for. */
import type { Span, Who } from './path.ts';

export interface Sums {
  /** Nanoseconds of work. */
  readonly workNs: Readonly<Record<Who, number>>;
  /** Nanoseconds of waiting, by what for; the longest first. */
  readonly waits: readonly { readonly what: string; readonly ns: number }[];
  readonly waitingNs: number;
  readonly totalNs: number;
}

export function sumsOf(spans: readonly Span[]): Sums {
  const workNs = { host: 0, bus: 0, iop: 0, dma: 0, wire: 0 };
  const waits = new Map<string, number>();
  let waitingNs = 0;
  for (const { who, what, waiting, fromNs, toNs } of spans) {
    const ns = toNs - fromNs;
    if (waiting) {
      waits.set(what, (waits.get(what) ?? 0) + ns);
      waitingNs += ns;
    } else workNs[who] += ns;
  }
  const inOrder = [...waits].map(([what, ns]) => ({ what, ns })).sort((a, b) => b.ns - a.ns);
  return { workNs, waits: inOrder, waitingNs, totalNs: spans[spans.length - 1]?.toNs ?? 0 };
}
