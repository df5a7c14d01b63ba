/*
 * Everything that `npm test` checks: types, lint, unused code, tests. Ends with what was skipped and `N passed, N failed`; each
 * static check counts as one. They run one after another beside the tests, which wait often, and say what they found after
 * them. `npm test -- <filter>` runs the tests whose path holds the filter, and nothing else.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const filters = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }

function bin(name, command = name) {
  const manifest = join(modules, name, 'package.json')
  const { bin: entry } = JSON.parse(readFileSync(manifest, 'utf8'))
  return join(dirname(manifest), typeof entry === 'string' ? entry : entry[command])
}

/* Tests make and drop thousands of small files and a database each; in memory that costs a fraction of the time. */
function roomiestFolder() {
  const [memory, tmpfs, enough] = ['/dev/shm', 0x01021994, 4 * 2 ** 30]
  try {
    const { type, bavail, bsize } = statfsSync(memory)
    if (type === tmpfs && bavail * bsize >= enough) return memory
  } catch {
    /* Only Linux has it. */
  }
  return tmpdir()
}

const scratch = mkdtempSync(join(roomiestFolder(), 'tidemark-check-'))
/* A PostgreSQL that root starts runs as another user, who must come in. */
chmodSync(scratch, 0o755)
// biome-ignore lint/style/noProcessEnv: the tests need PATH and HOME
const env = { ...process.env, TMPDIR: scratch }

/* Resolves with the exit code, and what was printed where that was kept. */
function run(program, args, output = 'inherit') {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', output, output], env })
  const printed = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => printed.push(bytes))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (status) => done({ status, printed: Buffer.concat(printed).toString() }))
  })
}

const checks = [
  ['types', bin('typescript', 'tsc'), ['--noEmit']],
  ['format and lint', bin('@biomejs/biome', 'biome'), ['ci', '--error-on-warnings', '.']],
  ['no unused files, exports or dependencies', bin('knip'), ['--no-progress']],
  ['nothing that only tests reach', bin('knip'), ['--no-progress', '--production']],
]

async function checkAll() {
  const found = []
  for (const [title, program, args] of checks) found.push({ title, ...(await run(program, args, 'pipe')) })
  return found
}

const checked = filters.length === 0 ? checkAll() : []
const report = join(scratch, 'vitest.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const { status } = await run(bin('vitest'), ['run', ...reporters, ...filters])
for (const { title, status: code, printed } of await checked) {
  const isFine = code === 0
  counts[isFine ? 'passed' : 'failed'] += 1
  process.stdout.write(`${isFine ? '' : printed}${isFine ? '✓' : '✗'} ${title}\n`)
}
try {
  const result = JSON.parse(readFileSync(report, 'utf8'))
  counts.passed += result.numPassedTests
  counts.failed += result.numFailedTests
  counts.skipped += result.numPendingTests
  /* Names of tests that are skipped say what they want. */
  for (const { name, assertionResults } of result.testResults)
    for (const { status: state, fullName } of assertionResults)
      if (state === 'skipped' || state === 'pending')
        process.stdout.write(`↓ ${relative(root, name)}: ${fullName}\n`)
  /* A file that could not even be loaded has no tests to count. */
  if (status !== 0 && result.numFailedTests === 0) counts.failed += 1
} catch {
  counts.failed += 1
}
rmSync(scratch, { recursive: true, force: true })
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
if (env['TIDEMARK_TEST_WHOLE'] !== 'yes')
  process.stdout.write('↓ of each law a part: npm run test:whole takes all of it\n')
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed${skipped}\n`)
process.exit(counts.failed > 0 ? 1 : 0)
