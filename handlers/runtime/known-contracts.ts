import * as z from 'zod'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'

const request = z.strictObject({ contracts: z.literal(true) })

/** Digests by `name vN` of the contracts that a function was deployed with. */
export interface ContractsAnswer {
  readonly contracts: Readonly<Record<string, string>>
}

/** Answers `{"contracts": true}`, which changes nothing: whoever adds a table asks first. Undefined for every other event. */
export function knownContracts(event: unknown, tables: readonly Table[]): ContractsAnswer | undefined {
  return request.safeParse(event).success ? { contracts: contractDigests(tables) } : undefined
}
