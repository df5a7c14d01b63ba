/** What a row change does in the source. */
export type ChangeKind = 'insert' | 'update' | 'delete'

/** Everything that traffic knows how to do; `traffic-actions.ts` and `traffic-people.ts` say how. */
export const actionNames = [
  'plan-shifts',
  'progress-shifts',
  'touch-tall-shifts',
  'rewrite-notes',
  'renumber-shifts',
  'renumber-tall-shift',
  'replan-same-key',
  'ephemeral-shift',
  'swap-shifts',
  'flip-shift-nulls',
  'nest-json',
  'drop-shifts',
  'large-transaction',
  'bad-row',
  'mend-row',
  'abandon',
  'second-thoughts',
  'hire',
  'leave',
  'move-employees',
  'rewrite-about',
  'flip-employee-nulls',
  'renumber-contract',
  'raise-wages',
  'plan-absences',
  'approve-absences',
  'move-absences',
  'drop-absences',
  'issue-payslips',
  'pay-payslips',
  'void-payslips',
  'shop-hours',
  'open-close-shop',
] as const

export type ActionName = (typeof actionNames)[number]

/** Counts of what was committed; a commit whose answer was lost with the connection is not in them. */
export interface TrafficReport {
  readonly changes: Readonly<Record<ChangeKind, number>>
  /** Committed changes of each action; of `abandon`, the changes that were rolled back. */
  readonly actions: Readonly<Record<ActionName, number>>
  readonly transactions: number
  /** Whole transactions rolled back on purpose, and savepoints. */
  readonly rollbacks: number
  /** Transactions that PostgreSQL refused or that the connection lost. */
  readonly failures: number
}

export interface Tally {
  commit(action: ActionName, changes: Readonly<Record<ChangeKind, number>>): void
  rollback(action: ActionName | undefined, changes: number): void
  fail(): void
  report(): TrafficReport
}

export function emptyTally(): Tally {
  const changes = { insert: 0, update: 0, delete: 0 }
  const actions = new Map<ActionName, number>(actionNames.map((name) => [name, 0]))
  let transactions = 0
  let rollbacks = 0
  let failures = 0
  const add = (action: ActionName, count: number) => actions.set(action, (actions.get(action) ?? 0) + count)
  return {
    commit: (action, done) => {
      transactions += 1
      changes.insert += done.insert
      changes.update += done.update
      changes.delete += done.delete
      add(action, done.insert + done.update + done.delete)
    },
    rollback: (action, count) => {
      rollbacks += 1
      if (action) add(action, count)
    },
    fail: () => {
      failures += 1
    },
    report: () => ({
      changes: { ...changes },
      // fromEntries forgets its keys; all names are in the map from the start.
      actions: Object.fromEntries(actions) as Record<ActionName, number>,
      transactions,
      rollbacks,
      failures,
    }),
  }
}
