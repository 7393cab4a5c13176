/** How the end of a process is told: by what became of the program itself, not of a shell that waits for it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Conformance } from '../../src/conform/run/run.ts';
import { testFolder } from '../cli/commands.ts';

const ONLY = 'SocketNameGet/request/typical';
const folder = testFolder();

/** A program that answers Hello, and then does something. @returns the command that starts it. */
function program(name: string, then: string): string {
  const path = join(folder, `${name}.cjs`);
  const lines = [
    'const { closeSync, writeSync } = require("node:fs");',
    'process.stdin.once("data", () => {',
    '  const claims = Buffer.from("executive utility socket");',
    '  const words = Buffer.from(Uint32Array.of(2, 1, 8 + claims.length, 1, 0).buffer);',
    '  writeSync(1, Buffer.concat([words, claims]));',
    `  process.stdin.once("data", () => { ${then} });`,
    '});',
  ];
  writeFileSync(path, lines.join('\n'));
  return `${process.execPath} ${path}`;
}

function said(exec: string): string {
  const run = new Conformance({ target: { exec }, role: 'card', only: ONLY, patienceMs: 8000 }).run();
  const [verdict] = run.verdicts;
  return verdict === undefined ? run.failure : verdict.findings.map(({ what }) => what).join('; ');
}

describe('a process', () => {
  it.each([
    ['status', 'process.exit(7)', /the process ended with exit status 7$/],
    ['signal', 'process.kill(process.pid, "SIGSEGV")', /the process was ended by SIGSEGV$/],
    ['close', 'closeSync(1); setInterval(() => 0, 1000)', /it closed its end$/],
  ])('is told by its %s', (name, then, words) => {
    expect(said(program(name, then))).toMatch(words);
  });

  it('is started by all that a shell can say', () => {
    expect(said('cd / && exit 5')).toMatch(/exit status 5/);
    expect(said('STATUS=6 sh -c "exit \\$STATUS"')).toMatch(/exit status 6/);
    expect(said('exec sh -c "exit 4"')).toMatch(/exit status 4/);
  });
});
