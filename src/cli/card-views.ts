/** What of a card `inic card` shows. */
export const CARD_VIEWS = [
  'show',
  'features',
  'rings',
  'coalesce',
  'stats',
  'connections',
  'neighbours',
  'routes',
  'policy',
] as const;
export type CardView = (typeof CARD_VIEWS)[number];
