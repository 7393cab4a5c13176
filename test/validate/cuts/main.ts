/**
 * `npm run cuts`: makes every kind of cut in eight places of each trace, or in as many as the first argument says;
 * `npm run cuts -- rules` prints each kind with the rules of which one must tell it.
 */
import { CUTS, cutTable, tryAll } from './all.ts';

const [wanted = '8'] = process.argv.slice(2);
const lines =
  wanted === 'rules'
    ? CUTS.map(
        ({ group, name, rules, undecidable }) => `${group}: ${name}: ${undecidable ?? rules.join(', ')}`,
      )
    : cutTable(tryAll(Number(wanted)));
process.stdout.write(`${lines.join('\n')}\n`);
