import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'

/** Digest of each contract by `name vN`. */
export type Digests = Readonly<Record<string, string>>

/** The digests of contracts of these names, in every version. */
export function onlyOf(names: readonly string[], digests: Digests): Digests {
  return Object.fromEntries(
    Object.entries(digests).filter(([contract]) => names.some((name) => contract.startsWith(`${name} v`))),
  )
}

/** Throws `run/contract-changed` for a contract that differs from the caller's, or that the pipeline does not have: an older version must not answer for it. */
export function checkContracts(tables: readonly Table[], expected: Digests): void {
  const known = contractDigests(tables)
  for (const [name, digest] of Object.entries(expected))
    if (known[name] !== digest)
      throw new PipelineError('run/contract-changed', `${name} has changed since the pipeline started`)
}
