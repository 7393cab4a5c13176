/** The claims: each aim's gate with the switch that breaks it, each aim's price, and the message layer's. */
import { type Effect, effectOf, exactly, partOf, ratioOf } from '../claims/effect.ts';
import type { Bound, Claim } from '../claims/judge.ts';
import { type Measure, priceOf, processorNs } from './prices.ts';
import type { Load, RequestFigures } from './requests.ts';
import {
  AIMS,
  ALLOCATED,
  AS_IT_IS,
  BOUNCED,
  INTERRUPTED,
  LAYER_CHANGES,
  MAPPED,
  PLAIN_I2O,
  type Variant,
} from './variants.ts';

const ARTICLE = "the article's aims";
/** A request and its answer are two messages, each of which two hosts handle. */
const MESSAGES = 2;
const HOSTS = 2;
/** Beyond this a price is worth naming. */
const PRICE_PERCENT = 1;
/** Of rounding, and of requests that begin before a run is measured. */
const NEARLY = 1.05;

interface Gate {
  readonly name: string;
  readonly statement: string;
  readonly what: string;
  readonly bound: Bound;
  readonly cause: string;
  readonly breaks: Variant;
  /** Whether chance has no part in it: a count that is the same with every seed. */
  readonly certain?: true;
  readonly of: (figures: RequestFigures) => number;
  /** Where else it is looked at. */
  readonly under?: { readonly factor: string; readonly condition: string; readonly load: Partial<Load> };
}

/** The four gates. @param smallBytes of a request that travels within its message. */
export function gateClaims(measure: Measure, load: Load, smallBytes: number): Claim[] {
  const gates: readonly Gate[] = [
    {
      name: 'copies',
      statement: 'A message is copied once by the host that sends it and once by the one that receives it.',
      what: 'copies by a processor, of a message at a host',
      bound: { below: NEARLY },
      cause: 'buffers that the card reads and writes in place',
      breaks: BOUNCED,
      of: ({ copies }) => copies / MESSAGES / HOSTS,
      under: {
        factor: 'the size of a message',
        condition: `messages of ${smallBytes} bytes, which go within frames and are copied by the card too`,
        load: { sizeBytes: smallBytes },
      },
    },
    {
      name: 'interrupts',
      statement: 'A request interrupts its hosts less than once each.',
      what: 'interrupts of a host, for a request',
      bound: { below: 1 },
      cause: 'notification that waits until it is asked for',
      breaks: INTERRUPTED,
      of: ({ interrupts }) => interrupts / HOSTS,
      under: {
        factor: 'the load',
        condition: 'one connection, which leaves the hosts at rest in between',
        load: { connections: 1 },
      },
    },
    {
      name: 'mappings',
      statement: 'No address is mapped at run time.',
      what: 'mappings, for a request',
      bound: { below: 0.001 },
      cause: 'pools that are mapped when a card starts',
      certain: true,
      breaks: MAPPED,
      of: ({ mappings }) => mappings,
    },
    {
      name: 'allocations',
      statement: 'No buffer is allocated at run time.',
      what: 'allocations, for a request',
      bound: { below: 0.001 },
      cause: 'pools that are allocated when a card starts',
      certain: true,
      breaks: ALLOCATED,
      of: ({ allocations }) => allocations,
    },
  ];
  return [...gates.map((gate) => gateClaim(measure, load, gate)), dmaClaim(measure, load)];
}

function gateClaim(measure: Measure, load: Load, gate: Gate): Claim {
  const { name, statement, what, bound, cause, breaks, of, under } = gate;
  const sized = (figures: readonly RequestFigures[]): Effect => {
    const values = figures.map(of);
    if (gate.certain !== true) return effectOf(what, '', values);
    return exactly(what, '', values.reduce((sum, value) => sum + value, 0) / values.length);
  };
  const there =
    under === undefined ? [] : [{ ...under, effect: sized(measure({ ...load, ...under.load }, AS_IT_IS)) }];
  return {
    name,
    statement,
    source: ARTICLE,
    effect: sized(measure(load, AS_IT_IS)),
    bound,
    without: { cause, effect: sized(measure(load, breaks)) },
    under: there,
  };
}

function dmaClaim(measure: Measure, load: Load): Claim {
  const each = measure(load, AS_IT_IS).map(({ dmaRequests }) => dmaRequests / MESSAGES);
  return {
    name: 'dma',
    statement: "A message's payload crosses the bus by one DMA request out and one in.",
    source: ARTICLE,
    effect: effectOf('DMA requests for the payload of a message', '', each),
    bound: { below: 2 * NEARLY },
    under: [
      {
        factor: 'the size of a message',
        condition: 'messages of 16,384 bytes, which are fetched in several sends',
        effect: effectOf(
          'DMA requests for the payload of a message',
          '',
          measure({ ...load, sizeBytes: 16_384 }, AS_IT_IS).map(({ dmaRequests }) => dmaRequests / MESSAGES),
        ),
      },
    ],
  };
}

/** What keeping each aim saves. @param elsewhere another profile, whose prices are seen beside. */
export function priceClaims(measure: Measure, load: Load, elsewhere: string): Claim[] {
  const other = { ...load, costs: elsewhere };
  return AIMS.map((aim, i) => {
    const what = `processor time of a request with ${aim.name}, more`;
    return {
      name: `price-${['copies', 'interrupts', 'mappings', 'allocations'][i]}`,
      statement: `With ${aim.name} a request takes over ${PRICE_PERCENT} % more processor time.`,
      source: 'what an aim must be worth to be one',
      effect: priceOf(what, measure(load, aim), measure(load, AS_IT_IS)),
      bound: { above: PRICE_PERCENT },
      under: [
        {
          factor: 'what work costs',
          condition: `costs of ${elsewhere}`,
          effect: priceOf(what, measure(other, aim), measure(other, AS_IT_IS)),
        },
      ],
    };
  });
}

/** Plain I2O beside what was made of it. */
export function layerClaims(measure: Measure, load: Load, elsewhere: string): Claim[] {
  const what = "processor time of a request by plain I2O, against the message layer's";
  const against = (of: Load): Effect =>
    ratioOf(what, measure(of, PLAIN_I2O).map(processorNs), measure(of, AS_IT_IS).map(processorNs));
  const parts = LAYER_CHANGES.map((change): [string, number] => [
    change.name,
    priceOf('', measure(load, change), measure(load, AS_IT_IS)).mean,
  ]);
  const [most] = parts.reduce((a, b) => (b[1] > a[1] ? b : a));
  const largest = LAYER_CHANGES.find(({ name }) => name === most) ?? PLAIN_I2O;
  const dearer = (variant: Variant): number[] =>
    measure(load, variant).map((one, i) => processorNs(one) - processorNs(measure(load, AS_IT_IS)[i]));
  const wholes = dearer(PLAIN_I2O);
  // Of a whole that is nothing, or less, in some seed, no change has a part.
  const oneChange = wholes.every((whole) => whole > 0) ? [oneChangeClaim(most, dearer(largest), wholes)] : [];
  return [
    {
      name: 'layer',
      statement:
        'The changed message layer takes a request at least a tenth less processor time than plain I2O.',
      source: 'the article: I2O was changed to increase performance and minimise latencies',
      effect: against(load),
      bound: { above: 1.1 },
      under: [
        {
          factor: 'what work costs',
          condition: `costs of ${elsewhere}`,
          effect: against({ ...load, costs: elsewhere }),
        },
      ],
    },
    {
      name: 'latency',
      statement: 'It shortens the median request as well.',
      source: 'the article: to minimise latencies',
      effect: ratioOf(
        "median latency by plain I2O, against the message layer's",
        measure(load, PLAIN_I2O).map(({ p50Ns }) => p50Ns),
        measure(load, AS_IT_IS).map(({ p50Ns }) => p50Ns),
      ),
      bound: { above: 1.01 },
    },
    ...oneChange,
  ];
}

/** @param parts what the dearest change costs alone, by seeds. @param wholes what all of them do. */
function oneChangeClaim(most: string, parts: readonly number[], wholes: readonly number[]): Claim {
  return {
    name: 'one-change',
    statement: `Most of that is one change's: ${most} taken back alone costs half of what all four do.`,
    source: 'ours',
    effect: partOf('its part of the whole price', parts, wholes),
    bound: { above: 0.5 },
  };
}
