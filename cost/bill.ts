import { PipelineError } from '../core/failures/failures.ts'
import { changeUsage } from './change-usage.ts'
import { fixedUsage } from './fixed-usage.ts'
import { dollars, type PriceId, type PriceSheet } from './price-sheet.ts'
import type { Setup } from './setup.ts'
import { type Stage, stages, type Usage } from './usage.ts'
import { totalOf, type Volume } from './volume.ts'

/** Units of one price in one stage, and their dollars. */
export interface BillLine {
  readonly stage: Stage
  readonly id: PriceId
  readonly units: number
  readonly usd: number
  readonly isFixed: boolean
}

/** Dollars a month, apart: what changes cost, and what is there without them. */
export interface Share {
  readonly perMonth: number
  readonly fixedPerMonth: number
  /** Of what changes cost, for a million of them; null without changes. */
  readonly perMillion: number | null
}

export interface Bill extends Share {
  readonly changes: number
  readonly lines: readonly BillLine[]
  /** In the order of the way; those that cost nothing too. */
  readonly stages: readonly (Share & { readonly stage: Stage })[]
  /** By source table; what is nobody's is under null. */
  readonly tables: readonly (Share & { readonly table: string | null; readonly changes: number })[]
}

/** The bill of a month of changes, or the part of a source table in it. Stages add up to the total, and so do tables. */
export function billOf(month: Volume, setup: Setup, sheet: PriceSheet, table?: string): Bill {
  return priced([...changeUsage(month, setup), ...fixedUsage(month, setup)], month, sheet, table)
}

/** The bill of what was used in a month. Throws `usage/invalid` for a table that has no changes in it. */
export function priced(all: readonly Usage[], whole: Volume, sheet: PriceSheet, only?: string): Bill {
  const month = only === undefined ? whole : { ...whole, tables: partOf(whole, only) }
  const usage = only === undefined ? all : all.filter(({ table }) => table === only)
  const costs = usage.map((one) => ({ ...one, usd: dollars(sheet, one.id, one.units) }))
  const { changes } = totalOf(month)
  const of = (some: readonly Cost[], count: number): Share => {
    const sum = (isFixed: boolean) =>
      some.reduce((total, one) => (one.isFixed === isFixed ? total + one.usd : total), 0)
    return {
      perMonth: sum(false),
      fixedPerMonth: sum(true),
      perMillion: count > 0 ? (sum(false) / count) * 1e6 : null,
    }
  }
  const tables = only === undefined ? [...Object.keys(month.tables), null] : [only]
  return {
    changes,
    ...of(costs, changes),
    lines: linesOf(costs),
    stages: stages.map((stage) => ({
      stage,
      ...of(
        costs.filter((one) => one.stage === stage),
        changes,
      ),
    })),
    tables: tables.map((table) => {
      const own = table === null ? 0 : (month.tables[table]?.changes ?? 0)
      return {
        table,
        changes: own,
        ...of(
          costs.filter((one) => one.table === table),
          own,
        ),
      }
    }),
  }
}

function partOf({ tables }: Volume, name: string): Volume['tables'] {
  const own = tables[name]
  if (own !== undefined) return { [name]: own }
  throw new PipelineError('usage/invalid', `${name} has no changes; ${Object.keys(tables).join(', ')} have`)
}

type Cost = Usage & { readonly usd: number }

/* Tables together, most expensive first within a stage. */
function linesOf(costs: readonly Cost[]): readonly BillLine[] {
  const lines = new Map<string, BillLine>()
  for (const { stage, id, units, usd, isFixed } of costs) {
    const key = `${stage} ${id} ${isFixed}`
    const known = lines.get(key) ?? { stage, id, units: 0, usd: 0, isFixed }
    lines.set(key, { ...known, units: known.units + units, usd: known.usd + usd })
  }
  return [...lines.values()]
    .filter(({ units }) => units > 0)
    .sort((left, right) => stages.indexOf(left.stage) - stages.indexOf(right.stage) || right.usd - left.usd)
}
