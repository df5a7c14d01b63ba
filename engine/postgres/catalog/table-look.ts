import * as z from 'zod'

const identity = z.object({
  /** Columns that updates and deletes carry; null for all of them. */
  columns: z.array(z.string()).nullable(),
  /** pg_class.relpersistence: `p`, or `u` of a table whose changes are not in the log. */
  persistence: z.string(),
  /** pg_class.relkind: `r`, `p`, or `f` of a foreign table. */
  kind: z.string(),
})

/** What a catalog says of a followed table that no change of a row tells; small, kept to be compared with the next. */
export const tableLook = z.object({
  schema: z.string(),
  name: z.string(),
  /** Of the table itself. */
  own: identity,
  /** Row security hides rows from the role. */
  hidesRows: z.boolean(),
  /** Every table below a partitioned one, by OID. */
  partitions: z.record(
    z.string(),
    identity.extend({
      name: z.string(),
      /** The version of its place below its parent: another one when it left and came back. */
      link: z.string(),
      /** Made as a partition: no row of it is older than its place. */
      isBorn: z.boolean(),
      /** Where its rows lie, and whether there were none when they were last counted: a truncate gives it a new, empty place. */
      store: z.string().nullable(),
      isEmpty: z.boolean(),
    }),
  ),
  /** By attribute number, which a column keeps for life. */
  columns: z.record(z.string(), z.object({ name: z.string(), type: z.string(), hasDefault: z.boolean() })),
  /** What the text of a value depends on, by the OID of each type that the columns are made of. */
  types: z.record(
    z.string(),
    z.object({
      base: z.string().nullable(),
      labels: z.record(z.string(), z.string()).nullable(),
      attributes: z.string().nullable(),
    }),
  ),
  publication: z.object({
    /** Another one when the publication or the table's place in it was altered, back to what it was included. */
    version: z.string().nullable(),
    /** Every change of every row is published. */
    isWhole: z.boolean(),
  }),
})
export type TableLook = z.infer<typeof tableLook>
export type PartitionLook = TableLook['partitions'][string]
