import { fileURLToPath } from 'node:url'
import { ContractError } from '../../core/contract/check/fault.ts'
import type { ContractFile } from '../load/load-contracts.ts'
import { type Finding, findingAt } from './finding.ts'

/** What to correct in a file that does not load: the language's faults by name, else the place of the error. */
export function loadFailures(file: ContractFile, root: string): readonly Finding[] {
  if (file.loaded.kind === 'table') return []
  const { error } = file.loaded
  if (error instanceof ContractError)
    return error.faults.map(({ rule, path, message }) =>
      findingAt(file, path.split('.'), rule, path === '' ? message : `${path}: ${message}`),
    )
  const message = error instanceof Error ? error.message : String(error)
  const syntax = SYNTAX.exec(message)
  const finding = findingAt(file, [], 'C101', syntax?.[3] ?? message.split('\n')[0] ?? '')
  if (syntax !== null) return [{ ...finding, line: Number(syntax[1]), column: Number(syntax[2]) + 1 }]
  const thrown = error instanceof Error ? thrownAt(error, `${root}/${file.path}`) : undefined
  return [{ ...finding, ...thrown }]
}

/* esbuild: `/path/v1.ts:4:7: ERROR: Expected …`, its columns counted from 0. */
const SYNTAX = /:(\d+):(\d+): ERROR: (.*)/

function thrownAt({ stack = '' }: Error, path: string): { line: number; column: number } | undefined {
  for (const [, file = '', line, column] of stack.matchAll(/\(?([^\s()]+):(\d+):(\d+)\)?$/gm)) {
    const frame = file.startsWith('file:') ? fileURLToPath(file.replace(/[?#].*$/, '')) : file
    if (frame === path) return { line: Number(line), column: Number(column) }
  }
  return undefined
}
