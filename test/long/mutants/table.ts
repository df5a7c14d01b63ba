import { acknowledgement } from './acknowledgement.ts'
import { audits } from './audits.ts'
import { durability } from './durability.ts'
import type { Mutant } from './mutant.ts'
import { retries } from './retries.ts'

export const mutants: readonly Mutant[] = [...durability, ...acknowledgement, ...retries, ...audits]
