import { hash } from 'node:crypto'
import type { TableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Base } from '../../core/ports/catalog-entry.ts'
import { baseDocument } from '../../core/ports/entry-document.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import type { BasePointer } from './entry-parameters.ts'

/**
 * Writes a base as an object whose name says its content: it is never replaced, so a reader that holds a pointer reads
 * what the pointer meant.
 */
export async function writeManifest(
  objects: Pick<ObjectStore, 'put'>,
  table: TableVersion,
  base: Base,
): Promise<BasePointer> {
  const text = Buffer.from(JSON.stringify(base))
  const digest = hash('sha256', text).slice(0, 16)
  const key = `${folderOf(table)}${String(base.build).padStart(6, '0')}-${digest}.json`
  await objects.put(key, text)
  return { build: base.build, key }
}

/** Deletes the manifests of builds before one, which nobody has read for long. */
export async function deleteManifests(
  objects: Pick<ObjectStore, 'list' | 'delete'>,
  table: TableVersion,
  before: number,
): Promise<void> {
  const folder = folderOf(table)
  for (const key of await objects.list(folder)) {
    const build = /^(\d+)-[0-9a-f]+\.json$/.exec(key.slice(folder.length))?.[1]
    if (build !== undefined && Number(build) < before) await objects.delete(key)
  }
}

/** The base that a pointer means. Throws `catalog/corrupt` for an object that is none. */
export async function readManifest(
  objects: Pick<ObjectStore, 'get'>,
  { key, build }: BasePointer,
): Promise<Base> {
  const text = await objects.get(key)
  try {
    const base = baseDocument.parse(JSON.parse(text.toString('utf8')))
    if (base.build !== build) throw new RangeError('another build')
    return base
  } catch (cause) {
    throw new PipelineError('catalog/corrupt', `manifest ${key}`, { cause })
  }
}

function folderOf({ name, version }: TableVersion): string {
  return `catalog/base/${name}/v${version}/`
}
