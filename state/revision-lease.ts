import type { Lease } from './lease.ts'

const LEASE_MS = 180_000

/**
 * Chooses a revision of a contract, `name vN`, and writes down that it is taken, while nobody else does: a redrive that
 * shows its revision must not meet that of a replay which runs. Undefined when another one is choosing.
 */
export async function withRevisionLease<T>(
  contract: string,
  lease: Pick<Lease, 'take' | 'release'>,
  choose: () => Promise<T>,
): Promise<T | undefined> {
  const name = `revision#${contract}`
  if (!(await lease.take(name, LEASE_MS))) return undefined
  try {
    return await choose()
  } finally {
    await lease.release(name)
  }
}
