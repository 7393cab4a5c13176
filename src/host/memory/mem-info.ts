/** What a kernel prints of its pages: /proc/buddyinfo, and what belongs to a failed allocation. */
import { ORDERS } from './buddy-zone.ts';
import { modernMode } from './gfp.ts';
import { PAGE_KB } from './marks.ts';
import type { PageAllocator, Zone } from './page-allocator.ts';

/** /proc/buddyinfo: free blocks of each order, a line for each zone. */
export function buddyInfo({ zones }: PageAllocator): string {
  const lines = zones.map(({ name, buddy }) => {
    const counts = [...buddy.blocks].map((count) => `${String(count).padStart(6)} `);
    return `Node 0, zone ${name.padStart(8)} ${counts.join('')}`;
  });
  return lines.join('\n');
}

/**
 * A failed allocation, in the words of `__alloc_pages` (2.6.24) or of `warn_alloc` (Linux 6): the request,
 * who called, and what is free. Addresses of functions are left out, and of the lines about memory those
 * that are of something this model does not have.
 * @param callers innermost first. @param task the one that was interrupted.
 */
export function allocationFailure(
  pages: PageAllocator,
  order: number,
  flags: number,
  callers: readonly string[],
  task = 'swapper',
): string {
  const free = pages.freePages;
  return [
    requestLine(pages, order, flags, task),
    'Call Trace:',
    ' <IRQ>',
    ...callers.map((name) => ` [${name}]`),
    ' <EOI>',
    'Mem-info:',
    ` free:${free}`,
    ...pages.zones.flatMap((zone) => zoneLines(zone)),
    ...pages.zones.map((zone) => listLine(zone)),
  ].join('\n');
}

function requestLine({ kernel }: PageAllocator, order: number, flags: number, task: string): string {
  if (kernel === 'era') {
    return `${task}: page allocation failure. order:${order}, mode:0x${flags.toString(16)}`;
  }
  const mode = `mode:0x${modernMode(flags).toString(16)}`;
  return `${task}/0: page allocation failure: order:${order}, ${mode}, nodemask=(null)`;
}

function zoneLines({ name, buddy, marks, reserve }: Zone): string[] {
  const kb = (pages: number): string => `${pages * PAGE_KB}kB`;
  const { min, low, high } = marks;
  return [
    `Node 0 ${name} free:${kb(buddy.freePages)} min:${kb(min)} low:${kb(low)} high:${kb(high)} ` +
      `present:${kb(buddy.pages)}`,
    `lowmem_reserve[]: ${reserve.join(' ')}`,
  ];
}

function listLine({ name, buddy }: Zone): string {
  const lists = Array.from({ length: ORDERS }, (_, order) => {
    return `${buddy.blocks[order]}*${PAGE_KB << order}kB`;
  });
  return `Node 0 ${name}: ${lists.join(' ')} = ${buddy.freePages * PAGE_KB}kB`;
}
