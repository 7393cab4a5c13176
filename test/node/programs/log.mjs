// Lines by actor, printed when the program ends: what two ends do at the same time has no order to compare.
const actors = new Map();

export function log(actor, ...values) {
  if (!actors.has(actor)) actors.set(actor, []);
  actors.get(actor).push(values.map(String).join(' '));
}

process.on('exit', () => {
  for (const [actor, lines] of [...actors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const line of lines) console.log(`${actor}: ${line}`);
  }
});

/** Resolves when the emitter says so, with what it said. */
export function heard(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...values) => resolve(values)));
}

export async function listening(server, ...where) {
  server.listen(...where);
  await heard(server, 'listening');
  return server.address().port;
}
