import { fileURLToPath } from 'node:url'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ContractFile } from '../load/load-contracts.ts'
import { type Finding, findingAt } from './finding.ts'

/** What to correct in a file that does not load: the language's faults by name, else the place of the error. */
export function loadFailures(file: ContractFile, root: string): readonly Finding[] {
  if (file.loaded.kind === 'table') return []
  const { error } = file.loaded
  if (error instanceof PipelineError && error.code === 'contract/invalid')
    return languageFaults(error).map(({ rule, path, message }) => findingAt(file, path, rule, message))
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

interface LanguageFault {
  readonly rule: string
  readonly path: readonly string[]
  readonly message: string
}

/* The one place that knows how `table()` words its faults: `name vN: T203 columns.email: is empty; T111 …`. */
function languageFaults({ message }: PipelineError): readonly LanguageFault[] {
  const texts = message.replace(/^\S+ v\S+: (?=T\d)/, '').split(/; (?=T\d{3} [^:]+: )/)
  return texts.map((text) => {
    const [, rule = 'C103', path = '', sentence = text] = /^(T\d{3}) ([^:]+): ([\s\S]*)$/.exec(text) ?? []
    return { rule, path: path.split('.'), message: path === '' ? sentence : `${path}: ${sentence}` }
  })
}
