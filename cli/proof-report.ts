import type { Proof } from '../local/reconcile/reconcile.ts'
import type { RunStatus } from '../local/run/run-status.ts'
import { alignedTable, count, type Output, paint } from './output.ts'

/* Longer lists belong to --json. */
const SHOWN_KEYS = 5

/** The one line of `--json`: whether source and lake are equal, table by table. */
export function proofJson(proof: Proof, status: RunStatus | undefined): string {
  const counts = new Map(status?.tables.map((table) => [table.table, table]))
  const tables = proof.tables.map(
    ({ table, sourceRows, lakeRows, equal, different, differences, notCompared, quarantinedKeys }) => ({
      table,
      sourceRows,
      lakeRows,
      equal,
      changes: counts.get(table)?.changes ?? 0,
      loaded: counts.get(table)?.loadedRows ?? 0,
      quarantined: counts.get(table)?.quarantined ?? 0,
      quarantinedKeys: quarantinedKeys.map(keyText),
      different,
      notCompared,
      differences: differences.map(({ key, kind }) => ({ key: keyText(key), kind })),
    }),
  )
  const sum = (name: 'changes' | 'quarantined') => tables.reduce((total, table) => total + table[name], 0)
  return JSON.stringify({
    equal: proof.equal,
    changes: sum('changes'),
    quarantined: sum('quarantined'),
    freshnessMs: status?.freshnessMs ?? { p50: null, p99: null },
    lsn: String(proof.lsn),
    tables,
  })
}

/** The proof for people, the differing keys named. */
export function proofText(proof: Proof, output: Output): string {
  const rows = proof.tables.map(({ table, equal, sourceRows, lakeRows, different, quarantinedKeys }) => [
    table,
    count(sourceRows),
    count(lakeRows),
    count(quarantinedKeys.length),
    equal ? paint(output, 'green', 'equal') : paint(output, 'red', `${count(different)} keys differ`),
  ])
  const named = proof.tables.flatMap(({ table, different, differences }) => [
    ...differences.slice(0, SHOWN_KEYS).map(({ key, kind }) => `  ${table} ${keyText(key)}: ${kind}`),
    ...(different > SHOWN_KEYS
      ? [`  ${table}: ${count(different - SHOWN_KEYS)} more; all of them with --json`]
      : []),
  ])
  const left = proof.tables.flatMap(({ table, notCompared }) =>
    notCompared.length > 0 ? [`  ${table}: not compared, the source has no ${notCompared.join(', ')}`] : [],
  )
  return [
    alignedTable(['table', 'source rows', 'lake rows', 'in quarantine', ''], rows),
    ...named,
    ...left,
  ].join('\n')
}

/** The values of a comparison key, without the lengths in front of them: `7, 2026-01-01`. */
export function keyText(key: string): string {
  const bytes = Buffer.from(key)
  const values: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const colon = bytes.indexOf(':', at)
    const length = Number(bytes.toString('utf8', at, colon))
    values.push(bytes.toString('utf8', colon + 1, colon + 1 + length))
    at = colon + 1 + length
  }
  return values.join(', ')
}
