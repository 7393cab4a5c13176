/** How a file of scenarios is written. What it holds are the types of src/conform/card/vector-file.ts. */
import type { Scenario } from '../../../src/conform/card/vector-file.ts';
import { bytesText, frameValue, type SetupStep, VECTOR_MEMORY } from './vector.ts';

/** A word to compare with: only the bits of `mask` are judged. */
export interface WordPattern {
  readonly value: number;
  readonly mask: number;
}

/** Words as in `bytesText`; a nibble that is not judged is a dot. */
export function patternText(words: readonly WordPattern[]): string {
  const values = bytesText(words.map(({ value }) => value));
  const masks = bytesText(words.map(({ mask }) => mask));
  return [...values].map((digit, i) => (masks[i] === '0' ? '.' : digit)).join('');
}

export function scenarioText(
  name: string,
  classVersion: number,
  setups: Readonly<Record<string, readonly SetupStep[]>>,
  scenarios: readonly Scenario[],
): string {
  const head = {
    format: 'inic-scenarios',
    formatVersion: 1,
    generated: 'by spec/generate.ts from spec/*.yaml; do not edit',
    name,
    classVersion,
    memory: VECTOR_MEMORY,
  };
  const used = Object.entries(setups).map(([state, steps]) => {
    const values = steps.map(({ frame, ...rest }) => ({ ...rest, ...frameValue(frame) }));
    return `    ${JSON.stringify(state)}: ${JSON.stringify(values)}`;
  });
  const rows = scenarios.map(({ steps, ...rest }) => {
    const lines = steps.map((step) => `      ${JSON.stringify(step)}`);
    const opening = JSON.stringify(rest).slice(0, -1);
    return `    ${opening},"steps":[\n${lines.join(',\n')}\n    ]}`;
  });
  const [first] = JSON.stringify(head, null, 2).split(/\n}$/);
  const lists = [`"setups": {\n${used.join(',\n')}\n  }`, `"scenarios": [\n${rows.join(',\n')}\n  ]`];
  return `${[first, ...lists].join(',\n  ')}\n}\n`;
}
