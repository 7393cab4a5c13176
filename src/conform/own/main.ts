/**
 * Our own card and host at the back-end's end of the pipe: `node main.js [--fault NAME]`. What `inic conform`
 * says of a card or a host is proven on it, and on its faults.
 */
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_ROLE_CARD } from '../pipe/pipe.gen.ts';
import { Backend } from './backend.ts';
import { ALL_CARD_FAULTS } from './card-faults.ts';
import { HOST_FAULTS } from './host-faults.ts';
import { serveCard } from './own-card.ts';
import { serveHost } from './own-host.ts';

const ALL = 'executive utility socket lan window echo lists parameters transactions sent golden preserve';

const at = process.argv.indexOf('--fault');
const named = at < 0 ? undefined : process.argv[at + 1];
function serve(): never {
  const backend = new Backend((role) => (role === PIPE_ROLE_CARD ? ALL : 'executive utility socket'));
  const isCard = backend.role === PIPE_ROLE_CARD;
  const faults: readonly string[] = isCard ? ALL_CARD_FAULTS : HOST_FAULTS;
  if (named !== undefined && !faults.includes(named)) {
    process.stderr.write(`there is no fault "${named}": it is one of ${faults.join(', ')}\n`);
    process.exit(1);
  }
  if (isCard) {
    serveCard(
      backend,
      ALL_CARD_FAULTS.find((name) => name === named),
    );
  } else {
    serveHost(
      backend,
      HOST_FAULTS.find((name) => name === named),
    );
  }
}

try {
  serve();
} catch (error) {
  if (!(error instanceof PipeFault)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
