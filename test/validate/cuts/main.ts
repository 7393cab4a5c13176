/** `npm run cuts`: makes every kind of cut in eight places of each trace, or in as many as the first argument says. */
import { cutTable, tryAll } from './all.ts';

const most = Number(process.argv[2] ?? 8);
process.stdout.write(`${cutTable(tryAll(most)).join('\n')}\n`);
