/**
 * Which IPv4 addresses are the kernel's own here. Node's `networkInterfaces` leaves those out whose interface
 * has no carrier, such as a TAP that no program has open; the kernel answers for them all the same, and its
 * table of local routes has them (/proc/net/fib_trie, one for each network namespace).
 */
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

const LOCAL_ROUTES = '/proc/net/fib_trie';

/** @param text an address. @returns where the kernel has it, such as "on eth0"; undefined where it has not. */
export function whereOwned(text: string, readRoutes: () => string = readLocalRoutes): string | undefined {
  for (const [name, entries = []] of Object.entries(networkInterfaces())) {
    if (entries.some(({ family, address }) => family === 'IPv4' && address === text)) return `on ${name}`;
  }
  return isLocal(text, readRoutes()) ? 'on an interface without carrier' : undefined;
}

/** Whether an interface is a port of a bridge or of a bond: then the kernel's address is that one's. */
export function hasMaster(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/master`);
}

/** A leaf of the table names an address, and the line behind it what is known of it. */
function isLocal(text: string, routes: string): boolean {
  const lines = routes.split('\n');
  return lines.some(
    (line, i) => line.trim() === `|-- ${text}` && /^\/32 host LOCAL$/.test(lines[i + 1]?.trim() ?? ''),
  );
}

function readLocalRoutes(): string {
  try {
    return readFileSync(LOCAL_ROUTES, 'utf8');
  } catch {
    return ''; // not Linux, or no /proc
  }
}
