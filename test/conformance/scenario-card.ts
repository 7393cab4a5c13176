/** Runs scenarios of spec/vectors/scenarios on our own card. */
import { runScenario as run } from '../../src/conform/card/scenario.ts';
import type { Scenario, ScenarioFile } from '../../src/conform/card/vector-file.ts';
import { VectorCard } from './vector-card.ts';

export { functionNamed } from '../../src/conform/card/scenario.ts';
export type { Scenario, ScenarioFile } from '../../src/conform/card/vector-file.ts';

export function runScenario(file: ScenarioFile, scenario: Scenario): { card: VectorCard; wrong: string[] } {
  const { classVersion, transport } = scenario;
  const card = new VectorCard('socket', {
    ...(classVersion === undefined ? {} : { classVersion }),
    ...(transport === undefined ? {} : { transport }),
  });
  return { card, wrong: run(card, file, scenario) };
}
