/** A card as the vectors' own frames bring it up. */
import { VectorCard } from './vector-card.ts';
import { vectorFile } from './vectors.ts';

/** A card brought up by the vectors' own frames. */
export function operationalCard(): VectorCard {
  const card = new VectorCard();
  card.bring(vectorFile('socket.json'), 'operational');
  return card;
}
