/*
 * Measures what readers of other people make of the files of our writer and writes `docs/readers.md`: `npm run docs:readers`.
 * With `--check` it compares the page instead, and ends with 1 when it holds no more. The readers are installed in a folder
 * of their own, about 700 MB, deleted at the end; none of them is a dependency.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { CanonicalValue } from '../../core/block.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { parquetType } from '../../lake/history/history-fields.ts'
import { parquetValueOf } from '../../lake/history/parquet-value.ts'
import { parquetWriter } from '../../lake/parquet/writer.ts'
import { readerCases } from './cases.ts'
import { type Answer, judged, type Outcome } from './judge.ts'
import { type Measured, readersPage } from './page.ts'
import { readers } from './readers.ts'

const page = resolve(import.meta.dirname, '../readers.md')
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const folder = mkdtempSync(join(tmpdir(), 'tidemark-readers-'))
try {
  install()
  const found = measure()
  const text = readersPage(found)
  const isSame = readFileSync(page, { encoding: 'utf8', flag: 'a+' }) === text
  if (!values.check) writeFileSync(page, text)
  else if (!isSame) process.exitCode = 1
  say(
    values.check
      ? isSame
        ? 'docs/readers.md holds'
        : 'docs/readers.md does not hold: npm run docs:readers'
      : `docs/readers.md ${isSame ? 'is as it was' : 'is written'}`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function install(): void {
  const packages = readers.flatMap(({ packages: of }) => of)
  say(`installing ${packages.join(', ')}`)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync(npm, ['install', ...quiet, ...packages], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('the readers could not be installed')
}

/* What each reader makes of each group of values: one file for each group. */
function measure(): readonly Measured[] {
  const groups = readerCases.flatMap(({ contract, type, ordinary, extreme }) =>
    [{ what: undefined, values: ordinary }, ...extreme].map((group) => ({ contract, type, ...group })),
  )
  const paths = groups.map(({ type, values: given }, index) => {
    const path = join(folder, `${index}-${type.kind}.parquet`)
    writeFileSync(path, encoded(type, given))
    return path
  })
  const list = join(folder, 'files.json')
  writeFileSync(list, JSON.stringify(paths))
  const answers = readers.map(({ id, title }) => {
    say(`reading ${paths.length} files with ${title}`)
    return answersOf(id, list, paths.length)
  })
  return groups.map(({ contract, type, what, values: given }, index) => ({
    contract,
    what,
    outcomes: answers.map((of): Outcome => judged(type, given, of[index] ?? { error: 'no answer' })),
  }))
}

function answersOf(id: string, list: string, count: number): readonly Answer[] {
  const script = resolve(import.meta.dirname, 'read-with.mjs')
  const out = join(folder, `${id}.jsonl`)
  writeFileSync(out, '')
  const { stderr } = spawnSync(process.execPath, [script, id, list, out], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 300_000,
  })
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
  if (lines.length !== count)
    throw new Error(`${id} answered for ${lines.length} of ${count} files: ${stderr.slice(0, 300)}`)
  return lines.map((line) => JSON.parse(line) as Answer)
}

/* A file as history's: its column is one, nullable, and gets a dictionary where it pays. */
function encoded(type: ColumnType, given: readonly CanonicalValue[]): Uint8Array {
  const parts: Uint8Array[] = []
  const writer = parquetWriter([{ name: 'v', type: parquetType(type), nullable: true }], (bytes) =>
    parts.push(bytes),
  )
  const convert = parquetValueOf({ name: 'v', contractColumn: 'v', type, part: 'value' })
  for (const value of given) {
    writer.columns[0]?.append(value === null ? null : convert(value))
    writer.endRow()
  }
  writer.finish()
  return Buffer.concat(parts)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
