/**
 * The card beside the real kernel, over TAPs in network namespaces of their own: the kernel as client and as
 * server, over a good wire and over one of ours that loses and reorders, half-closes, resets, closed windows,
 * hashes of all that was carried, many connections at once; curl, redis, nginx where they are installed; and
 * what tshark says of the packets. Needs root and /dev/net/tun: where either is missing, one line says so.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN } from '../cli/commands.ts';
import { LONG } from '../long.ts';
import { ROOT } from '../rules/sources.ts';
import { isInstalled, missing, Netns } from './netns.ts';

const why = missing();
if (why !== undefined)
  process.stderr.write(`\nSKIPPED: all of test/interop, the card beside the kernel: ${why}\n`);

const PEER = join(ROOT, 'test/interop/programs/peer.mjs');
const EXITS = join(ROOT, 'test/interop/programs/exits.mjs');
const DATAGRAMS = join(ROOT, 'test/interop/programs/datagrams.mjs');
const WIRE = join(ROOT, 'dist/test/interop/wire.js');
const NODE = process.execPath;
const CARD = '10.77.0.2';
const KERNEL = '10.77.0.1';
const RUN = [MAIN, 'run', '--ledger', '--tap', 'card0', '--address', `${CARD}/24`];
const WITH_HOST = [...RUN, '--host-address', KERNEL];
const [SMALL, LARGE, CROWD] = LONG ? [2_000_000, 200_000_000, 1000] : [100_000, 1_000_000, 30];
const TASKS = ['echo:20', `up:${LARGE}`, `down:${LARGE}`, 'slow:200', 'reset:0', `crowd:${CROWD}`];
const LOSSY_TASKS = ['echo:10', `up:${SMALL}`, `down:${SMALL}`];
const TIMEOUT_MS = LONG ? 600_000 : 120_000;

/** A program is not installed: said, since a test that is left out is easily overlooked. */
function without(program: string): boolean {
  if (isInstalled(program)) return false;
  process.stderr.write(`\nSKIPPED: a part of test/interop: "${program}" is not installed\n`);
  return true;
}

const goods = (stdout: string): string[] =>
  stdout
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { task: string; good: boolean | string })
    .map(({ task, good }) => `${task} ${good}`);
const all = (tasks: readonly string[]): string[] => tasks.map((task) => `${task} true`);

describe.skipIf(why !== undefined)('the card beside the kernel', () => {
  let near: Netns;
  let far: Netns;
  let folder: string;

  beforeAll(() => {
    if (why !== undefined) return;
    folder = mkdtempSync(join(tmpdir(), 'inic-interop-'));
    near = new Netns('near');
    far = new Netns('far');
    // The wire's two ends: one on a bridge with the card's TAP, one with the kernel's address.
    far.ip('tuntap', 'add', 'card0', 'mode', 'tap');
    far.ip('tuntap', 'add', 'wire0', 'mode', 'tap');
    far.ip('tuntap', 'add', 'wire1', 'mode', 'tap');
    far.ip('link', 'add', 'br0', 'type', 'bridge');
    for (const port of ['card0', 'wire0']) far.ip('link', 'set', port, 'master', 'br0');
    far.ip('addr', 'add', `${KERNEL}/24`, 'dev', 'wire1');
    for (const name of ['card0', 'wire0', 'wire1', 'br0']) far.ip('link', 'set', name, 'up');
  });

  afterAll(() => {
    near?.close();
    far?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it.each([
    ['finished', 0],
    ['exit', 0],
    ['throw', 1],
    ['signal', null],
  ])(
    'tells the kernel’s clients of a program’s end: %s',
    async (how, code) => {
      const end = await near.serve(NODE, ...WITH_HOST, EXITS, 'server', how);
      const client = await near.run(NODE, EXITS, 'client', how, CARD);
      expect(client.stdout.trim()).toBe('the end and it ended');
      const server = await end();
      expect(server.code).toBe(code);
      expect(server.stderr).toContain('ledger balanced');
    },
    TIMEOUT_MS,
  );

  it(
    'serves the kernel’s clients, to the last byte, and its books balance',
    async () => {
      const end = await near.serve(NODE, ...WITH_HOST, PEER, 'server', '47000');
      const client = await near.run(NODE, PEER, 'client', CARD, '47000', ...TASKS);
      expect(goods(client.stdout)).toEqual(all(TASKS));
      const { stderr } = await end();
      expect(stderr).toMatch(/accepted: \d+ from the card, 0 from the kernel/);
    },
    TIMEOUT_MS,
  );

  it(
    'gives its address up before it uses it where a kernel of the network has it (RFC 5227)',
    async () => {
      const other = new Netns('other');
      try {
        far.ip('link', 'add', 'port0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other.name);
        far.ip('link', 'set', 'port0', 'master', 'br0');
        far.ip('link', 'set', 'port0', 'up');
        other.ip('addr', 'add', `${CARD}/24`, 'dev', 'eth0');
        other.ip('link', 'set', 'eth0', 'up');
        const ended = await far.run(NODE, ...RUN, '--check-address', PEER, 'server', '47003');
        expect(ended.code).toBe(1);
        expect(ended.stderr.trimEnd().split('\n')).toEqual([
          expect.stringMatching(
            new RegExp(
              `^inic: the address ${CARD} is in use on card0: ..:..:..:..:..:.. has it; give the card`,
            ),
          ),
        ]);
        other.ip('addr', 'del', `${CARD}/24`, 'dev', 'eth0');
        await (await far.serve(NODE, ...RUN, '--check-address', PEER, 'server', '47003'))();
      } finally {
        other.close();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'is served by the kernel’s servers',
    async () => {
      const end = await near.serve(NODE, PEER, 'server', '47001');
      const client = await near.run(NODE, ...WITH_HOST, PEER, 'client', KERNEL, '47001', ...TASKS);
      expect(goods(client.stdout)).toEqual(all(TASKS));
      expect(client.stderr).toContain('ledger balanced');
      expect(client.stderr).toMatch(
        new RegExp(`connects: ${CROWD + TASKS.length - 1} over the card, 0 over`),
      );
      await end();
    },
    TIMEOUT_MS,
  );

  it(
    'carries datagrams of node:dgram, as a server and as a client, in fragments too',
    async () => {
      const good = [0, 1, 17, 1472, 1473, 4000, 16_377, 40_000, 65_507]
        .map((length) => `${length} true\n`)
        .join('');
      const endCard = await near.serve(NODE, ...WITH_HOST, DATAGRAMS, 'server', '47002');
      expect((await near.run(NODE, DATAGRAMS, 'client', CARD, '47002')).stdout).toBe(good);
      expect((await endCard()).stderr).toContain('datagram sockets: 1 on the card, 0 on the kernel alone');
      const endKernel = await near.serve(NODE, DATAGRAMS, 'server', '47002');
      const client = await near.run(NODE, ...WITH_HOST, DATAGRAMS, 'client', KERNEL, '47002');
      expect(client.stdout).toBe(good);
      expect(client.stderr).toContain('datagram sockets: 2 on the card, 0 on the kernel alone');
      await endKernel();
    },
    TIMEOUT_MS,
  );

  const WAYS = [
    ['a client', 'server'],
    ['served', 'client'],
  ];
  it.each(LONG ? WAYS : WAYS.slice(1))(
    'carries all over a wire that loses and reorders, %s by the card',
    async (_, kernelIs) => {
      const capture = join(folder, `${kernelIs}.pcap`);
      const endWire = await far.serve(NODE, WIRE, 'wire0', 'wire1', capture, '0.01', '0.02', '1', '7');
      const tasks = ['47000', ...LOSSY_TASKS];
      if (kernelIs === 'client') {
        const end = await far.serve(NODE, ...RUN, PEER, 'server', '47000');
        const client = await far.run(NODE, PEER, 'client', CARD, ...tasks);
        expect(goods(client.stdout)).toEqual(all(LOSSY_TASKS));
        await end();
      } else {
        const end = await far.serve(NODE, PEER, 'server', '47000');
        const client = await far.run(NODE, ...RUN, PEER, 'client', KERNEL, ...tasks);
        expect(goods(client.stdout)).toEqual(all(LOSSY_TASKS));
        await end();
      }
      await endWire();
      if (without('tshark')) return;
      const options = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
      const wrong = `ip.src==${CARD} && (tcp.checksum.status=="Bad" || ip.checksum.status=="Bad"
      || _ws.malformed || tcp.option.len.invalid || tcp.analysis.ack_lost_segment && !tcp.analysis.lost_segment)`;
      const shown = async (filter: string): Promise<string[]> => {
        const { stdout } = await far.run('tshark', '-r', capture, ...options, '-Y', filter);
        return stdout.split('\n').filter((line) => line.trim() !== '');
      };
      expect((await shown(`ip.src==${CARD} && tcp`)).length).toBeGreaterThan(50);
      expect(await shown(wrong.replace(/\s+/g, ' '))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'answers curl',
    async () => {
      if (without('curl')) return;
      const program = join(folder, 'http.mjs');
      writeFileSync(
        program,
        `import http from 'node:http';
      http.createServer((q, r) => q.pipe(r)).listen(8080, () => console.log('listening'));`,
      );
      const end = await near.serve(NODE, ...WITH_HOST, program);
      if (!without('ping')) {
        const { stdout: pings } = await near.run('ping', '-c', '3', '-i', '0.2', '-s', '4000', CARD);
        expect(pings).toContain(' 0% packet loss');
      }
      const body = 'x'.repeat(50_000);
      writeFileSync(join(folder, 'body'), body);
      const url = `http://${CARD}:8080/`;
      const { stdout } = await near.run('curl', '-sS', '--data-binary', `@${join(folder, 'body')}`, url);
      expect(stdout).toBe(body);
      await end();
    },
    TIMEOUT_MS,
  );

  it(
    'reaches redis by ioredis, and says what of the program stays the kernel’s',
    async () => {
      if (without('redis-server')) return;
      const program = join(ROOT, 'test/interop/programs/redis-client.mjs');
      near.ip('tuntap', 'add', 'card0', 'mode', 'tap');
      near.ip('addr', 'add', `${KERNEL}/24`, 'dev', 'card0');
      near.ip('link', 'set', 'card0', 'up');
      const redis = ['redis-server', '--bind', KERNEL, '--save', '', '--protected-mode', 'no'] as const;
      const end = await near.serveFrom('Ready to accept connections', ...redis);
      const { stdout, stderr } = await near.run(NODE, ...RUN, program, KERNEL);
      expect(stdout).toBe('value 1000\n');
      expect(stderr).toContain("datagrams of udp6 sockets are the kernel's, not by card0");
      expect(stderr).toContain(
        "the connection to ::2 port 9 is the kernel's, not by card0: the card has no IPv6",
      );
      await end();
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(why !== undefined)('a TAP that cannot be had', () => {
  const refused = async (...args: string[]): Promise<string> => {
    const near = new Netns('bad');
    try {
      const { code, stdout, stderr } = await near.run(NODE, MAIN, 'run', ...args, PEER, 'server', '1');
      expect([code, stdout]).toEqual([1, '']);
      return stderr;
    } finally {
      near.close();
    }
  };

  it.each([
    [
      ['--tap', 'lo', '--address', '10.1.0.2/24'],
      'inic: cannot open lo: it is an interface, but no TAP of one queue\n',
    ],
    [['--tap', 'x y', '--address', '10.1.0.2/24'], 'inic: "x y" is no interface'],
    [['--tap', 't0', '--address', '10.1.0.2'], 'inic: --address expected an IPv4 address with its prefix'],
    [['--tap', 't0'], 'inic: --tap wants --address beside it'],
    [['--gateway', '10.1.0.1'], 'inic: --gateway wants --tap NAME beside it\n'],
  ])(
    'says so in one line: %j',
    async (args, line) => {
      const stderr = await refused(...args);
      expect(stderr).toContain(line);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    },
    TIMEOUT_MS,
  );
});
