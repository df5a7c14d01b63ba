import { printTableVersion } from '../../../core/contract/language/table-version.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { CatalogEntry, LakeFile } from '../../../core/ports/catalog-entry.ts'
import type { ObjectFiles, ObjectStore, SqlEngine } from '../../../core/ports/ports.ts'

/** What the steps of one build share. */
export interface BuildScope {
  readonly entry: CatalogEntry
  readonly build: number
  /** Another one for each attempt: what two attempts at one build write never has one name. Hexadecimal. */
  readonly attempt: string
  readonly sql: SqlEngine
  readonly files: ObjectFiles
  readonly objects: Pick<ObjectStore, 'delete'>
  /** Files are about this large; a partition that holds more has several. */
  readonly fileBytes: number
  /** Throws when the build is to stop. */
  readonly checkpoint: () => void
  /** Keys that the build published to the object store so far: nobody reads them before the catalog names them. */
  readonly written: string[]
}

/** What the names of a build's files have in common: `000004-9f31c2d7`. Builds are read off it, attempts are not. */
export function buildName({ build, attempt }: Pick<BuildScope, 'build' | 'attempt'>): string {
  return `${String(build).padStart(6, '0')}-${attempt}`
}

/** Throws `lake/audit` unless two counts of the same rows agree. Checksums, not values, are in the message. */
export function agree(scope: BuildScope, what: string, found: unknown, expected: unknown): void {
  if (String(found) !== String(expected))
    throw new PipelineError(
      'lake/audit',
      `${printTableVersion(scope.entry.table)} build ${scope.build}: ${what}: ${found} instead of ${expected}`,
    )
}

/** Makes a scratch file an object of the build. */
export async function publishFile(
  scope: BuildScope,
  path: string,
  key: string,
  rows: number,
): Promise<LakeFile> {
  scope.written.push(key)
  return { key, rows, ...(await scope.files.publish(path, key)) }
}

/** Local paths of objects, in their order. */
export async function pathsOf(
  files: Pick<ObjectFiles, 'read'>,
  keys: readonly string[],
): Promise<readonly string[]> {
  const paths: string[] = []
  for (const key of keys) paths.push(await files.read(key))
  return paths
}

/** Removes what a build wrote that will not be published. */
export async function removeWritten({ written, objects }: BuildScope): Promise<void> {
  for (const key of written) await objects.delete(key)
}
