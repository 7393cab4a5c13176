/** Recording and decoding from the command line. */

import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SOCKET_CONNECT } from '../../src/i2o/socket.gen.ts';
import { readTraces } from '../../src/trace/file.ts';
import { FileSink } from '../../src/trace/file-sink.ts';
import { OUTBOUND } from '../../src/trace/sink.ts';
import { LONG } from '../long.ts';
import { CallList, replayCall } from '../trace/calls.ts';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

const PROGRAM = `
import net from 'node:net';
const server = net.createServer((socket) => socket.on('data', (data) => socket.end(data)));
server.listen(0, '127.0.0.1', () => {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.end('hello card');
  client.on('data', (data) => process.stdout.write(data));
  client.on('close', () => {
    if (process.argv[2] === 'exit') process.exit(3);
    if (process.argv[2] === 'throw') throw new Error('of the program');
    if (process.argv[2] === 'kill') process.kill(process.pid, 'SIGTERM');
    else server.close();
  });
});
`;

const folder = testFolder();
writeFileSync(join(folder, 'program.mjs'), PROGRAM);

const inic = (args: string[], input = new Uint8Array()): Promise<Outcome> =>
  runNode(folder, [MAIN, ...args], input);

const decode = (...args: string[]): Promise<Outcome> => inic(['decode', ...args]);

describe('inic run --trace', () => {
  it.each([
    ['ends', 0],
    ['exit', 3],
    ['throw', 1],
    ['kill', 'SIGTERM'],
  ])('leaves a whole trace of a program that %s', async (how, code) => {
    const ran = await inic(['run', '--trace', 'run.trace', 'program.mjs', how]);
    expect(ran.stdout).toBe('hello card');
    expect(ran.code).toBe(code);
    const { stdout, stderr, code: decoded } = await decode('run.trace');
    expect(stderr).toBe('');
    expect(decoded).toBe(0);
    expect(stdout).toMatch(/^# inic \d.*\n/);
    expect(stdout).toContain(`# inic run --trace run.trace program.mjs ${how}`);
    expect(stdout).toMatch(/→ {2}ExecStatusGet: /);
    expect(stdout).toMatch(/→ {2}SocketSend: socket \d+, .*\n +immediate, 10 bytes, .*68 65 6c 6c 6f/);
    expect(stdout).toMatch(/← {2}SocketReceivePost reply: .*\n +socket \d+: 10 bytes at 0 of bucket \d+/);
    expect(stdout).toMatch(/~ {2}card sends \d+ bytes: TCP 127\.0\.0\.1:\d+ > 127\.0\.0\.1:\d+ SYN seq/);
    expect(stdout).toMatch(/\n# end at [\d.]+ s: 0 events lost/);
  });

  it('refuses a file that cannot be written, before the program runs', async () => {
    const { code, stderr, stdout } = await inic(['run', '--trace', 'no/such/file', 'program.mjs']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe('inic: cannot write no/such/file: no such file or directory\n');
  });
});

describe('inic decode', () => {
  beforeAll(async () => {
    await inic(['run', '--trace', 'a.trace', 'program.mjs']);
  });

  it('reads standard input, and answers the same', async () => {
    const file = await decode('a.trace');
    const piped = await inic(['decode', '-'], readFileSync(join(folder, 'a.trace')));
    expect(piped).toEqual(file);
  });

  it('filters, and writes JSON', async () => {
    const { stdout } = await decode('a.trace', '--message', 'socketconnect', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual(['head', 'frame', 'frame', 'end']);
    expect(events[1]).toMatchObject({ message: 'SocketConnect', fields: { address: '127.0.0.1' } });
    expect(events[2]).toMatchObject({ answers: events[1].number, status: 'Success' });
    expect(events[3].end.host.inboundPosted).toBeGreaterThan(10);
  });

  it('shows what lies before a cut, then says in one line that it was cut', async () => {
    writeFileSync(join(folder, 'cut.trace'), readFileSync(join(folder, 'a.trace')));
    truncateSync(join(folder, 'cut.trace'), 4000);
    const { code, stdout, stderr } = await decode('cut.trace');
    expect(code).toBe(2);
    expect(stderr).toBe('inic: cut.trace: the trace was cut: it ends at byte 4000 without its end record\n');
    expect(stdout).toContain('ExecOutboundInit');
  });

  it.each([
    [['program.mjs'], 2, /^inic: program\.mjs: not a trace: /],
    [['missing.trace'], 2, /^inic: cannot read missing\.trace: no such file or directory$/],
    [['.'], 2, /^inic: cannot read \.: it is a directory$/],
    [['a.trace', '--message', 'SocketSing'], 1, /no message is named "SocketSing"/],
    [['a.trace', '--frame', '9-3'], 1, /expected a frame or a range/],
    [['a.trace', '--from', 'noon'], 1, /expected a time/],
    [['a.trace', '--socket', '-1'], 1, /whole number from 0 to 16777215/],
    [[], 1, /missing required argument 'file'/],
  ])('%j is refused in one line', async (args, status, words) => {
    const { code, stdout, stderr } = await decode(...args);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr.trimEnd()).toMatch(words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('inic bench --trace', () => {
  it.runIf(LONG)(
    'writes a file for each card',
    async () => {
      const quick = [
        '--quick',
        '--stack',
        'inic',
        '--api',
        'socket',
        '--connections',
        '1',
        '--duration',
        '0.02',
        '--repeats',
        '1',
      ];
      const ran = await inic(['bench', 'MSG_RR', 'TCP_RR', ...quick, '--trace', 'bench.trace']);
      const files = readdirSync(folder).filter((name) => name.startsWith('bench-'));
      expect(files.sort()).toEqual([
        'bench-MSG_RR-message-1x0-ring-inline.trace',
        'bench-MSG_RR-message-1x0-ring.trace',
        'bench-TCP_RR-socket-1x64-ring-inline.trace',
        'bench-TCP_RR-socket-1x64-ring.trace',
      ]);
      for (const file of files) {
        const { code, stdout } = await decode(file, '--frame', '1-10');
        // Where a busy machine let nothing move, the side was killed, and its trace was cut.
        if (ran.code === 0) expect(code).toBe(0);
        expect(stdout).toContain('ExecSysEnable');
      }
    },
    120_000,
  );
});

describe('inic replay', () => {
  it('finds a card of today equal to the one recorded, and says what was compared', async () => {
    await inic(['run', '--trace', 'replay.trace', 'program.mjs']);
    const { code, stdout, stderr } = await inic(['replay', 'replay.trace']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^replay\.trace: \d+ frames against a fresh card, [\d.]+ s of its time\n/);
    expect(stdout).toMatch(/\n {2}received {3}2 streams equal; 20 bytes\n {2}different {2}0\n$/);
    expect(code).toBe(0);
  });

  it('says what is different, and exits with 1', async () => {
    const list = new CallList();
    await readTraces(join(folder, 'replay.trace'), () => list);
    const sink = new FileSink(join(folder, 'other.trace'));
    for (const call of list.calls) {
      const words = call[4] as number[];
      const reply = call[0] === 'frame' && call[1] === OUTBOUND;
      if (reply && words[1] >>> 24 === SOCKET_CONNECT) words[4] = (5 << 24) | 111;
      replayCall(sink, call);
    }
    sink.close();
    const { code, stdout } = await inic(['replay', 'other.trace']);
    expect(stdout).toMatch(/^frame \d+: SocketConnect\n {4}recorded {2}reply, ErrorNoData ECONNREFUSED/);
    expect(code).toBe(1);
  });

  it('refuses what is no trace', async () => {
    const { code, stdout, stderr } = await inic(['replay', 'program.mjs']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^inic: program\.mjs: not a trace: .*\n$/);
  });
});
