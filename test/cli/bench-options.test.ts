/** What `inic bench` refuses: an option out of its range, or without sense beside the others. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addBench } from '../../src/cli/bench.ts';
import { benchOptions, type Flags } from '../../src/cli/bench-options.ts';
import { TESTS, type Test } from '../../src/record/row.ts';

/** Ends a command line that nothing is wrong with before it measures. */
const STOP = ['--csv', 'no/such/folder/x.csv'];
const STOPPED = /cannot write no\/such\/folder\/x\.csv: no such file or directory/;

/** @returns the message with which a command line is refused. */
async function refusal(...args: string[]): Promise<string> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addBench(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await program.parseAsync(['bench', ...args, ...STOP], { from: 'user' });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was measured');
}

describe('out of range', () => {
  it.each([
    [['--connections', '4097'], /--connections.*whole number from 1 to 4096, got "4097"/],
    [['--size', '1048577'], /--size.*whole number from 0 to 1048576, or such a size as 64KiB, got "1048577"/],
    [['--size', '-1'], /--size.*whole number from 0 to 1048576, or such a size as 64KiB, got "-1"/],
    [['-r', '100'], /--request-response.*expected 2 numbers separated by a comma, got "100"/],
    [['-r', '0,1'], /--request-response.*whole number from 1 to 1048576, or such a size as 64KiB, got "0"/],
    [['--neighbours', '65'], /--neighbours.*whole number from 0 to 64, got "65"/],
    [['--neighbours', '-1'], /--neighbours.*whole number from 0 to 64, got "-1"/],
    [['--pin', 'all'], /--pin.*expected auto, none, got "all"/],
    [['--iop', 'auto'], /--iop.*expected thread, inline, got "auto"/],
    [['--seed', '4294967296'], /--seed.*whole number from 0 to 4294967295, got "4294967296"/],
    [['--repeats', '0'], /--repeats.*whole number from 1 to 1000, got "0"/],
    [['--repeats', '9..3'], /--repeats.*expected a range that rises, got "9..3"/],
    [['--repeats', '1..2..3'], /--repeats.*expected such as 5 or 3..30, got "1..2..3"/],
    [['--confidence', '90'], /--confidence.*expected 95, 99, got "90"/],
    [['--width', '0'], /--width.*number from 0.1 to 100, got "0"/],
    [['--duration', '601'], /--duration.*number from 0.01 to 600, got "601"/],
    [['UDP_RR', '--size', '65508'], /--size 65508: UDP_RR has 1 to 65507 bytes/],
    [['UDP_RR', '-r', '1,65508'], /-r 65508: UDP_RR has 1 to 65507 bytes/],
    [['--set', 'pools.receiveBuckets=0'], /--set: "pools.receiveBuckets" expected 1 to 65536, got 0/],
    [
      ['--set', 'pools.receiveBuckets=many'],
      /--set: "pools.receiveBuckets" expected a number from 1 to 65536, got "many"/,
    ],
  ])('%j is refused by name, with the value and the range', async (args, words) => {
    expect(await refusal(...args)).toMatch(words);
  });
});

describe('without sense beside the others', () => {
  it.each([
    [
      ['MSG_RR', 'TCP_RR', '--size', '0'],
      /--size 0: TCP_RR has 1 to 1048576 bytes; name the tests that it is for/,
    ],
    [
      ['MSG_RR', '--size', '1048576', '--connections', '1024'],
      /--connections 1024 with --size 1048576: MSG_RR would take more than 1 GiB for its payloads/,
    ],
    [['-r', '100,200'], /-r is for TCP_RR, TCP_CRR and UDP_RR, not for MSG_RR/],
    [['TCP_STREAM', '-r', '100,200'], /-r is for TCP_RR, TCP_CRR and UDP_RR, not for TCP_STREAM/],
    [
      ['UDP_RR', '--api', 'net'],
      /UDP_RR is measured with --api socket only: node:dgram over loopback is the kernel's/,
    ],
    [['HTTP', 'TCP_RR', '--api', 'socket'], /HTTP is measured with --api net only/],
    [['MSG_STREAM', 'TCP_RR', '--stack', 'kernel'], /MSG_STREAM measures the card's message layer/],
    [
      ['TCP_RR', '--stack', 'kernel', '--iop', 'inline'],
      /--iop is about a card, and none is measured: --stack/,
    ],
    [['TCP_RR', '--stack', 'kernel', '--seed', '1'], /--seed is about a card, and none is measured: --stack/],
    [['TCP_RR', '--stack', 'kernel', '--set', 'mtu=1500'], /--set is about a card, and none is measured/],
    [['TCP_RR', '--stack', 'kernel', '--transport', 'fifo'], /--transport is about a card, and none is/],
    [
      ['MSG_RR', '--transport', 'port', '--iop', 'inline'],
      /--iop is about a card.*--transport must name ring/,
    ],
    [['TCP_RR', '--stack', 'host', '--api', 'net'], /--stack host is measured by socket calls: --api must/],
    [['HTTP', '--stack', 'host'], /HTTP has no program of socket calls, and --stack host is measured by/],
    [['MSG_RR', '--stack', 'host'], /MSG_RR measures the card's message layer: --stack must name inic/],
    [['TCP_RR', '--stack', 'host', '--iop', 'inline'], /--iop is about a card, and none is measured/],
    [['--confidence', '99'], /--confidence is that of an interval: give its --width too/],
    [['--repeats', '3..9'], /--repeats 3..9: a range needs --width/],
    [['--repeats', '5', '--width', '5'], /--repeats 5: with --width it is a range from at least 2/],
    [['--repeats', '1..5', '--width', '5'], /--repeats 1..5: with --width it is a range from at least 2/],
    [['--set', 'pools.receiveBuckets'], /--set expected path=value.*got "pools.receiveBuckets"/],
    [['--set', 'pools.receiveBuckets='], /--set expected path=value/],
    [['--set', 'mtu=1500', '--set', 'mtu=1501'], /--set mtu is given twice/],
    [['--set', 'seed=5'], /--set seed: --seed says it/],
    [['--set', 'transport=fifo'], /--set transport: --transport says it/],
    [
      ['--set', 'receiveBuckets=5'],
      /"receiveBuckets" is no setting of a card; did you mean pools.receiveBuckets/,
    ],
    [['--set', 'pools.recieveBuckets=5'], /did you mean pools.receiveBuckets/],
    [['--set', 'qqqqqqqqqq=5'], /"qqqqqqqqqq" is no setting of a card; docs\/settings.md lists them/],
    [
      ['TCP_RR', '--connections', '40', '--set', 'driver.socketsMax=100'],
      /--set driver.socketsMax=100: --connections 40 needs at least 144 sockets/,
    ],
    [['--json', './no/such/folder/x.csv'], /--json and --csv are the same file/],
    [['--json', '/dev/full'], /cannot write \/dev\/full: no space left on device/],
    [['--json', '/proc/inic'], /cannot write \/proc\/inic: no such file or directory/],
  ])('%j is refused by name', async (args, words) => {
    expect(await refusal(...args)).toMatch(words);
  });
});

describe('with sense', () => {
  it.each([
    [['TCP_RR', 'TCP_CRR', 'UDP_RR', '-r', '100,200']],
    [['TCP_RR', '--connections', '500', '--size', '1,1048576']],
    [['--repeats', '3..9', '--width', '5', '--confidence', '99']],
    [['--width', '5']],
    [['--neighbours', '0,1,2', '--pin', 'none']],
    [['--set', 'pools.receiveBuckets=64', '--set', 'driver.replyMode=auto', '--seed', '7']],
    [['MSG_RR', '--transport', 'ring,fifo,port,msgpack', '--iop', 'thread,inline']],
    [['TCP_MAERTS', 'UDP_STREAM', '--api', 'socket']],
  ])('%j is taken', async (args) => {
    expect(await refusal(...args)).toMatch(STOPPED);
  });

  it('settings are kept by their paths', () => {
    const flags: Flags = {
      stack: ['inic'],
      iop: ['thread'],
      transport: ['ring'],
      api: ['net'],
      pin: 'none',
      set: ['pools.receiveBuckets=64', 'tcpSegmentationOffload=false'],
      requestResponse: [1, 2],
      width: 3,
    };
    const options = benchOptions(['TCP_RR'] as Test[], flags, () => false);
    expect(options).toMatchObject({
      settings: { 'pools.receiveBuckets': 64, tcpSegmentationOffload: false },
      requestResponse: [1, 2],
      repeats: 3,
      repeatsMax: 30,
      interval: { confidence: 95, widthPercent: 3 },
      neighbours: [0],
    });
    expect(TESTS).toContain(options.tests[0]);
  });
});
