import { splitLakeName, versionedName } from '../../../core/contract/language/lake-table-name.ts'
import type { CatalogEntry, CatalogTable } from '../../../core/ports/catalog-entry.ts'
import type { CurrentSources } from '../current-select.ts'
import { identifier, literal } from '../sql-text.ts'

/** Athena's tables of one version of a lake table, by quoted name. */
export interface AthenaTables {
  readonly view: string
  readonly history: string
  base(build: number): string
  tombstones(build: number): string
}

export function athenaTables(of: CatalogTable): AthenaTables {
  const { domain, table } = versionedName(of)
  const quoted = (name: string) => `${identifier(domain)}.${identifier(name)}`
  const build = (number: number) => String(number).padStart(6, '0')
  return {
    view: quoted(splitLakeName(of.name).table),
    history: quoted(`${table}_history`),
    base: (number) => quoted(`${table}_base_${build(number)}`),
    tombstones: (number) => quoted(`${table}_deleted_${build(number)}`),
  }
}

/* A query of Athena has at most 262,144 bytes, and a view repeats this list. Folded files beyond are read again. */
const MAX_NAMED_BYTES = 24_000

/** The relations of an entry in Athena. `root` is where `lake/` lies, such as `s3://bucket`. */
export function athenaSources({ table, base, revisions }: CatalogEntry, root: string): CurrentSources {
  const tables = athenaTables(table)
  const shown = `_revision IN (${[0, ...revisions].map(Number).join(', ')})`
  const history = `(SELECT * FROM ${tables.history} WHERE ${shown})`
  if (base === null) return { history }
  const conditions = [
    shown,
    `ingest_date >= DATE ${literal(base.openSince)}`,
    ...foldedCondition(base.folded, root),
  ]
  return {
    history,
    fresh: `(SELECT * FROM ${tables.history} WHERE ${conditions.join(' AND ')})`,
    base: tables.base(base.build),
    tombstones: tables.tombstones(base.build),
  }
}

function foldedCondition(folded: readonly string[], root: string): readonly string[] {
  let room = MAX_NAMED_BYTES
  /* The newest files are the ones that an open day still has unmerged. */
  const names = folded.toReversed().flatMap((key) => {
    const name = literal(`${root}/${key}`)
    room -= name.length + 2
    return room < 0 ? [] : [name]
  })
  return names.length === 0 ? [] : [`"$path" NOT IN (${names.toReversed().join(', ')})`]
}
