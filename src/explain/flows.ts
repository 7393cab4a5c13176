/** How the ends of connections, and what leads from one to another, are named. */

export function endpoint(address: number, port: number): string {
  return `${address >>> 0}:${port}`;
}

export function flowOf(from: string, to: string): string {
  return `${from}>${to}`;
}
