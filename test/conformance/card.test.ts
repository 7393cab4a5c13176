/** Every request vector against a real card: each bad frame draws the failure the spec names, and no credit is lost. */
import { describe, expect, it } from 'vitest';
import { judge, VectorCard } from './vector-card.ts';
import { vectorFiles } from './vectors.ts';

/** Messages of another card than the one with sockets. */
const ELSEWHERE = new Set(['PrivateEcho']);

for (const file of vectorFiles()) {
  describe(`${file.path} against a card`, () => {
    const vectors = file.vectors.filter(({ kind, message }) => kind === 'request' && !ELSEWHERE.has(message));
    it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
      const card = new VectorCard();
      card.bring(file, vector.state ?? 'operational');
      expect(judge(vector, card.exchange(vector))).toBe('');
      // What was refused has changed nothing: once more, the same comes of it. So no buffer of its list is lost either.
      if (vector.expect['answer'] !== 'legal') expect(judge(vector, card.exchange(vector))).toBe('');
      expect(card.creditsLost()).toBe(0);
    });
  });
}
