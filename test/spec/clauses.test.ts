/** The clauses of the spec: every link leads somewhere, nothing is left without a clause or a clause bare. */
import { describe, expect, it } from 'vitest';
import { CLAUSE_FILES, readClauses } from '../../spec/generator/clauses.ts';
import { CASES } from '../../spec/models/cases.ts';
import { cardCases } from '../../src/conform/card/card-cases.ts';
import { hostCases } from '../../src/conform/host/host-cases.ts';
import { Claims } from '../../src/conform/link/claims.ts';
import { clauseOutcomes, clausesOfRole } from '../../src/conform/link/clause-outcomes.ts';
import { coverageJson, coverageText } from '../../src/report/spec-coverage.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { matchesAny, matchesPattern } from '../../src/spec/clause-pattern.ts';
import { allClauses, clauseWithId, coverageOf } from '../../src/spec/clauses.ts';
import { LAN_SURGERIES } from '../conformance/lan-surgeries.ts';
import { CARD_MUTANTS } from '../conformance/mutants-card.ts';
import { DRIVER_MUTANTS } from '../conformance/mutants-driver.ts';
import { FINER_MUTANTS } from '../conformance/mutants-finer.ts';
import { OWNER_MUTANTS } from '../conformance/mutants-owner.ts';
import { SURGERIES } from '../conformance/surgeries.ts';
import { WINDOW_SURGERIES } from '../conformance/window-surgeries.ts';
import { CUTS } from '../validate/cuts/all.ts';
import { readRepositoryFile } from './repository.ts';

/** Where mutants are, by what a clause writes before their names. */
const MUTANTS = {
  driver: DRIVER_MUTANTS,
  owner: OWNER_MUTANTS,
  card: CARD_MUTANTS,
  finer: FINER_MUTANTS,
  trace: SURGERIES,
  lan: LAN_SURGERIES,
  window: WINDOW_SURGERIES,
};
const NEXT =
  'a clause is a few lines in spec/clauses/*.yaml (take the next number of its section), and `npm run generate`';
const clauses = allClauses();
const mutants = Object.entries(MUTANTS).flatMap(([group, all]) => all.map(({ name }) => `${group}: ${name}`));
const cuts = CUTS.map(({ group, name }) => `${group}: ${name}`);
const cases = { card: cardCases(new Claims(''), true), host: hostCases() };
const runs = [...cases.card, ...cases.host].map(({ id }) => id);

/** Links of a clause that lead nowhere. */
function astray(links: readonly string[], known: readonly string[]): string[] {
  return links.filter((link) => !known.some((name) => matchesPattern(link, name)));
}

describe('clauses', () => {
  it('have something that shows each', () => {
    const bare = clauses.filter(({ rules, vectors, scenarios, mutants: broken, cuts: cut, models }) =>
      [rules, vectors.patterns, scenarios.patterns, broken, cut, models].every(({ length }) => length === 0),
    );
    const what = 'give each a rule, a vector, a scenario, a mutant, a cut or a model in spec/clauses/*.yaml';
    expect(
      bare.map(({ id }) => id),
      what,
    ).toEqual([]);
  });

  it('have every rule of the validator in one at least', () => {
    const without = CATALOGUE.rules.filter(({ id }) => clauses.every(({ rules }) => !rules.includes(id)));
    const what = `these rules are of no clause: name each in the \`rules\` of the clause that it shows; ${NEXT}`;
    expect(
      without.map(({ id, title }) => `${id} ${title}`),
      what,
    ).toEqual([]);
  });

  it('have every vector and scenario in one at least', () => {
    const left = [...cases.card, ...cases.host].filter(({ id, kind, vectors = [id] }) => {
      if (['tour', 'transfer', 'transport'].includes(kind))
        return clauses.every((one) => !matchesAny(one.runs, id));
      const links = clauses.map((clause) => (kind === 'scenario' ? clause.scenarios : clause.vectors));
      return !vectors.every((vector) => links.some(({ patterns }) => matchesAny(patterns, vector)));
    });
    const what = `these are of no clause: name each, or a pattern of it, in one; ${NEXT}`;
    expect(
      left.map(({ id }) => id),
      what,
    ).toEqual([]);
  });

  it.each(['card', 'host'] as const)('say of a %s what no case of inic conform judges, and why', (role) => {
    const byPipe = role === 'card' ? cardCases(new Claims('')) : cases.host;
    const judged = new Set(
      byPipe.flatMap((one) => clauseOutcomes(one, role, 'passed', [])).map(({ id }) => id),
    );
    const wrong = clausesOfRole(role).filter(
      ({ id, unseen }) => judged.has(id) === (unseen[role] !== undefined),
    );
    const what = 'a clause has either a case that judges it or, under `unseen`, the reason why none can';
    expect(
      wrong.map(({ id }) => id),
      what,
    ).toEqual([]);
  });

  it.each(clauses.map((clause) => [clause.id, clause] as const))('%s names what there is', (_id, clause) => {
    expect(astray(clause.mutants, mutants), 'no such mutant in test/conformance').toEqual([]);
    expect(astray(clause.cuts, cuts), 'no such cut in test/validate/cuts').toEqual([]);
    expect(astray(clause.runs, runs), 'no such case of inic conform').toEqual([]);
    expect(
      astray(
        clause.models,
        CASES.map(({ model }) => model),
      ),
      'no such model in spec/models',
    ).toEqual([]);
    const broken = clause.mutants.map((link) => {
      const [group] = link.split(': ');
      const all: readonly { name: string; rule: string }[] = MUTANTS[group as keyof typeof MUTANTS];
      return all.find(({ name }) => link === `${group}: ${name}`)!.rule;
    });
    const told = CUTS.filter(({ group, name }) => clause.cuts.includes(`${group}: ${name}`));
    // What is broken on purpose must break a rule of the clause that it stands at.
    for (const rule of broken) expect(clause.rules, `a mutant of it breaks ${rule}`).toContain(rule);
    for (const { rules, name } of told) {
      expect(
        rules.some((rule) => clause.rules.includes(rule)),
        `${name}: ${rules}`,
      ).toBe(true);
    }
  });

  it('are numbered once each, and are found whatever the case', () => {
    expect(new Set(clauses.map(({ id }) => id)).size).toBe(clauses.length);
    for (const clause of clauses) expect(clauseWithId(clause.id.toLowerCase())).toBe(clause);
    expect(clauseWithId('CARD-0.1')).toBeUndefined();
  });
});

describe('reading them', () => {
  const ground = { rules: ['H-01'], vectors: ['A/request/typical'], scenarios: [] };
  const read = (clause: string): unknown =>
    readClauses(
      new Map([['x.yaml', `parts: [{ role: card, section: 3, title: T, clauses: [{ ${clause} }] }]`]]),
      ground,
    );

  it.each([
    ['id: CARD-4.1, must: x', /CARD-4\.1: its number begins with CARD-3\./],
    ['id: CARD-3.1', /says either what it must or what it should/],
    ['id: CARD-3.1, must: x, rules: [H-99]', /CARD-3\.1: spec\/rules\.yaml has no rule H-99/],
    ["id: CARD-3.1, must: x, vectors: ['B/*']", /CARD-3\.1: there is no vector "B\/\*"/],
    ["id: CARD-3.1, must: x, scenarios: ['s']", /there is no scenario "s"/],
    ['id: CARD-3.1, must: x, tests: [y]', /unknown key "tests"/],
  ])('refuses { %s }', (clause, words) => {
    expect(() => read(clause)).toThrow(words);
  });

  it('takes patterns for all that they stand for', () => {
    expect(read("id: CARD-3.1, should: x, vectors: ['A/*', '*/typical']")).toMatchObject([
      { level: 'SHOULD', vectors: { count: 1 } },
    ]);
    expect(matchesPattern('a.b/*', 'aXb/c')).toBe(false);
    expect(matchesPattern('*', '')).toBe(true);
  });
});

describe('coverage', () => {
  it.each([40, 60, 80, 100, 200])('keeps within %i columns', (width) => {
    const lines = coverageText(width, (text) => text);
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    for (const { id } of clauses) expect(lines.some((line) => line.startsWith(`${id} `))).toBe(true);
  });

  it('counts as data what the clauses name', () => {
    const {
      totals,
      roles,
      clauses: rows,
    } = JSON.parse(coverageJson('inic')) as {
      totals: { clauses: number; must: number; should: number; bare: string[] };
      roles: { clauses: number }[];
      clauses: { id: string; coverage: object }[];
    };
    expect(totals).toMatchObject({ clauses: clauses.length, bare: [] });
    expect(totals.must + totals.should).toBe(clauses.length);
    expect(roles.reduce((sum, role) => sum + role.clauses, 0)).toBe(clauses.length);
    for (const { id, coverage } of rows) expect(coverage).toEqual(coverageOf(clauseWithId(id)!));
  });
});

describe('the spec, to who has the package alone', () => {
  const PAGES = ['spec', 'spec-tool', 'clauses', 'trace-format', 'pipe', 'conform', 'validate'];
  const YAML = [
    ...['conformance', 'counters', 'executive', 'frame', 'groups', 'lan', 'numbers', 'pipe', 'rules'],
    ...['socket', 'states', 'utility', 'window'],
  ];
  const files = [
    ...PAGES.map((name) => `docs/${name}.md`),
    ...YAML.map((name) => `spec/${name}.yaml`),
    ...CLAUSE_FILES,
    'spec/vectors/README.md',
  ];

  it.each(files)('%s cites no source that is not in it', (path) => {
    // What is built is in the package, its sources are not.
    expect(readRepositoryFile(path).match(/(?<!dist\/)\bsrc\/[\w/-]+\.ts\b/g) ?? []).toEqual([]);
  });
});
