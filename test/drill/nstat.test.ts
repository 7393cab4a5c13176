/** What `nstat` of a script tells of the counters, and what `grep` finds of it. */
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { drillScript } from '../../src/drill/run/runner.ts';

const MEMORY = new DrillMemory();

function outcome(script: string): string {
  const { outcome: name, place, words } = drillScript('a.pkt', script, { memory: MEMORY });
  return name === 'passed' ? name : `${place?.line} ${name}: ${words}`;
}

/** A connection whose first segment is lost twice: a probe, then a time-out. */
const script = (...asked: string[]) => `0 \`nstat -n\`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>
+.01 < . 1:1(0) ack 1 win 20000
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 1000) = 1000
+0 > P. 1:1001(1000) ack 1
+.21 > P. 1:1001(1000) ack 1
+.21~+.45 > P. 1:1001(1000) ack 1
${asked.map((line) => `+0 \`${line}\`\n`).join('')}`;

describe('nstat', () => {
  it.each([
    'nstat | grep TcpExtTCPTimeouts',
    'nstat -z | grep -q TcpExtTCPTimeouts | grep -q " 1 "',
    'nstat | grep TcpExtTCPLossProbes > /dev/null',
    'nstat | grep TcpPassiveOpens | grep -w 1',
    'nstat -z | grep TcpExtListenOverflows | grep -w 0',
  ])('finds what has moved: %s', (line) => {
    expect(outcome(script(line))).toBe('passed');
  });

  it('fails where nothing is found, and says what there is', () => {
    expect(outcome(script('nstat | grep TcpExtListenOverflows'))).toMatch(
      /^13 failed: nstat \| grep TcpExtListenOverflows: nothing with TcpExtListenOverflows, of IpInReceives/,
    );
    expect(outcome(script('nstat | grep TcpPassiveOpens | grep -w 2'))).toContain('failed');
  });

  it('tells what has moved since it was last called, unless it is told to keep no history', () => {
    const [told, silent] = ['nstat | grep TcpPassiveOpens', 'nstat -s | grep TcpPassiveOpens'];
    expect(outcome(script(told, told))).toContain('14 failed');
    expect(outcome(script(silent, told))).toBe('passed');
    expect(outcome(script(told, 'nstat -as | grep TcpPassiveOpens'))).toBe('passed');
    expect(outcome(script('nstat -n', told))).toContain('14 failed');
  });

  it('of a counter that there is not, or in another way, is not judged', () => {
    for (const [line, what] of [
      ['nstat | grep TcpExtBeyondWindow', 'the counter TcpExtBeyondWindow'],
      ['nstat -j', 'the command nstat -j'],
      ['nstat | awk 1', 'the command nstat | awk 1'],
      ['nstat -az TcpPassiveOpens', 'the command nstat -az TcpPassiveOpens'],
    ]) {
      expect(outcome(script(line))).toContain(`13 not judged: ${what}`);
    }
  });
});
