/** What a measured world's programs do, said once for all of them. */

/** Settings of programs as a description has them: `workload`, `connections`, `size`, `think`. */
export type WorkloadSettings = Readonly<Record<string, unknown>>;

type Map = Readonly<Record<string, unknown>>;

/** Settings that only one role knows. */
const OF_CLIENT = ['think', 'arrivals', 'timeout'];
const OF_SERVER = ['service', 'port'];

/**
 * A world with these settings on each of its programs that knows them. Where it has no programs, its last
 * host serves and every other one calls, with so many connections each; a host alone does both.
 * @param description of a world; what is no map is returned as it is, for its reader to refuse.
 */
export function withWorkload(description: unknown, workload: WorkloadSettings | undefined): unknown {
  if (workload === undefined || !isMap(description)) return description;
  if (!isMap(description['programs'])) return withPrograms(description, workload);
  return settled(description, description['programs'], workload);
}

/** The server that is made has a place for every connection of all that call it. */
function withPrograms(description: Map, workload: WorkloadSettings): Map {
  const programs = programsOf(description);
  const made = settled(description, programs, workload);
  const { server, ...clients } = made.programs;
  const { connections = 1, idle } = workload;
  const { length: callers } = Object.keys(clients);
  // What is no number is left as it is, for the reader to refuse.
  if (typeof connections !== 'number' || !isMap(server)) return made;
  const places = {
    connections: connections * callers,
    ...(typeof idle === 'number' ? { idle: idle * callers } : {}),
  };
  return { ...made, programs: { server: { ...server, ...places }, ...clients } };
}

function settled(
  description: Map,
  programs: Map,
  workload: WorkloadSettings,
): Map & { readonly programs: Map } {
  const entries = Object.entries(programs).map(([name, program]) => {
    const { role } = isMap(program) ? program : {};
    const foreign = role === 'server' ? OF_CLIENT : OF_SERVER;
    const own = Object.entries(workload).filter(([key]) => !foreign.includes(key));
    return [name, isMap(program) ? { ...program, ...Object.fromEntries(own) } : program];
  });
  return { ...description, programs: Object.fromEntries(entries) };
}

function programsOf(description: Map): Map {
  const hosts = isMap(description['hosts']) ? Object.keys(description['hosts']) : [];
  const server = hosts[hosts.length - 1];
  const callers = hosts.length > 1 ? hosts.slice(0, -1) : hosts;
  const clients = callers.map((host) => [`${host}Client`, { role: 'client', host, server: 'server' }]);
  return { server: { role: 'server', host: server }, ...Object.fromEntries(clients) };
}

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
