/** Trips the assertions of src/validate: each test breaks a table that the validator keeps. */
import { describe } from 'vitest';
import { Coverage } from '../../src/validate/coverage.ts';
import { Findings } from '../../src/validate/findings.ts';
import { LanBuckets } from '../../src/validate/lan-buckets.ts';
import { LanListJudge } from '../../src/validate/lan-lists.ts';
import { LanLoans } from '../../src/validate/lan-loans.ts';
import { ListJudge } from '../../src/validate/list-judge.ts';
import { Machines, messageRows } from '../../src/validate/message-rows.ts';
import { ReceiveBuckets } from '../../src/validate/receive-buckets.ts';
import { Sockets } from '../../src/validate/sockets.ts';
import { Transactions } from '../../src/validate/transactions.ts';
import { TransmitBuffers } from '../../src/validate/transmit-buffers.ts';
import { WindowListJudge } from '../../src/validate/window-lists.ts';
import { trips } from '../rules/trips.ts';

const AREA = { offset: 4096, count: 4, bufferBytes: 2048 };
const SLOTS = { offset: 65536, count: 2, bufferBytes: 128 };

/** A table in which one request waits, of row 3. */
function waiting(): Transactions {
  const transactions = new Transactions(8, 16, new Findings());
  transactions.ask(3, 5, 6, -1, 0);
  return transactions;
}

describe('requests that wait', () => {
  trips('transactions: a request that is answered was counted as waiting', () => {
    const transactions = waiting();
    transactions.waitingOf[3] = 0;
    transactions.take(3, 5, 6, true);
  });
  trips('transactions: the table holds as many requests as wait', () => {
    const transactions = waiting();
    transactions.waiting = 2;
    transactions.forget(() => false);
  });
  trips('transactions: an entry is given back once', () => {
    const transactions = waiting();
    transactions.forget((entry) => {
      transactions.row[entry] = -1;
      return true;
    });
  });
});

describe('buffers and buckets', () => {
  trips('transmit buffers: a context comes home only after it was counted as out', () => {
    const buffers = new TransmitBuffers(AREA, SLOTS, new Findings());
    buffers.send(1, 0, true);
    buffers.out = 0;
    buffers.giveBack(1);
  });
  trips('receive buckets: a bucket is filled only after it was counted as posted', () => {
    const buckets = new ReceiveBuckets(AREA, new Findings());
    buckets.post(1, 1);
    buckets.withCard = 0;
    buckets.fill(1);
  });
});

describe('buckets and packets of network ports', () => {
  trips('lan lists: what a frame can name fits the tables', () => {
    const none = undefined as never;
    const judge = new LanListJudge(none, none, none, new Findings());
    judge.pieces = 1024;
    judge['note'](4096, 60);
  });
  trips('window lists: what a frame can name fits the tables', () => {
    const none = undefined as never;
    const judge = new WindowListJudge(none, none, none, new Findings());
    judge.pieces = 1024;
    judge['note'](4096, 60, 0);
  });
  trips('lan buckets: a bucket that comes back is in its chain', () => {
    const buckets = new LanBuckets(AREA, 1, new Findings());
    buckets.post(0, 7, AREA.offset, 60);
    buckets['context'][0] = 8;
    buckets['drop'](0);
  });
  trips('lan loans: a piece comes back that is out', () => {
    const loans = new LanLoans([AREA], 4, new Findings());
    loans.lend(1, AREA.offset, 60);
    loans['drop'](0);
    loans['drop'](0);
  });
});

describe('what is found and covered', () => {
  trips('findings: a rule that is reported is in spec/rules.yaml', () =>
    new Findings().report('Z-99', 0, 'a rule nobody wrote'),
  );
  trips('coverage: there is a column for every state of a socket', () => {
    const machines = new Machines();
    const rows = messageRows(machines, 'socket');
    const sockets = new Sockets(1, machines, new Findings());
    sockets.state[0] = 32;
    new Coverage(rows, machines.socket.states, sockets.state).request(rows[0], 0);
  });
  trips('list judge: what a frame can name fits the tables', () => {
    const none = undefined as never;
    const judge = new ListJudge(none, none, none, new Findings());
    judge.named = 1024;
    judge['name'](1, -1);
  });
});
