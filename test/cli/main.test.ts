import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

const folder = testFolder();

const inic = (...args: string[]): Promise<Outcome> => runNode(folder, [MAIN, ...args]);

/** One line that says what is wrong, an exit code that says so too, and nothing else. */
function expectOneLine(outcome: Outcome, words: RegExp): void {
  expect(outcome.stderr).toMatch(words);
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.stderr).not.toMatch(/\n\s+at /);
  expect(outcome.code).toBe(1);
  expect(outcome.stdout).toBe('');
}

describe('inic', () => {
  it('tells its version and its verbs', async () => {
    expect((await inic('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await inic('--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/bench[\s\S]*run/);
  });

  it.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['bench', '--frobnicate'], /unknown option '--frobnicate'/],
    [['bench', 'TCP_XX'], /expected MSG_RR.*got "TCP_XX"/],
    [['bench', '--stack', 'inic,windows'], /expected inic, kernel, host, lan, got "windows"/],
    [['bench', '--transport', 'pipe'], /expected ring, fifo, port, msgpack, got "pipe"/],
    [['bench', 'MSG_RR', 'TCP_RR', '--transport', 'ring,port'], /--transport port carry no sockets/],
    [['bench', 'MSG_RR', '--transport', 'port', '--trace', 'x'], /--trace records a card's frames/],
    [['bench', 'TCP_RR', '--stack', 'kernel', '--trace', 'x'], /--trace records a card's frames/],
    [['run', '--transport', 'port', 'x.js'], /expected ring, fifo, got "port"/],
    [['bench', '--api', ''], /expected net, socket, got ""/],
    [['bench', '--connections', '0'], /whole number from 1 to 4096, got "0"/],
    [['bench', '--connections', '1,2.5'], /whole number from 1 to 4096, got "2.5"/],
    [['bench', '--size', '-1'], /whole number from 0 to 1048576, or such a size as 64KiB, got "-1"/],
    [['bench', '--duration', 'long'], /number from 0.01 to 600, got "long"/],
    [['bench', '--repeats', '1001'], /whole number from 1 to 1000, got "1001"/],
    [['bench', '--repeats'], /argument missing/],
    [['bench', 'MSG_RR', '--stack', 'kernel'], /--stack must name inic/],
    [['bench', 'HTTP', '--api', 'socket'], /HTTP is measured with --api net only/],
    [['bench', '--json', 'no/such/folder.json'], /cannot write no\/such\/folder.json: no such file/],
    [['bench', '--json', '.'], /cannot write \.: it is a directory/],
    [['spec', 'SocketSned'], /no "SocketSned"; did you mean SocketSend\?/],
    [['spec', '0x7e'], /no "0x7e"; `inic spec` lists/],
    [['spec', '--html', '/proc/inic'], /cannot write to \/proc\/inic: no such file/],
    [['decode', '--json', '--pcapng', 'x', 'y'], /--json or --pcapng, not both/],
    [['decode', '--from', '2ms', '--to', '1ms', 'y'], /--from is later than --to/],
    [['validate', '--virtual', 'y'], /are for --live/],
    [['drill'], /missing required argument 'files'/],
    [['drill', '--local_ip', '1.2.3', 'x'], /--local_ip: expected an IPv4 address, got "1\.2\.3"/],
    [['drill', '--sysctl', 'net.ipv4.tcp_x=1', 'x'], /--sysctl net\.ipv4\.tcp_x: there is no such setting/],
    [
      ['drill', '--sysctl', 'net.ipv4.tcp_stdurg=1', 'x'],
      /asks for urgent pointers of another meaning, which is/,
    ],
    [['drill', '-D', 'x', 'x'], /expected name=value, got "x"/],
    [['conformance', '--rfc', '9999'], /--rfc 9999: there is no table of it; there are 9293, 1122/],
    [['conformance', '--rfc', 'tcp'], /whole number from 1 to 99999, got "tcp"/],
    [['conformance', '--status', 'bad'], /expected met, not-met, does-not-apply, got "bad"/],
    [['run'], /missing required argument 'file'/],
    [['run', 'no-such-file.js'], /cannot run no-such-file.js: no such file/],
    [['run', '/'], /cannot run \//],
    [['run', '-'], /cannot run -: a program on standard input is run by "node --import inic\/register -"\n/],
    [['run', '--import', 'tsx', 'x.ts'], /'--import' of run: it is Node's, and goes into NODE_OPTIONS, or/],
    [['run', '--require=x', 'x.js'], /'--require' of run: .*"node --import inic\/register --require …"\n/],
    [
      ['run', '--test', 'x.js'],
      /'--test' of run: .*Node's, and goes behind "node --import inic\/register --test/,
    ],
    [['run', '-e', '0'], /'-e' of run: it is Node's, and goes behind "node --import/],
    [['run', '--frobnicate', 'x.js'], /unknown option '--frobnicate'\n/],
  ])('%j is refused in one line', async (args, words) => {
    expectOneLine(await inic(...args), words);
  });
});

it('a reader that stops reading ends a verb without a word', async () => {
  const child = spawn(process.execPath, [MAIN, 'spec', '--json'], { cwd: folder });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

describe('inic spec', () => {
  it.each([
    ['0x89', /^SocketSend: function 0x89/],
    ['0x0a0', /^class 0x0A0 socket/],
    ['f103', /^Group 0xF103/],
    ['tcpstate', /^TcpState: values/],
  ])('knows %s by its number or in lower case', async (name, first) => {
    expect((await inic('spec', name)).stdout).toMatch(first);
  });

  it('prints what docs/spec-tool.md shows', async () => {
    const shown = readFileSync(new URL('../../docs/spec-tool.md', import.meta.url), 'utf8');
    for (const args of [['spec'], ['spec', 'SocketSend']]) {
      const { stdout } = await inic(...args);
      expect(
        shown.includes(stdout.trim()),
        `docs/spec-tool.md shows another inic ${args.join(' ')}: paste the present one`,
      ).toBe(true);
    }
  });
});

describe('inic conformance', () => {
  it('prints requirements by document and status, with the counts of those', async () => {
    const { stdout, code } = await inic('conformance', '--rfc', '5961,6298', '--status', 'not-met');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^RFC 6298: .*\n {2}6298-2\.4 +not met /);
    expect(stdout).toMatch(/\nMUST +0 +0 +0\nSHOULD +0 +1 +0\n/);
  });

  it('prints the same as JSON', async () => {
    const { documents } = JSON.parse((await inic('conformance', '--rfc', '768', '--json')).stdout);
    expect(documents).toMatchObject(
      [{ rfc: 768, requirements: [{ id: '768-1', status: 'met' }] }].map((document) => ({
        ...document,
        requirements: expect.arrayContaining([expect.objectContaining(document.requirements[0])]),
      })),
    );
  });
});

describe('inic bench', () => {
  it('measures, prints a table and writes the same as JSON', async () => {
    const quick = ['--duration', '0.02', '--repeats', '2'];
    const outcome = await inic(
      'bench',
      'tcp_rr',
      '--stack',
      'kernel',
      '--api',
      'net',
      ...quick,
      '--json',
      'out.json',
    );
    expect(outcome.stderr).toContain('TCP_RR net');
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/^TCP_RR net +64 B x32 +kernel +[\d.]+ k\/s/m);
    const report = JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'));
    expect(report.manifest.commandLine.slice(0, 3)).toEqual(['inic', 'bench', 'tcp_rr']);
    expect(report.manifest.versions.node).toBe(process.versions.node);
    expect(report.results).toHaveLength(2);
    for (const result of report.results) {
      expect(result).toMatchObject({
        test: 'TCP_RR',
        stack: 'kernel',
        api: 'net',
        transport: null,
        ledger: null,
      });
      expect(result.repeats).toHaveLength(2);
      expect(result.rate.value).toBeGreaterThan(100);
      expect(result.latencyUs.p50).toBeGreaterThan(0);
    }
  }, 20_000);
});

describe('inic bench on the card', () => {
  it('measures both stacks, compares them and balances the books', async () => {
    const shape = ['--api', 'socket', '--connections', '1', '--size', '64', '--repeats', '1'];
    const outcome = await inic('bench', 'MSG_RR', 'TCP_RR', 'TCP_CRR', '--quick', ...shape);
    expect(outcome.stdout).toMatch(/written to inic-report.json/);
    const { results, comparisons, failures, manifest } = JSON.parse(
      readFileSync(join(folder, 'inic-report.json'), 'utf8'),
    );
    expect(failures).toEqual([]);
    expect(outcome.code).toBe(0);
    const card = results.filter((result: { transport: string | null }) => result.transport === 'ring');
    const names = card.map((one: { test: string; placement: string }) => `${one.test} ${one.placement}`);
    expect(names).toEqual(
      ['MSG_RR', 'TCP_RR', 'TCP_CRR'].flatMap((test) => [`${test} thread`, `${test} inline`]),
    );
    for (const { ledger, cpu, placement } of card) {
      expect(ledger.balanced).toBe(true);
      expect(ledger.perTransaction.inboundPosted).toBeGreaterThan(0);
      expect(cpu.allNsPerOp).toBeGreaterThan(0);
      // Of a card in the program's thread nobody can tell its time from the program's.
      if (placement === 'inline') expect(cpu.iopNsPerOp).toBeNull();
      else expect(cpu.iopNsPerOp).toBeGreaterThan(0);
    }
    expect(comparisons.map((comparison: { test: string }) => comparison.test)).toContain('MSG_RR');
    expect(manifest.configuration.inic.mtu).toBe(65535);
  }, 120_000);
});

describe('inic run', () => {
  it('refuses a bad rule in one line', async () => {
    writeFileSync(join(folder, 'empty.js'), '');
    expectOneLine(await inic('run', '--offload', 'port many', 'empty.js'), /--offload: /);
  });

  it('takes no option for the file of another whose file was forgotten', async () => {
    const words = /--trace wants <file> behind it, got "--ledger"/;
    expectOneLine(await inic('run', '--trace', '--ledger', 'empty.js'), words);
    expect(existsSync(join(folder, '--ledger'))).toBe(false);
  });

  it('refuses a bad number of sockets in one line, and takes a good one', async () => {
    for (const number of ['0', '1048577', 'many']) {
      expectOneLine(await inic('run', '--sockets', number, 'empty.js'), /--sockets.*from 1 to 1048576/);
    }
    expect((await inic('run', '--sockets', '300', 'empty.js')).code).toBe(0);
  });

  it('gives the program its own arguments and makes it the main module', async () => {
    writeFileSync(
      join(folder, 'main.cjs'),
      'console.log(JSON.stringify([require.main === module, process.argv]))',
    );
    const { code, stdout, stderr } = await inic('run', 'main.cjs', 'one', '--offload', '--two');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [isMain, argv] = JSON.parse(stdout);
    expect(isMain).toBe(true);
    expect(argv.slice(1)).toEqual([join(folder, 'main.cjs'), 'one', '--offload', '--two']);
  });

  it.each(['thrower.cjs', 'thrower.mjs'])(
    'lets Node print what %s throws, and nothing of ours',
    async (name) => {
      writeFileSync(join(folder, name), "throw new Error('of the program');\n");
      const { code, stderr } = await inic('run', name);
      expect(code).toBe(1);
      expect(stderr).toContain(`${name}:1`);
      expect(stderr).toContain('Error: of the program');
      expect(stderr).not.toMatch(/dist\/src|cli\/run/);
    },
  );

  it('ends with the exit code the program chooses', async () => {
    writeFileSync(join(folder, 'exit.mjs'), 'process.exitCode = 7;');
    expect((await inic('run', 'exit.mjs')).code).toBe(7);
  });
});

describe('inic spec', () => {
  it('lists, draws, and says it as JSON', async () => {
    expect((await inic('spec')).stdout).toMatch(/0x89 +SocketSend +v1 +Queues bytes/);
    expect((await inic('spec', 'socketsend')).stdout).toMatch(/^SocketSend: function 0x89[\s\S]*\| a \|/);
    expect(JSON.parse((await inic('spec', '--json', 'SocketSend')).stdout).found[0].entry.function).toBe(
      0x89,
    );
  });

  it('writes pages', async () => {
    const outcome = await inic('spec', '--html', 'reference');
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'reference', 'index.html'), 'utf8')).toContain('SocketSend.html');
  });

  it.each([
    [['spec', 'SocketSned'], /the spec has no "SocketSned"; did you mean SocketSend/],
    [['spec', 'qqqqqqqq'], /the spec has no "qqqqqqqq"; `inic spec` lists/],
    [['spec', 'socket', '--html', 'x'], /--html writes everything/],
    [['spec', '--html', 'package.json/x'], /cannot write to package.json\/x: not a directory/],
    [['spec', '--html'], /argument missing/],
  ])('%j', async (args, words) => {
    writeFileSync(join(folder, 'package.json'), '{}');
    expectOneLine(await inic(...args), words);
  });
});
