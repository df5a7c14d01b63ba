import * as z from 'zod'
import { Mutex } from '../../core/mutex.ts'
import { driftKind } from '../../core/source-drift.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

const tableDrift = z.object({
  /** Source fields that no contract of the table knows, and when each was first seen. */
  fields: z.record(z.string(), z.string()),
  /** Data definition that the source announced and a person has to look at. */
  definitions: z.array(z.object({ operation: z.string(), at: z.string() })),
  /** What the contracts of the table were when the last of them was noted. */
  contracts: z.string().optional(),
})
const driftFile = z.object({ format: z.literal(1), tables: z.record(z.string(), tableDrift) })
export type TableDrift = z.infer<typeof tableDrift>

/* A load announces every table; that says nothing new. */
const ROUTINE = new Set(['create-table', 'drop-table'])
const MAX_DEFINITIONS = 20
/* What is over with it. A renamed column is told in one of three ways, by what is known of it. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  'column-returned': ['rename-column', 'add-column', 'drop-column'],
  'key-returned': ['change-columns'],
}

/** The contracts that drift is held against. */
export interface DriftContracts {
  /** Whether a contract of the source table has the field. */
  readonly knows: (table: string, field: string) => boolean
  /** A text that changes with the contracts of the source table. */
  readonly digestOf: (table: string) => string
}

/**
 * What the source has and the contracts do not: noticed on the first change. A field is kept until a contract has it,
 * data definition until somebody changed a contract of the table and no field is left.
 */
export class Drift {
  private readonly path: string
  private readonly contracts: DriftContracts
  private tables: Readonly<Record<string, TableDrift>>
  private readonly changes = new Mutex()

  private constructor(path: string, contracts: DriftContracts, tables: Readonly<Record<string, TableDrift>>) {
    this.path = path
    this.contracts = contracts
    this.tables = tables
  }

  /** Reads the file of a folder; what the contracts know by now is no drift any more. */
  static async open(path: string, contracts: DriftContracts): Promise<Drift> {
    const { tables = {} } = (await readJsonFile(path, driftFile)) ?? {}
    const left = Object.entries(tables).map(([table, drift]) => {
      const fields = Object.entries(drift.fields).filter(([name]) => !contracts.knows(table, name))
      const isSettled = fields.length === 0 && drift.contracts !== contracts.digestOf(table)
      const definitions = isSettled ? [] : drift.definitions
      return [table, { ...drift, fields: Object.fromEntries(fields), definitions }] as const
    })
    const kept = left.filter(
      ([, { fields, definitions }]) => Object.keys(fields).length > 0 || definitions.length > 0,
    )
    return new Drift(path, contracts, Object.fromEntries(kept))
  }

  ofTable(table: string): TableDrift | undefined {
    return this.tables[table]
  }

  /** Notes fields that a contract kept in `_extra`. Resolves when they are on disk. */
  noteFields(table: string, names: ReadonlySet<string>, now: number): Promise<void> {
    return this.change(table, (drift) => {
      const fresh = [...names].filter((name) => !Object.hasOwn(drift.fields, name))
      if (fresh.length === 0) return drift
      const at = new Date(now).toISOString()
      const fields = [...Object.entries(drift.fields), ...fresh.map((name) => [name, at] as const)]
      return { ...drift, fields: Object.fromEntries(fields) }
    })
  }

  /** Notes data definition of the source: `add-column`, `drop-column`, `column-type-change`, `rename-…`. Resolves when it is on disk. */
  async noteDefinition(table: string, operation: string, now: number): Promise<void> {
    if (ROUTINE.has(operation)) return
    await this.change(table, (drift) => {
      /* What is seen again is the newer, once. */
      const over = [operation, ...(ENDS[operation] ?? [])]
      const others = drift.definitions.filter((known) => !over.includes(known.operation))
      if (operation === 'key-returned') return { ...drift, definitions: others }
      const noted = [...others, { operation, at: new Date(now).toISOString() }]
      const contracts = this.contracts.digestOf(table)
      return { ...drift, definitions: noted.slice(-MAX_DEFINITIONS), contracts }
    })
  }

  /** Forgets what a load has mended that began then, ISO 8601 UTC. Resolves when that is on disk. */
  settle(table: string, since: string): Promise<void> {
    return this.change(table, (drift) => {
      const isMended = ({ operation, at }: TableDrift['definitions'][number]) =>
        at < since && ['load', 'itself'].includes(driftKind(operation)?.mend ?? '')
      const definitions = drift.definitions.filter((known) => !isMended(known))
      return definitions.length === drift.definitions.length ? drift : { ...drift, definitions }
    })
  }

  /* One after another, and known only when it is on disk: a caller that tries again writes again. */
  private change(table: string, edit: (drift: TableDrift) => TableDrift): Promise<void> {
    return this.changes.run(async () => {
      const before = this.tables[table] ?? { fields: {}, definitions: [] }
      const after = edit(before)
      if (after === before) return
      const tables = { ...this.tables, [table]: after }
      await writeJsonFile(this.path, { format: 1, tables })
      this.tables = tables
    })
  }
}
