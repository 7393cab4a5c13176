/**
 * Every request vector against a real card: each bad frame draws the failure the spec names, and nothing is
 * lost by it: no frame, transmit buffer, immediate slot, bucket or socket number.
 */
import { describe, expect, it } from 'vitest';
import { contextsOf, framesLost, poolsLost } from './accounts.ts';
import { judge, SOCKETS, VectorCard } from './vector-card.ts';
import { type Vector, type VectorFile, vectorFiles } from './vectors.ts';

/** Whether the device still runs after it: what resets or stops the card has tests of its own. */
function staysUp({ class: name }: VectorFile, { state = 'operational', message }: Vector): boolean {
  return name === 'socket' && !message.startsWith('Exec') && /^(operational|socket)/.test(state);
}

for (const file of vectorFiles()) {
  describe(`${file.path} against a card`, () => {
    const vectors = file.vectors.filter(({ kind }) => kind === 'request');
    it.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
      const device = file.class === 'lan' || file.class === 'window' ? file.class : 'socket';
      const card = new VectorCard(vector.message === 'PrivateEcho' ? 'echo' : device);
      card.bring(file, vector.state ?? 'operational');
      const replies = card.exchange(vector);
      expect(judge(vector, replies)).toBe('');
      const { polled } = vector.expect;
      if (polled !== undefined) expect(card.polledWord(vector)).toBe(polled);
      const again = vector.expect['answer'] !== 'legal' && vector.state !== 'socket.Closing';
      // What was refused has changed nothing: once more, the same comes of it.
      if (again) {
        const repeated = card.exchange(vector);
        expect(judge(vector, repeated)).toBe('');
        expect(contextsOf(repeated)).toEqual(contextsOf(replies));
      }
      const home = contextsOf(replies);
      expect(new Set(home).size).toBe(home.length);
      expect(framesLost(card.bare)).toBe('');
      if (staysUp(file, vector)) expect(poolsLost(card.bare, SOCKETS)).toBe('');
    });
  });
}
