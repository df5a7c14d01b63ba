import { posix } from 'node:path'
import type { ContractsFolder } from './load-contracts.ts'

/** The text of `schemas/index.ts`: every contract that loads, by path. */
export function indexText({ files }: ContractsFolder): string {
  const entries = files.flatMap(({ path, loaded }) =>
    loaded.kind === 'table' ? [{ path, name: loaded.exportName }] : [],
  )
  const imports = entries.map(({ path, name }) => `import { ${name} } from './${posix.normalize(path)}'`)
  const flat = entries.map(({ name }) => name).join(', ')
  const head = 'export const tables: readonly Table[] = ['
  const list =
    `${head}${flat}]`.length <= 110 ? flat : `\n${entries.map(({ name }) => `  ${name},\n`).join('')}`
  return `import type { Table } from '#contract'
${imports.join('\n')}${imports.length > 0 ? '\n' : ''}
/** Every contract version of this folder, by path; a test compares the list with the files. */
${head}${list}]
`
}
