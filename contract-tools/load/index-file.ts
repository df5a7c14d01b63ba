import { posix } from 'node:path'
import type { ContractsFolder } from './load-contracts.ts'

/** The text of `schemas/index.ts`: every contract that loads, by path. */
export function indexText({ files }: ContractsFolder): string {
  const entries = files.flatMap(({ path, loaded }) =>
    loaded.kind === 'table' ? [{ path, name: loaded.exportName }] : [],
  )
  const imports = entries.map(({ path, name }) => `import { ${name} } from './${posix.normalize(path)}'\n`)
  return `import type { Table } from '#contract'
${imports.join('')}
/** Every contract version of this folder, by path; a test compares the list with the files. */
export const tables: readonly Table[] = [
${entries.map(({ name }) => `  ${name},\n`).join('')}]
`
}
