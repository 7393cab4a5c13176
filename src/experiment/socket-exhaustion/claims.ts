/** The claims about sockets, ports and processor, each with what takes its alleged cause away. */
import { type Effect, effectOf, ratioOf } from '../claims/effect.ts';
import type { Claim } from '../claims/judge.ts';
import { portCeiling } from './arm.ts';
import type { ArmName } from './arms.ts';
import type { ArmRun } from './run-arm.ts';
import { processorCeiling, type Runs, unansweredPercent } from './runs.ts';
import { UNANSWERED_PERCENT } from './settings.ts';

const TOLD = 'the case as it is told: CentOS 4.6, Linux 2.6.9';
const DERIVED = 'derived: ports of a pair over the time each is held';
const HOPE = 'what offload is hoped to do';
/** What ending idle connections at once is said to cost, of a hundred transactions. */
export const SAID_LOSS_PERCENT = 30;
/** A change that counts as moving the ceiling. */
const MOVES = 1.3;
/** A request that is hardly more than its protocol, in microseconds of one core. */
export const LIGHT_WORK_US = 100;

type Of = (run: ArmRun) => number;
const rate: Of = ({ answeredPerS }) => answeredPerS;

export function socketClaims({ arms }: Runs): Claim[] {
  const of = (name: ArmName, value: Of): number[] => arms[name].map(value);
  const unanswered = (name: ArmName): Effect =>
    effectOf('requests not answered, of a hundred', '%', of(name, unansweredPercent));
  return [
    {
      name: 'idle-exhausts',
      statement: 'All sockets are used up because connections rest before they are ended.',
      source: TOLD,
      effect: unanswered('idle'),
      bound: { above: UNANSWERED_PERCENT },
      without: { cause: 'the rest', effect: unanswered('once') },
      under: [
        {
          factor: 'who holds TIME-WAIT and how long',
          condition: arms.idleOther[0].arm.name,
          effect: unanswered('idleOther'),
        },
        {
          factor: 'who holds TIME-WAIT and how long',
          condition: arms.idleServer[0].arm.name,
          effect: unanswered('idleServer'),
        },
        {
          factor: 'who holds TIME-WAIT and how long',
          condition: 'half of TIME-WAIT',
          effect: unanswered('idleHalfWait'),
        },
        {
          factor: 'how many addresses there are',
          condition: 'twice the addresses',
          effect: unanswered('idleAddresses'),
        },
        {
          factor: 'whether connections are used again',
          condition: 'connections used again',
          effect: unanswered('reuse'),
        },
      ],
    },
    {
      name: 'processor-exhausts',
      statement: 'All sockets are used up because the processor is too busy to be rid of them.',
      source: 'an explanation that about 75 % of processor suggests',
      effect: unanswered('idle'),
      bound: { above: UNANSWERED_PERCENT },
      without: { cause: 'any work of the processor', effect: unanswered('idleFree') },
    },
    refusedAtOnce(arms),
    portsAreTheCeiling(arms),
    portsBindFirst(arms),
    ...moves(arms),
    atOnceCosts(arms),
    offloadSparesProcessor(arms),
  ];
}

/** Of requests that came to nothing or hang, those that were refused within their call, of a hundred. */
function refusedPercent({ refusals, hanging }: ArmRun): number {
  const all = Object.values(refusals).reduce((sum: number, count: number) => sum + count, hanging);
  return all === 0 ? 100 : (100 * refusals.ports) / all;
}

function refusedAtOnce(arms: Runs['arms']): Claim {
  const share = (name: ArmName): Effect =>
    effectOf(
      'of requests that came to nothing or hang, refused at once by EADDRNOTAVAIL',
      '%',
      arms[name].map(refusedPercent),
    );
  return {
    name: 'refused-at-once',
    statement: 'Whoever asks when all sockets are used up is refused at once, and nobody hangs.',
    source: 'derived: a connect finds its port, or none, before anything is sent',
    effect: share('idle'),
    bound: { above: 99 },
    under: [
      {
        factor: 'whose sockets run out',
        condition: "the server's run out before the balancer's",
        effect: share('serverFull'),
      },
    ],
  };
}

function portsAreTheCeiling(arms: Runs['arms']): Claim {
  const share = (name: ArmName): Effect =>
    ratioOf(
      'connections a second, of what ports over TIME-WAIT come to',
      arms[name].map(rate),
      arms[name].map(() => portCeiling(arms.portsOnce[0].arm)),
    );
  return {
    name: 'ports-are-the-ceiling',
    statement:
      'However fast the machines, no more connections a second get through than ports over TIME-WAIT.',
    source: DERIVED,
    effect: share('portsOnce'),
    bound: { below: 1.03 },
    without: { cause: 'TIME-WAIT', effect: share('portsReset') },
  };
}

function portsBindFirst(arms: Runs['arms']): Claim {
  const ratio = (ports: ArmName): Effect =>
    ratioOf(
      "the processor's ceiling over that of the ports",
      arms.processor.map((run) => processorCeiling(run)),
      arms[ports].map(rate),
    );
  return {
    name: 'ports-bind-first',
    statement: 'Ports and TIME-WAIT bind before the processor does.',
    source: DERIVED,
    effect: ratio('ports'),
    bound: { above: 1 },
    under: [
      { factor: 'when connections are ended', condition: 'an end at once', effect: ratio('portsOnce') },
      {
        factor: 'how many addresses the balancer has',
        condition: 'an end at once and twice the addresses',
        effect: ratio('portsTwice'),
      },
    ],
  };
}

/** What is said to move the ceiling of the ports, each against what moves it by itself. */
function moves(arms: Runs['arms']): Claim[] {
  const times = (name: ArmName, base: ArmName = 'portsOnce'): Effect =>
    ratioOf('connections a second, ports alone', arms[name].map(rate), arms[base].map(rate));
  const claim = (
    name: string,
    statement: string,
    effect: Effect,
    without?: Claim['without'],
    source = DERIVED,
  ): Claim => ({
    name,
    statement,
    source,
    effect,
    bound: { above: MOVES },
    ...(without === undefined ? {} : { without }),
  });
  return [
    claim(
      'offload-moves',
      'An iNIC in the host’s place moves the ceiling.',
      times('portsCard'),
      undefined,
      HOPE,
    ),
    claim(
      'addresses-move',
      'More addresses of the balancer move the ceiling.',
      times('portsTwice', 'portsOnceMore'),
      {
        cause: 'ports of their own',
        effect: times('portsSplit'),
      },
    ),
    claim('time-wait-moves', 'A shorter TIME-WAIT moves the ceiling.', times('portsHalfWait')),
    claim(
      'reuse-by-timestamp-moves',
      'Use of a pair in TIME-WAIT again (tcp_tw_reuse) moves it.',
      times('portsTwReuse'),
      {
        cause: 'timestamps',
        effect: times('portsTwReuseBare'),
      },
      'RFC 6191 section 2',
    ),
    claim('server-first-moves', 'A server that ends first moves it.', times('portsServer')),
    claim('keep-alive-moves', 'Connections used again move it.', times('portsKept', 'ports'), {
      cause: 'their use again',
      effect: times('ports', 'ports'),
    }),
  ];
}

function atOnceCosts(arms: Runs['arms']): Claim {
  const loss = (each: readonly number[], kept: readonly number[]): Effect =>
    effectOf(
      'transactions lost, of a hundred',
      '%',
      each.map((value, i) => (1 - value / kept[i]) * 100),
    );
  const ceilings = (name: ArmName, workUs: number): number[] =>
    arms[name].map((run) => processorCeiling(run, workUs));
  return {
    name: 'at-once-costs',
    statement: 'Ending idle connections at once costs 30 to 33 % of the transactions.',
    source: TOLD,
    effect: loss(arms.once.map(rate), arms.idle.map(rate)),
    bound: { above: SAID_LOSS_PERCENT },
    under: [
      {
        factor: 'whether connections were used again and what a request costs',
        condition: 'connections used again and a full processor',
        effect: loss(
          ceilings('processor', arms.processor[0].arm.workUs),
          ceilings('processorKept', arms.processor[0].arm.workUs),
        ),
      },
      {
        factor: 'whether connections were used again and what a request costs',
        condition: 'connections used again, a full processor, and requests that cost it nothing themselves',
        effect: loss(ceilings('processor', 0), ceilings('processorKept', 0)),
      },
    ],
  };
}

function offloadSparesProcessor(arms: Runs['arms']): Claim {
  const more = (workUs: number): Effect =>
    ratioOf(
      "the processor's ceiling with an iNIC over that without",
      arms.processorCard.map((run) => processorCeiling(run, workUs)),
      arms.processor.map((run) => processorCeiling(run, workUs)),
    );
  return {
    name: 'offload-spares',
    statement: 'An iNIC lets the server’s processor answer at least 5 % more.',
    source: HOPE,
    effect: more(arms.processor[0].arm.workUs),
    bound: { above: 1.05 },
    under: [
      {
        factor: 'how much of the processor the application needs',
        condition: `requests of ${LIGHT_WORK_US} µs`,
        effect: more(LIGHT_WORK_US),
      },
    ],
  };
}
