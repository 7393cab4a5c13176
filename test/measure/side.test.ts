/** The process of one side: it opens, runs and closes what it is told to, and says what went wrong. */
import { afterEach, describe, expect, it } from 'vitest';
import type { SidePlan } from '../../src/measure/side-protocol.ts';

// The client forks the compiled process.
const compiled = new URL('../../dist/src/measure/side-client.js', import.meta.url).href;
const { SideClient } = (await import(compiled)) as typeof import('../../src/measure/side-client.ts');

const clients: InstanceType<typeof SideClient>[] = [];
const newClient = (graceMs?: number) => {
  const client = new SideClient(graceMs);
  clients.push(client);
  return client;
};
afterEach(() => {
  for (const client of clients.splice(0)) client.kill();
});

const plan = (part: Partial<SidePlan>): SidePlan => ({
  test: 'MSG_RR',
  api: 'message',
  load: { connections: 1, size: 64 },
  side: { stack: 'inic', transport: 'port' },
  ...part,
});

const childOf = (client: InstanceType<typeof SideClient>) => client['process']['child'];

describe('a side', () => {
  it('measures what it is told, keeps no latency of a warm-up, and ends when it is closed', async () => {
    const client = newClient();
    await client.open(plan({}));
    const warm = await client.run(5e6, true);
    const repeat = await client.run(5e6, false);
    expect(warm.operations).toBeGreaterThan(0);
    expect(repeat.rate).toBeCloseTo((repeat.operations / repeat.elapsedNs) * 1e9, 6);
    expect(repeat.ledger).toBeNull();
    const { latencyUs, reconciliation } = await client.close();
    expect(latencyUs).toEqual(repeat.latencyUs);
    expect(reconciliation).toBeNull();
  });

  it('on a card counts in its ledger, and its books balance', async () => {
    const client = newClient();
    await client.open(plan({ test: 'TCP_RR', api: 'socket', side: { stack: 'inic', transport: 'ring' } }));
    const { ledger, operations } = await client.run(10e6, false);
    expect(ledger?.['userCalls']).toBeGreaterThan(operations);
    const { reconciliation, configuration } = await client.close();
    expect(reconciliation).toMatchObject({ balanced: true, lines: [] });
    expect(configuration).not.toBeNull();
  });

  it("on the host's own stack counts as well, and its books balance", async () => {
    for (const test of ['TCP_RR', 'TCP_CRR', 'TCP_STREAM', 'TCP_MAERTS', 'UDP_RR', 'UDP_STREAM'] as const) {
      const client = newClient();
      await client.open(plan({ test, api: 'socket', side: { stack: 'host', transport: null } }));
      const { ledger, operations, iopCpuNs } = await client.run(10e6, false);
      expect(ledger?.['sendCopiesBytes'], test).toBeGreaterThan(operations);
      expect(iopCpuNs).toBeNull();
      expect((await client.close()).reconciliation, test).toMatchObject({ balanced: true, lines: [] });
    }
  });

  it('that cannot be opened says why, and goes on to answer', async () => {
    const client = newClient();
    const wrong = plan({ test: 'HTTP', api: 'socket', side: { stack: 'inic', transport: 'ring' } });
    await expect(client.open(wrong)).rejects.toThrow('HTTP has no program of socket calls');
    await expect(client.run(1e6, false)).rejects.toThrow('run before open');
  });

  it('whose process dies fails the command that waits', async () => {
    const client = newClient();
    await client.open(plan({}));
    const waiting = client.run(60e9, false);
    childOf(client).kill('SIGKILL');
    await expect(waiting).rejects.toThrow('its process ended with signal SIGKILL');
  });

  it('whose end is heard of before its answer has answered all the same', async () => {
    const client = newClient();
    await client.open(plan({}));
    const waiting = client.run(5e6, false);
    childOf(client).emit('exit', 0, null);
    expect((await waiting).operations).toBeGreaterThan(0);
  });

  it('whose process hangs fails the command that waits, when its time is up', async () => {
    const client = newClient(500);
    childOf(client).kill('SIGSTOP');
    await expect(client.open(plan({}))).rejects.toThrow('no answer for 0.5 s');
  });
});
