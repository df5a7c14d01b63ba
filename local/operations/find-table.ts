import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'

/** Of the versions of a table the newest, unless one is asked for. Throws `usage/invalid` when there is none. */
export function findTable(versions: readonly Table[], name: string, version: number | undefined): Table {
  const found = versions
    .filter((table) => version === undefined || table.version === version)
    .toSorted((left, right) => right.version - left.version)[0]
  if (found === undefined)
    throw new PipelineError(
      'usage/invalid',
      `no contract ${name}${version === undefined ? '' : ` v${version}`}: --contracts names the folder of written ones`,
    )
  return found
}
