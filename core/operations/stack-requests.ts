import * as z from 'zod'

/* What the functions of a stack are asked for by an operator: the function parses it, the command is typed by it. */

/** To `format`: changes that wait are formatted again with the contracts of the function. */
export const redriveRequest = z.strictObject({
  redrive: z.strictObject({
    table: z.string().min(1).optional(),
    cause: z.string().min(1).optional(),
    isDryRun: z.boolean(),
    /** By contract, `name vN`: the revision of its rows, which readers see already. */
    revisions: z.record(z.string(), z.number().int().min(1)).readonly(),
  }),
})
export type RedriveRequest = z.output<typeof redriveRequest>['redrive']

/** To `format`: keys of pages to format again. */
export const pagesRequest = z.strictObject({
  pages: z.array(z.string().min(1).max(2_048)).min(1).max(1_000),
})

/** To `land`: keys of delivered objects to land again. */
export const objectsRequest = z.strictObject({
  objects: z
    .array(
      z
        .string()
        .regex(/^landing\/changes\/[A-Za-z0-9_.=/-]+$/)
        .max(1_024),
    )
    .min(1)
    .max(1_000),
})

/** To `land-load`: a piece of a replay, as large as the time of the function. */
export const replayRequest = z.strictObject({
  replay: z.strictObject({
    table: z.string().min(1),
    version: z.number().int().min(1),
    /** Digest of the contract that is meant. */
    contract: z.string().min(1),
    isDryRun: z.boolean(),
    /** Of a dry run: the last page that the request before has read. */
    after: z.string().min(1).max(2_048).nullable(),
  }),
})
export type ReplayRequest = z.output<typeof replayRequest>['replay']

const loadId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/)
const patterns = z.array(z.string()).min(1).max(1_000).readonly()

export const startRequest = z.union([
  z.strictObject({ start: z.strictObject({ tables: patterns, window: z.string().nullable() }) }),
  z.strictObject({ resume: loadId }),
])
export type StartRequest = z.output<typeof startRequest>

/** To `loads`; `{}` is the schedule's. */
export const loadsRequest = z.union([
  startRequest,
  z.strictObject({ plan: z.strictObject({ tables: patterns }) }),
  z.strictObject({ cancel: loadId }),
  z.strictObject({ status: z.literal(true) }),
  z.strictObject({}),
])
export type LoadsRequest = z.output<typeof loadsRequest>
