// The clock by which ranks wait. Not `performance`: to load that takes Node a millisecond, in each rank at its start.

/** Milliseconds since some moment in the past, with fractions. */
export function clock(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
