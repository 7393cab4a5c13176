/** Cuts into the ledgers at a trace's end: what was counted of packets and messages, and counters against each other. */
import type { Tape } from '../../conformance/trace-surgery.ts';
import { type Cut, cutsOf, type Ground } from './cut.ts';

const ledgers = cutsOf('ledgers');
const onEnd =
  (edit: (host: Record<string, number>, iop: Record<string, number>, tape: Tape) => unknown) =>
  (tape: Tape) => [
    () => edit(tape.finish!.host as Record<string, number>, tape.finish!.iop as Record<string, number>, tape),
  ];
const counted = (side: 'host' | 'iop', counter: string, rule: string, transport?: Ground): Cut =>
  ledgers(
    `the ${side === 'host' ? 'host' : 'card'}’s ${counter}, one more`,
    [rule],
    onEnd((host, iop) => {
      (side === 'host' ? host : iop)[counter] += 1;
    }),
    transport,
  );

export const COUNTER_CUTS: readonly Cut[] = [
  ...[
    'deviceTxPackets',
    'deviceTxPacketsBytes',
    'tcpOutSegs',
    'tcpRetransSegs',
    'tcpOutRsts',
    'udpOutDatagrams',
  ].map((counter) => counted('iop', counter, 'R-10')),
  ...['arpRequestsSent', 'arpRepliesSent', 'arpProbesSent', 'icmpOutEchoReps'].map((counter) =>
    counted('iop', counter, 'R-10'),
  ),
  ...['deviceRxPackets', 'deviceRxPacketsBytes', 'arpReceived'].map((counter) =>
    counted('iop', counter, 'R-10', 'linked'),
  ),
  ...[
    'messageRequests',
    'messageReplies',
    'nops',
    'failuresTaken',
    'eventsTaken',
    'executiveEventsTaken',
  ].map((counter) => counted('host', counter, 'R-11')),
  ...['datagramsSent', 'datagramsReceived', 'datagramsReceivedBytes', 'datagramsCutBytes'].map((counter) =>
    counted('host', counter, 'R-11'),
  ),
  counted('iop', 'replyFaults', 'R-11'),
  ledgers('a packet lost that is there', ['R-10'], (tape) => [
    () => {
      tape.finish = { ...tape.finish!, lost: 1 };
    },
  ]),
  ledgers(
    'a counter of the card’s in the host’s ledger',
    ['R-12'],
    onEnd((host) => void (host['iopPolls'] = 7)),
  ),
  ledgers(
    'a counter of the host’s in the card’s ledger',
    ['R-12'],
    onEnd((_, iop) => void (iop['userCalls'] = 7)),
  ),
  ledgers(
    'a link’s counter in the card’s ledger',
    ['R-12'],
    onEnd((_, iop) => void (iop['wireDropped'] = 1)),
  ),
  ledgers(
    'a counter below 0',
    ['R-12'],
    onEnd((host) => void (host['inboundFull'] = -1)),
  ),
  ledgers(
    'bytes of no copy',
    ['R-12'],
    onEnd((host) => void (host['peekCopiesBytes'] = 5)),
  ),
  ...(
    [
      ['host', 'hostIdlePolls', 'hostPolls'],
      ['host', 'hostRests', 'hostIdlePolls'],
      ['host', 'userWouldBlock', 'userCalls'],
      ['iop', 'iopIdlePolls', 'iopPolls'],
      ['iop', 'tcpInErrs', 'tcpInSegs'],
      ['iop', 'ipReasmOks', 'ipReasmReqds'],
      ['iop', 'icmpInEchos', 'icmpInMsgs'],
    ] as const
  ).map(([side, part, whole]) =>
    ledgers(
      `more ${part} than ${whole}`,
      ['R-12'],
      onEnd((host, iop) => {
        const counters = side === 'host' ? host : iop;
        counters[part] = counters[whole] + 1;
      }),
    ),
  ),
  {
    ...ledgers(
      'an event lost that was not',
      [],
      onEnd((_, iop) => void (iop['eventsLost'] += 1)),
    ),
    undecidable: 'an event that found no frame leaves nothing in a trace',
  },
];
