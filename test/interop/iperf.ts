/**
 * iperf3's figures for the card over a TAP, beside the kernel's own over a veth pair, in turn: a row for each
 * way, so that what else runs on the machine meets both. The client is the real iperf3. Beside each rate
 * stands the processor time of the server's process, all threads, per gigabit: it depends little on what
 * else runs.
 *
 *     node dist/test/interop/iperf.js [SECONDS [PAIRS]]
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isInstalled, missing, Netns } from './netns.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = `${ROOT}dist/src/cli/main.js`;
const SERVER = `${ROOT}test/interop/programs/iperf3-server.mjs`;
/** USER_HZ, which every Linux of today has. */
const TICKS_PER_SECOND = 100;

interface Report {
  readonly end: { readonly sum_received: { readonly bits_per_second: number; readonly bytes: number } };
}

/** The process whose command line has these words. */
function processOf(words: readonly string[]): number {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const line = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (words.every((word) => line.includes(word)) && !line.startsWith('ip ')) return Number(entry);
    } catch {
      // It has ended meanwhile.
    }
  }
  return 0;
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function measured(client: Netns, address: string, pid: number, seconds: number, way: string[]) {
  const before = cpuSeconds(pid);
  const { stdout } = await client.run(
    'iperf3',
    '-J',
    '-c',
    address,
    '-t',
    String(seconds),
    '-C',
    'cubic',
    ...way,
  );
  const { sum_received: sum } = (JSON.parse(stdout) as Report).end;
  const gigabits = (sum.bytes * 8) / 1e9;
  return { rate: sum.bits_per_second / 1e9, cpuMs: ((cpuSeconds(pid) - before) * 1e3) / gigabits };
}

async function main(seconds: number, pairs: number): Promise<void> {
  const why = missing() ?? (isInstalled('iperf3') ? undefined : 'no program "iperf3"');
  if (why !== undefined) throw new Error(`cannot measure: ${why}`);
  const near = new Netns('iperf');
  const far = new Netns('veth');
  try {
    execFileSync('ip', [
      'link',
      'add',
      'veth0',
      'netns',
      near.name,
      'type',
      'veth',
      'peer',
      'veth0',
      'netns',
      far.name,
    ]);
    near.ip('addr', 'add', '10.78.0.1/24', 'dev', 'veth0');
    far.ip('addr', 'add', '10.78.0.2/24', 'dev', 'veth0');
    for (const space of [near, far]) space.ip('link', 'set', 'veth0', 'up');
    const tap = ['--tap', 'card0', '--address', '10.77.0.2/24', '--host-address', '10.77.0.1'];
    await near.serve(process.execPath, MAIN, 'run', ...tap, SERVER, '5201');
    await far.serveFrom('listening', 'stdbuf', '-oL', 'iperf3', '-s', '-p', '5201');
    const card = processOf(['iperf3-server.mjs', 'card0']);
    const kernel = processOf(['iperf3 -s -p 5201']);
    console.log('                        card over a TAP              kernel over veth');
    console.log('to the server        Gbit/s  CPU ms/Gbit         Gbit/s  CPU ms/Gbit     load');
    for (let pair = 0; pair < pairs; pair++) {
      for (const way of [[], ['-R']]) {
        const a = await measured(near, '10.77.0.2', card, seconds, way);
        const b = await measured(near, '10.78.0.2', kernel, seconds, way);
        const name = way.length === 0 ? 'receives' : 'sends';
        const cells = [a.rate, a.cpuMs, b.rate, b.cpuMs, loadavg()[0]].map((x) => x.toFixed(2).padStart(13));
        console.log(name.padEnd(14) + cells.join(''));
      }
    }
  } finally {
    near.close();
    far.close();
  }
}

await main(Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 3));
