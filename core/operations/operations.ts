import * as z from 'zod'
import { PipelineError } from '../failures/failures.ts'
import type { Load } from '../load/load.ts'
import { isPosition } from '../position.ts'
import {
  type Compacted,
  compacted,
  type ExpiryResult,
  expiryResult,
  type Healed,
  healed,
  load,
  type RedriveResult,
  type RepairResult,
  type ReplayResult,
  redriveResult,
  repairResult,
  replayResult,
  type StartedLoad,
  startedLoad,
  type TablesAdded,
  tablesAdded,
} from './answers.ts'

const position = z.string().refine(isPosition)
const names = z.array(z.string().min(1).max(2_048)).readonly()

const operation = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('redrive'),
    table: z.string().optional(),
    cause: z.string().optional(),
    isDryRun: z.boolean(),
  }),
  z.object({
    kind: z.literal('replay'),
    table: z.string(),
    version: z.number().int().optional(),
    from: position.optional(),
    to: position.optional(),
    isDryRun: z.boolean(),
  }),
  z.object({
    kind: z.literal('repair'),
    /** Keys of raw pages, of objects of `landing/changes/`, and of history and load files. */
    pages: names,
    objects: names,
    files: names,
    isDryRun: z.boolean(),
  }),
  z.object({
    kind: z.literal('load-start'),
    tables: z.array(z.string()).min(1).readonly(),
    window: z.string().optional(),
    isDryRun: z.boolean(),
  }),
  z.object({ kind: z.literal('load-resume'), load: z.string() }),
  z.object({ kind: z.literal('load-cancel'), load: z.string() }),
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
  z.object({ kind: z.literal('heal'), keys: z.record(z.string(), z.array(z.string()).readonly()) }),
  z.object({
    kind: z.literal('table-add'),
    tables: z.array(z.string()).min(1).readonly(),
    isLoaded: z.boolean(),
    isDryRun: z.boolean(),
  }),
  z.object({ kind: z.literal('expire'), olderThanMs: z.number().min(0), isDryRun: z.boolean() }),
])

type AnyOperation = z.output<typeof operation>
export type OperationKind = AnyOperation['kind']
type Requests = { readonly [K in OperationKind]: Omit<Extract<AnyOperation, { kind: K }>, 'kind'> }

/** What can be asked of a pipeline, by a command or by another process. */
export type Operation<K extends OperationKind = OperationKind> = {
  [P in K]: { readonly kind: P } & Requests[P]
}[K]

/** What is answered to an operation of each kind. */
export interface Answers {
  readonly redrive: RedriveResult
  readonly replay: ReplayResult
  readonly repair: RepairResult
  readonly 'load-start': StartedLoad
  readonly 'load-resume': Load
  readonly 'load-cancel': Load
  readonly compact: Compacted
  readonly heal: Healed
  readonly 'table-add': TablesAdded
  readonly expire: ExpiryResult
}

const answers: { readonly [K in OperationKind]: z.ZodType<Answers[K]> } = {
  redrive: redriveResult,
  replay: replayResult,
  repair: repairResult,
  'load-start': startedLoad,
  'load-resume': load,
  'load-cancel': load,
  compact: compacted,
  heal: healed,
  'table-add': tablesAdded,
  expire: expiryResult,
}

const asked = z.object({
  operation,
  /** Digest of each contract that the caller knows, by `name vN`: an old pipeline must not answer for a new contract. */
  contracts: z.record(z.string(), z.string()),
})
export type Asked<K extends OperationKind = OperationKind> = Omit<z.output<typeof asked>, 'operation'> & {
  readonly operation: Operation<K>
}

/** What was asked for, as it came from another process. Throws `usage/invalid` when it is none of this version. */
export function parseAsked(message: unknown): Asked {
  const parsed = asked.safeParse(message)
  if (parsed.success) return parsed.data
  const places = parsed.error.issues.map(({ path }) => path.join('.'))
  throw new PipelineError('usage/invalid', `not an operation that this Tidemark knows: ${places.join(', ')}`)
}

/** An answer as it came from another process. Throws `usage/invalid` when it is none of this version. */
export function parseAnswer<K extends OperationKind>(kind: K, answer: unknown): Answers[K] {
  const parsed = answers[kind].safeParse(answer)
  if (parsed.success) return parsed.data
  throw new PipelineError(
    'usage/invalid',
    `${kind} was answered as another version of Tidemark does: use the one that runs there`,
  )
}
