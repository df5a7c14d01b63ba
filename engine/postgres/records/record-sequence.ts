/**
 * Sequence numbers in Kinesis's form: decimal text of one width, increasing. Those of a later run
 * are higher as long as the clock is.
 */
export function startSequence(now: number): () => string {
  const run = `49${String(now).padStart(14, '0')}`
  let next = 0
  return () => {
    next += 1
    return run + String(next).padStart(14, '0')
  }
}
