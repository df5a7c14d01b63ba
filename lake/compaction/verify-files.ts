import { repairOf } from '../../core/audit/ledger-finding.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ManifestFile } from '../../core/ledger/ledger.ts'
import { type CatalogEntry, type LakeFile, reachesBack } from '../../core/ports/catalog-entry.ts'
import type { CompactDeps } from './compact-deps.ts'

/** The files of base that are gone or not what was written: their size is looked at, or every byte of them. */
export async function damagedBase(
  { base }: Pick<CatalogEntry, 'base'>,
  { files }: Pick<CompactDeps, 'files'>,
  by: 'size' | 'digest',
): Promise<readonly LakeFile[]> {
  const all = base === null ? [] : [...base.parts.flatMap((part) => part.files), ...base.tombstones]
  const damaged: LakeFile[] = []
  for (const file of all) if ((await files.verify(file, by)) !== 'whole') damaged.push(file)
  return damaged
}

/** Throws `lake/base-lost` when history alone does not make the base of a table: some of it was dropped. */
export function requireHistory(entry: CatalogEntry, damaged: readonly LakeFile[]): void {
  const [first] = damaged
  if (first === undefined || reachesBack(entry)) return
  const { name, source } = entry.table
  throw new PipelineError(
    'lake/base-lost',
    `${printTableVersion(entry.table)}: ${first.key} is gone or damaged, and history before ${entry.base?.historyFrom} was dropped; ` +
      `to do: tidemark load start --tables ${source} --wait; then tidemark compact --table ${name}`,
  )
}

/**
 * Throws `lake/unreadable` for the first history file of days from `firstDay` on that is not, byte for byte, what was written:
 * what is made of the others would lack its rows. Knows nothing where the manifest tells nothing.
 */
export async function verifyHistory(
  { table, partitions }: CatalogEntry,
  firstDay: string,
  { files, manifest }: Pick<CompactDeps, 'files' | 'manifest'>,
): Promise<void> {
  const of = { table: table.name, version: table.version }
  for (const day of partitions) {
    if (day < firstDay) continue
    for (const file of (await manifest.files?.({ ...of, day })) ?? []) {
      const state = await files.verify(file, 'digest')
      /* Compacted away or replayed in between. */
      if (state === 'whole' || !(await isExpected(file, { ...of, day }, manifest))) continue
      const what = state === 'missing' ? 'is missing' : 'is not what was written'
      throw new PipelineError('lake/unreadable', `${file.key} ${what}; to do: ${repairOf('file', file.key)}`)
    }
  }
}

async function isExpected(
  { key }: ManifestFile,
  day: { readonly table: string; readonly version: number; readonly day: string },
  manifest: CompactDeps['manifest'],
): Promise<boolean> {
  return ((await manifest.files?.(day)) ?? []).some((file) => file.key === key)
}
