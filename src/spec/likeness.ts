/** Which of some names a misspelt one may have meant. */

/** What is longer was hardly meant as a name. */
const NAME_MAX = 64;

/** Names most like this one, best first, at most three; none where nothing is like it. */
export function mostLike(name: string, known: readonly string[]): readonly string[] {
  if (name.length > NAME_MAX) return [];
  const wanted = name.toLowerCase();
  const farthest = Math.min(wanted.length - 1, Math.max(2, Math.floor(wanted.length / 3)));
  const ranked = known
    .map((candidate) => ({ candidate, distance: likeness(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0]?.distance ?? 0;
  return ranked
    .filter(({ distance }) => distance <= farthest && distance <= best + 1)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Part of a name is closer than any misspelling. */
function likeness(wanted: string, candidate: string): number {
  if (wanted.length >= 3 && candidate.includes(wanted)) return 1 - wanted.length / (candidate.length + 1);
  return editDistance(wanted, candidate);
}

/** Letters to insert, delete, replace or swap with a neighbour to make one word of the other. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const least = Math.min(replaced, rows[i - 1][j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(swapped ? Math.min(least, rows[i - 2][j - 2] + 1) : least);
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
