/** How long processors have worked for this process. */

/** Of all its threads together, in nanoseconds, to the microsecond that the system tells. */
export function processCpuNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}
