import type { Table } from '../../core/contract/language/table.ts'
import { tableLabel } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Position } from '../../core/position.ts'
import { readSourceCatalog } from '../postgres/catalog/source-catalog.ts'
import { BUCKETS } from './checksum/checksum-sql.ts'
import { sampledBuckets } from './checksum/checksums.ts'
import { astride, outranked } from './compare/astride.ts'
import { columnDifferences } from './compare/column-differences.ts'
import type { Difference } from './compare/compare-table.ts'
import type { Unexplained } from './compare/explained.ts'
import { foundTable, type HealResult, sendAgain } from './compare/heal.ts'
import { openSides, type ProveDeps } from './compare/open-sides.ts'
import { type Probe, probe, recompare, recompareRest, recompareUntilEqual } from './compare/probe.ts'
import type { LakeSide } from './lake/lake-side.ts'
import type { Since } from './lake/since.ts'
import type { Scope, TableProof } from './proof.ts'
import type { Selection } from './source/source-side.ts'

/** Which rows are compared. */
export type Asked =
  | { readonly kind: 'all' }
  /** A share of the keys, chosen at random. */
  | { readonly kind: 'sample'; readonly percent: number }
  /** Keys that the lake changed since then: a row that never arrived is not found. */
  | { readonly kind: 'since'; readonly since: Since }
  | { readonly kind: 'keys'; readonly keys: ReadonlySet<string> }

const MAX_SINCE_KEYS = 100_000
const MAX_SINCE_BYTES = 64 << 20

/** What was seen of a table whose differences may be of transactions that were open at the position. */
export interface Seen {
  readonly kind: 'again'
  readonly look: Probe
  readonly selection: Selection
  readonly scope: Scope
  /** Of the first snapshot. */
  readonly asOf: Position
  /** In how many it was compared. */
  readonly snapshots: number
}

/**
 * Compares one table, and with a way to heal sends again what differs and compares that again. Where transactions may lie
 * astride the position, and another snapshot may follow, it resolves with what was seen, to be looked at in that one.
 */
export async function proveTable(
  deps: ProveDeps,
  table: Table,
  asked: Asked | Seen,
): Promise<TableProof | Seen> {
  const { mayLookAnew = () => false } = deps
  const startedAt = performance.now()
  const { selection, scope, asOf, snapshots, look: first } = await begin(deps, table, asked)
  const retryWindow = deps.retryWindow?.()
  const isVain = async (now: Probe) =>
    mayLookAnew() && (await astride(now, deps.begunAt)).length === now.found.differences.length
  const seen = await recompareUntilEqual(deps, table, first, { selection, retryWindow, isVain })
  if (seen.found.different > 0 && mayLookAnew() && (await astride(seen, deps.begunAt)).length > 0)
    return { kind: 'again', look: seen, selection, scope, asOf, snapshots }
  const rows = await columnDifferences(seen.found.differences, seen.sides)
  const outrankedKeys = await outranked(seen)
  /* Before anything is sent on the strength of it. */
  await deps.confirm()
  const { healed, left } = await heal(deps, table, seen, outrankedKeys)
  await deps.confirm()
  const { columns, way } = seen.sides.source
  return {
    table: tableLabel(table, deps.tables),
    equal: left.different === 0,
    asOf,
    scope,
    way,
    rows,
    healed,
    outrankedKeys,
    snapshots,
    sourceRows: seen.sourceRows,
    lakeRows: seen.lakeRows,
    different: left.different,
    differences: left.differences,
    notCompared: columns.notCompared,
    quarantinedKeys: left.quarantinedKeys,
    heldBackKeys: left.heldBackKeys,
    unplaced: left.unplaced,
    waitedMs: retryWindow?.waitedMs ?? 0,
    ms: Math.round(performance.now() - startedAt),
  }
}

async function begin(deps: ProveDeps, table: Table, asked: Asked | Seen): Promise<Omit<Seen, 'kind'>> {
  if (asked.kind === 'again') {
    const snapshots = asked.snapshots + 1
    return { ...asked, snapshots, look: await recompareRest(deps, table, asked.look, asked.selection) }
  }
  const opened = await openSides(deps, table)
  const chosen = await select(opened.lake, asked, deps.random)
  const first = await probe(deps, table, opened, chosen.selection)
  return { ...chosen, look: first, asOf: deps.asOf, snapshots: 1 }
}

async function select(
  lake: LakeSide,
  asked: Asked,
  random: () => number,
): Promise<{ readonly selection: Selection; readonly scope: Scope }> {
  switch (asked.kind) {
    case 'all':
      return { selection: asked, scope: asked }
    case 'sample': {
      const buckets = sampledBuckets(asked.percent, random)
      const percent = (100 * buckets.length) / BUCKETS
      return {
        selection: { kind: 'buckets', buckets },
        scope: { ...asked, percent, buckets: buckets.length },
      }
    }
    case 'since': {
      const keys = await sinceKeys(lake, asked.since)
      return { selection: { kind: 'keys', keys }, scope: { ...asked, keys: keys.size } }
    }
    case 'keys':
      return { selection: asked, scope: { kind: 'keys', keys: asked.keys.size } }
  }
}

async function sinceKeys(lake: LakeSide, since: Since): Promise<ReadonlySet<string>> {
  const keys = await lake.changedKeys(since, MAX_SINCE_KEYS + 1)
  const bytes = keys.reduce((total, key) => total + key.length, 0)
  if (keys.length > MAX_SINCE_KEYS || bytes > MAX_SINCE_BYTES)
    throw new PipelineError(
      'usage/invalid',
      `more than ${MAX_SINCE_KEYS} keys of a table changed since then: name a later time, or leave it out`,
    )
  return new Set(keys)
}

/* Everything that differs where that was asked for, else only what a load has put below its changes. */
async function heal(
  deps: ProveDeps,
  table: Table,
  before: Probe,
  outrankedKeys: readonly string[],
): Promise<{ readonly healed: HealResult | null; readonly left: Unexplained }> {
  const { client, asOf } = deps
  const healing = deps.healing ?? deps.mending
  const below = new Set(outrankedKeys)
  const isMeant = ({ key }: Difference) => deps.healing !== undefined || below.has(key)
  const differences = before.found.differences.filter(isMeant)
  if (healing === undefined || differences.length === 0) return { healed: null, left: before.found }
  const name = table.source.table
  const sourceTable = foundTable(await readSourceCatalog(client, [name]), name)
  const { source } = before.sides
  const notPossible = await sendAgain(differences, { source, sourceTable, asOf, way: healing })
  await deps.steps.run('the lake was waited for', () => deps.aside(() => healing.landed()))
  const selection = { kind: 'keys', keys: new Set(differences.map(({ key }) => key)) } as const
  const listed = { ...before.found, different: differences.length, differences }
  const first = await recompare(deps, table, { ...before, found: listed })
  const { found } = await recompareUntilEqual(deps, table, first, {
    selection,
    retryWindow: healing.retryWindow?.(),
  })
  const rest = before.found.differences.filter((one) => !isMeant(one))
  const left = {
    ...found,
    differences: [...found.differences, ...rest],
    different: found.different + before.found.different - differences.length,
  }
  return {
    healed: {
      healed: differences.length - found.different,
      stillDifferent: deps.healing === undefined ? found.different : left.different,
      notPossible,
    },
    left,
  }
}
