import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { commandLine } from '../../../cli/main.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { printContract } from '../../../core/contract/print/print-contract.ts'
import { people } from './kept-folder.ts'

const SCHEMAS = 'schemas'

/** Writes contracts where commands find them, in a folder below the root; that of the kept folder unless others are given. */
export async function writeContracts(
  root: string,
  { contracts = [people], folder = SCHEMAS }: { contracts?: readonly Table[]; folder?: string } = {},
): Promise<void> {
  for (const contract of contracts) {
    const path = join(root, folder, `${contract.name.replace('.', '/')}/v${contract.version}.ts`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, printContract(contract))
  }
  await writeFile(
    join(root, 'package.json'),
    '{"type":"module","imports":{"#contract":"./contract/index.ts"}}',
  )
  await symlink(resolve('core/contract'), join(root, 'contract')).catch(() => undefined)
}

/** The commands in a text of advice, word by word as they stand there. */
export function commandsIn(advice: string): readonly (readonly string[])[] {
  return [...advice.matchAll(/tidemark ((?:(?![;,:.](?:\s|$)|`).)+)/g)].map(([, words = '']) =>
    words
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/^'|'$/g, '')),
  )
}

/** Runs a command of an advice on a folder, through the command line that a person types it into. Resolves with what it printed, progress too. */
export async function carryOut(
  command: readonly string[],
  where: { readonly dir: string; readonly root: string },
): Promise<string> {
  return (await runCommand(command, where)).printed
}

/** As `carryOut`, with the exit code, and what a program would read: standard output alone. */
export async function runCommand(
  command: readonly string[],
  { dir, root }: { readonly dir: string; readonly root: string },
): Promise<{ readonly printed: string; readonly read: string; readonly code: unknown }> {
  const printed: string[] = []
  const read: string[] = []
  const output = {
    isTerminal: false,
    columns: 200,
    result: (line: string) => {
      printed.push(line)
      read.push(line)
    },
    progress: (line: string) => void printed.push(line),
  }
  const make = await commandLine({ output, sourceFromEnvironment: undefined })
  const before = process.exitCode
  try {
    await make().parseAsync([
      'node',
      'tidemark',
      ...command,
      ...['--dir', dir, '--contracts', join(root, SCHEMAS)],
    ])
    return { printed: printed.join('\n'), read: read.join('\n'), code: process.exitCode }
  } finally {
    process.exitCode = before
  }
}
