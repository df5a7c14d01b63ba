import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { isPosition } from '../../core/position.ts'

const position = z.string().refine(isPosition)

/** What can be asked of a pipeline, by a command or by another process. */
const operation = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('redrive'),
    table: z.string().optional(),
    cause: z.string().optional(),
    isDryRun: z.boolean(),
    /** Digest of each contract that the caller knows, by `name vN`: an old pipeline must not answer for a new contract. */
    contracts: z.record(z.string(), z.string()),
  }),
  z.object({
    kind: z.literal('replay'),
    table: z.string(),
    version: z.number().int().optional(),
    from: position.optional(),
    to: position.optional(),
    isDryRun: z.boolean(),
    contracts: z.record(z.string(), z.string()),
  }),
  z.object({
    kind: z.literal('load-start'),
    tables: z.array(z.string()).min(1),
    window: z.string().optional(),
    isDryRun: z.boolean(),
  }),
  z.object({
    kind: z.literal('compact'),
    table: z.string().optional(),
    isDryRun: z.boolean(),
    isRebuild: z.boolean().optional(),
    graceMs: z.number().min(0).optional(),
    keepHistoryDays: z.number().int().min(1).optional(),
    fileBytes: z.number().int().min(1).optional(),
    memoryMb: z.number().int().min(1).optional(),
  }),
  z.object({ kind: z.literal('heal'), keys: z.record(z.string(), z.array(z.string())) }),
  z.object({
    kind: z.literal('table-add'),
    tables: z.array(z.string()).min(1),
    isLoaded: z.boolean(),
    isDryRun: z.boolean(),
    contracts: z.record(z.string(), z.string()),
  }),
  z.object({ kind: z.literal('load-resume'), load: z.string() }),
  z.object({ kind: z.literal('load-cancel'), load: z.string() }),
  z.object({ kind: z.literal('expire'), olderThanMs: z.number().min(0), isDryRun: z.boolean() }),
])
export type Operation = z.infer<typeof operation>

/** A request as it came from another process. Throws `usage/invalid` when it is none of this version. */
export function parseOperation(request: unknown): Operation {
  const parsed = operation.safeParse(request)
  if (parsed.success) return parsed.data
  const places = parsed.error.issues.map(({ path }) => path.join('.'))
  throw new PipelineError('usage/invalid', `not an operation that this Tidemark knows: ${places.join(', ')}`)
}
