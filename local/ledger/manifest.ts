import { open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PipelineError } from '../../core/failures.ts'
import type { ManifestChange, ManifestDay, ManifestFile } from '../../core/ledger.ts'
import { isErrno, makeFolder, readIfThere, replaceFile, syncFolder } from '../stores/durable.ts'
import { manifestChange } from './ledger-schema.ts'

const DAY = /^(.+)\.v(\d+)$/
const REWRITE_BYTES = 4 << 20

/**
 * Which history files each table version has on each day: one NDJSON file of changes for a day. A change may come twice.
 * Memory: the manifest of one day.
 */
export class Manifest {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Writes changes down; durable when it resolves. A last line that a crash cut off is cut away. */
  async append(changes: readonly ManifestChange[]): Promise<void> {
    const byFile = new Map<string, ManifestChange[]>()
    for (const change of changes) {
      const path = this.path(change)
      byFile.set(path, [...(byFile.get(path) ?? []), change])
    }
    for (const [path, some] of byFile) await this.appendTo(path, some)
  }

  /** Every day that has or had files, by table and day. */
  async days(): Promise<readonly ManifestDay[]> {
    const days: ManifestDay[] = []
    for (const name of await namesIn(this.folder)) {
      const [, table, version] = DAY.exec(name) ?? []
      if (table === undefined) continue
      for (const file of await namesIn(join(this.folder, name)))
        if (/^\d{4}-\d{2}-\d{2}\.ndjson$/.test(file))
          days.push({ table, version: Number(version), day: file.slice(0, 10) })
    }
    return days
  }

  /** The files of a day, with changes that are not written down yet on top. */
  async files(day: ManifestDay, pending: readonly ManifestChange[] = []): Promise<readonly ManifestFile[]> {
    const path = this.path(day)
    const files = new Map<string, ManifestFile>()
    for (const change of [...linesOf((await readIfThere(path)) ?? '', path), ...pending]) {
      if (change.table !== day.table || change.version !== day.version || change.day !== day.day) continue
      for (const key of change.removed) files.delete(key)
      for (const file of change.added) files.set(file.key, file)
    }
    return [...files.values()]
  }

  private async appendTo(path: string, changes: readonly ManifestChange[]): Promise<void> {
    await makeFolder(dirname(path))
    const file = await open(path, 'a+', 0o600)
    try {
      const { size } = await file.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await file.read(last, 0, 1, size - 1)
      const isTorn = size > 0 && last[0] !== 10
      /* What is left of a day whose files were compacted away is written anew. */
      const isWorn = size > REWRITE_BYTES && changes.some(({ removed }) => removed.length > 0)
      if (isTorn || isWorn) return await this.rewrite(path, changes)
      await file.appendFile(changes.map((change) => `${JSON.stringify(change)}\n`).join(''))
      await file.datasync()
      if (size === 0) await syncFolder(dirname(path))
    } finally {
      await file.close()
    }
  }

  private async rewrite(path: string, changes: readonly ManifestChange[]): Promise<void> {
    const [first] = changes
    if (first === undefined) return
    const { table, version, day } = first
    const added = await this.files(first, changes)
    await replaceFile(path, [Buffer.from(`${JSON.stringify({ table, version, day, added, removed: [] })}\n`)])
  }

  private path({ table, version, day }: ManifestDay): string {
    return join(this.folder, `${table}.v${version}`, `${day}.ndjson`)
  }
}

/* Without the last line when it is cut off: a journal still has it. */
function linesOf(text: string, path: string): readonly ManifestChange[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  try {
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => manifestChange.parse(JSON.parse(line)))
  } catch (cause) {
    throw new PipelineError('ledger/corrupt', `${path} is damaged`, { cause })
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (
    await readdir(folder).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
  ).toSorted()
}
