/** What takes a difference of the source away again, so that it need not be told any more. */
type Mend = 'contract' | 'load' | 'itself'

interface DriftKind {
  /** What is so at the source, or was. */
  readonly message: string
  /**
   * `contract`: a change of the contract. `load`: a full load, for rows differ that never changed. `itself`: changes were
   * not sent, or may not have been; the table is loaded again as soon as that is over.
   */
  readonly mend: Mend
  /** What a person does; `{table}` stands for the source table, `{lake}` for the lake's. */
  readonly toDo: string
}

const LOAD = 'tidemark load start --tables {table} --wait'
/* A load reads with the contracts that the run was started with. */
const RESTART = 'start again with it'
const RETURNS = 'it is loaded again by itself when that is over'

/** Every way in which a followed table may change beside its rows; `docs/05` has them for readers. */
export const driftKinds = {
  'add-column': {
    message: 'a column was added',
    mend: 'contract',
    toDo: 'add it to the contract, then tidemark replay --table {lake}',
  },
  'drop-column': {
    message: 'a column was dropped',
    mend: 'contract',
    toDo: `write a version of the contract without it and retire the one before, ${RESTART}, then tidemark replay --table {lake}`,
  },
  'rename-column': {
    message: 'a column was renamed',
    mend: 'contract',
    toDo: `give the column its new name in the contract (from), ${RESTART}, then ${LOAD}`,
  },
  'column-returned': {
    message: 'a column has its name again; what was written meanwhile went to another one',
    mend: 'itself',
    toDo: 'nothing: it is loaded again by itself',
  },
  'column-type-change': {
    message: 'a column has another type',
    mend: 'contract',
    toDo: `write a version of the contract with the new type, ${RESTART}, then ${LOAD}`,
  },
  'change-columns': {
    message: 'the table has another primary key',
    mend: 'contract',
    toDo: 'write a version of the contract with the new key and retire the one before, then tidemark dev --reload',
  },
  'rename-table': {
    message: 'the table was renamed or moved to another schema',
    mend: 'itself',
    toDo: 'tidemark table add with the new name, or a restart if --tables matches it; if it gets its name back, nothing: it is loaded again by itself',
  },
  'table-gone': {
    message: 'the table is gone; the lake keeps its rows',
    mend: 'contract',
    toDo: 'nothing',
  },
  'other-column': {
    message: 'a name stands for another column than before, swapped or dropped and added again',
    mend: 'load',
    toDo: LOAD,
  },
  'column-default': {
    message: 'a column was added with a value in rows that did not change',
    mend: 'load',
    toDo: `add it to the contract, ${RESTART}, then ${LOAD}`,
  },
  'enum-label': {
    message: 'a value of an enum was renamed, in rows that did not change too',
    mend: 'load',
    toDo: `put it into the contract, ${RESTART}, then ${LOAD}`,
  },
  'composite-type': {
    message: 'attributes of a composite type changed, in rows that did not change too',
    mend: 'load',
    toDo: LOAD,
  },
  'domain-type': { message: 'a domain has another base type', mend: 'load', toDo: LOAD },
  'row-security': {
    message: 'row security would hide rows from the role, so nothing can be loaded or proven',
    mend: 'load',
    toDo: `ALTER ROLE … BYPASSRLS, then ${LOAD}`,
  },
  'replica-identity': {
    message: 'updates and deletes do not carry the key',
    mend: 'itself',
    toDo: `ALTER TABLE … REPLICA IDENTITY DEFAULT, or FULL where the contract has another key, of a partition on the partition; ${RETURNS}`,
  },
  publication: {
    message: 'the publication did not carry every change of the table',
    mend: 'itself',
    toDo: `publish it whole (tidemark doctor has the statement, a restart adds a missing table); ${RETURNS}`,
  },
  'unlogged-partition': {
    message: 'a partition is unlogged or foreign, so its changes are not in the log',
    mend: 'itself',
    toDo: `ALTER TABLE … SET LOGGED on the partition, or detach it; ${RETURNS}`,
  },
  'partition-attached': {
    message: 'a table with rows of its own was attached',
    mend: 'itself',
    toDo: 'nothing: it is loaded again by itself',
  },
  'partition-detached': {
    message: 'a partition was detached or dropped',
    mend: 'itself',
    toDo: 'nothing: it is loaded again by itself',
  },
  'partition-truncated': {
    message: 'a partition was truncated, or written anew',
    mend: 'itself',
    toDo: 'nothing: it is loaded again by itself',
  },
  'other-table': {
    message: 'another table has the name now',
    mend: 'itself',
    toDo: 'nothing: it is loaded by itself; if that fails, tidemark table add {table} says why',
  },
} as const satisfies Readonly<Record<string, DriftKind>>

export type DriftOperation = keyof typeof driftKinds

/** Of an operation that the table above does not have, nothing is known but its name. */
export function driftKind(operation: string): DriftKind | undefined {
  return Object.hasOwn(driftKinds, operation) ? driftKinds[operation as DriftOperation] : undefined
}

/** What an operation says of the source, in words. */
export function driftSays(operation: string): string {
  return driftKind(operation)?.message ?? operation
}

/** What to do about an operation on a source table, which a lake table is made of. */
export function driftToDo(operation: string, { table, lake }: { table: string; lake: string }): string {
  const toDo = driftKind(operation)?.toDo ?? 'look at the contract of {lake}'
  return toDo.replaceAll('{table}', table).replaceAll('{lake}', lake)
}

/** Whether changes of the table were not sent, or may not have been. */
export function losesChanges(operation: string): boolean {
  return driftKind(operation)?.mend === 'itself'
}
