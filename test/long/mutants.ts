/*
 * Undoes one promise of the product at a time and asks the test that should notice. `npm run test:mutants`, or with a part of a
 * mutant's file or reason after `--`. Exit code 1: a test did not notice, did not pass before, or the place of a mutant is gone.
 */
import { spawn, spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import * as z from 'zod'
import { type Mutant, occurrences } from './mutants/mutant.ts'
import { mutants } from './mutants/table.ts'

const root = resolve(import.meta.dirname, '../..')
/* A mutant that waits for ever is met by the test's own deadline; this is for one that does not even let that pass. */
const DEADLINE_MS = 300_000

type Outcome = 'killed' | 'SURVIVED' | 'GONE' | 'NOT GREEN BEFORE' | 'NO RESULT'

const report = z.object({ numFailedTests: z.number(), numPassedTests: z.number() })
type Report = z.infer<typeof report>

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/* The files that git knows or would take; a mutant never touches the checkout itself. */
async function copyCheckout(to: string): Promise<void> {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`)
  for (const name of listed.stdout.split('\0').filter((one) => one !== '')) {
    await mkdir(dirname(join(to, name)), { recursive: true })
    /* Deleted and not committed. */
    await cp(join(root, name), join(to, name)).catch(() => undefined)
  }
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'))
}

/* Names are given to vitest as a regular expression. */
const literally = (name: string) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/* What vitest counted; undefined when it counted nothing within the time. */
async function runTests(
  checkout: string,
  { test, only }: Pick<Mutant, 'test' | 'only'>,
): Promise<Report | undefined> {
  const output = join(checkout, 'mutant-report.json')
  await rm(output, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [
    'run',
    '--bail=1',
    '--reporter=json',
    `--outputFile=${output}`,
    test,
    ...(only === undefined ? [] : ['-t', literally(only)]),
  ]
  const temporary = join(checkout, 'tmp')
  await mkdir(temporary, { recursive: true })
  await chmod(temporary, 0o755)
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: checkout,
    stdio: 'ignore',
    detached: true,
    // biome-ignore lint/style/noProcessEnv: the child needs PATH and HOME
    env: { ...process.env, TMPDIR: temporary },
  })
  const late = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, DEADLINE_MS)
  await new Promise((done) => child.on('close', done))
  clearTimeout(late)
  const text = await readFile(output, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : report.parse(JSON.parse(text))
}

async function outcomeOf(mutant: Mutant, checkout: string): Promise<Outcome> {
  const { file, before, after } = mutant
  const path = join(checkout, file)
  const whole = await readFile(path, 'utf8').catch(() => '')
  if (occurrences(whole, before) !== 1) return 'GONE'
  await writeFile(
    path,
    whole.replace(before, () => after),
  )
  try {
    const found = await runTests(checkout, mutant)
    if (found === undefined || found.numPassedTests + found.numFailedTests === 0) return 'NO RESULT'
    return found.numFailedTests > 0 ? 'killed' : 'SURVIVED'
  } finally {
    await writeFile(path, whole)
  }
}

function isGreen(found: Report | undefined): boolean {
  return found !== undefined && found.numFailedTests === 0 && found.numPassedTests > 0
}

async function main(): Promise<number> {
  const asked = process.argv.slice(2)
  const chosen = mutants.filter(({ file, reason }) =>
    asked.every((part) => file.includes(part) || reason.includes(part)),
  )
  const checkout = await mkdtemp(join(tmpdir(), 'tidemark-mutants-'))
  await chmod(checkout, 0o755)
  const counts = new Map<Outcome, number>()
  try {
    await copyCheckout(checkout)
    const green = new Map<string, boolean>()
    for (const mutant of chosen) {
      const asks = `${mutant.test} ${mutant.only ?? ''}`
      if (!green.has(asks)) green.set(asks, isGreen(await runTests(checkout, mutant)))
      const outcome = green.get(asks) ? await outcomeOf(mutant, checkout) : 'NOT GREEN BEFORE'
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
      say(`${outcome}  ${mutant.file}: ${mutant.reason}  (${mutant.test})`)
    }
  } finally {
    await rm(checkout, { recursive: true, force: true, maxRetries: 5 })
  }
  say([...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', '))
  return chosen.length > 0 && counts.get('killed') === chosen.length ? 0 : 1
}

process.exitCode = await main()
