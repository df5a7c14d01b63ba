import { once } from 'node:events'
import { stripVTControlCharacters, styleText } from 'node:util'
import Table from 'cli-table3'
import { PipelineError } from '../../core/failures/failures.ts'
import { storageFailure } from '../../core/failures/storage-failure.ts'
import { isOfDatabase } from '../../engine/postgres/connection/server-words.ts'
import { toSourceError } from '../../engine/postgres/connection/source-error.ts'
import { harmless, visible } from './visible-text.ts'

/** Exit codes of every command: fine, findings (something is not equal), the command itself failed. */
export const exit = { fine: 0, findings: 1, failed: 2 } as const

/** Where a command writes: results to standard output, everything else to standard error. */
export interface Output {
  readonly isTerminal: boolean
  readonly columns: number
  result(text: string): void
  progress(text: string): void
}

export function processOutput(): Output {
  const { stdout, stderr } = process
  /* A file or another program gets what a value is; a terminal would act on it. */
  const shown = (text: string, { isTTY }: { readonly isTTY?: boolean }) =>
    isTTY === true ? harmless(text) : text
  return {
    isTerminal: stderr.isTTY === true,
    columns: stderr.columns ?? 100,
    result: (text) => void stdout.write(`${shown(text, stdout)}\n`),
    progress: (text) => void stderr.write(`${shown(text, stderr)}\n`),
  }
}

/** Resolves once a slow reader of standard output has caught up: what it has not read yet is held in memory. */
export async function drained(): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain')
}

type Style = Parameters<typeof styleText>[0]

/** Colour for people: only where standard error is a terminal that wants it. */
export function paint(output: Output, style: Style, text: string): string {
  return output.isTerminal ? styleText(style, text) : text
}

/** Rows under their heads, aligned, without rules; numbers to the right. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumeric = head.map((_, index) =>
    rows.every((row) => /^[-\d.,\s]*(MB|ms|s|\/s)?$/.test(stripVTControlCharacters(row[index] ?? ''))),
  )
  const none = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  }
  const inner = { left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' }
  const table = new Table({
    head: [...head],
    chars: { ...none, ...inner },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: isNumeric.map((numeric) => (numeric ? 'right' : 'left')),
  })
  for (const row of rows) table.push(row.map(harmless))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Text of somebody else's, as an echo of the command line, without the addresses and passwords that may be in it. */
export function withoutSecrets(text: string): string {
  return text.replace(/(postgres(?:ql)?:)[^\s']+/gi, '$1…').replace(/(password\s*=\s*)[^\s'&]+/gi, '$1…')
}

/** What a person sees of an error: code, cause, what to do. Unknown errors keep their stack. */
export function describeError(error: unknown): {
  readonly code: string
  readonly message: string
  readonly advice: string
} {
  const named = storageFailure(error) ?? error
  if (named instanceof PipelineError)
    return { code: named.code, message: named.message, advice: named.advice }
  /* A server that refuses a statement is no bug, wherever it was sent from. */
  if (isOfDatabase(error)) return describeError(toSourceError(error, 'the source refused a statement'))
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    code: 'internal',
    message: withoutSecrets(message),
    advice: 'This is a bug in Tidemark. Please report it with the text above.',
  }
}

export function printError(output: Output, error: unknown, isJson: boolean): void {
  const { code, message, advice } = describeError(error)
  if (isJson) output.result(JSON.stringify({ error: { code, message, advice } }))
  else {
    /* Names of the source and values of the command line are in it; a stack has lines. */
    const lines = message.split('\n').map(visible).join('\n')
    output.progress(`${paint(output, 'red', 'error')} ${code}: ${lines}`)
    output.progress(`  ${paint(output, 'dim', 'to do:')} ${advice}`)
  }
}
