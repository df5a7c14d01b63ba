/*
 * Installs the locked dependencies when they are missing or of another lock file; otherwise takes a millisecond. npm runs
 * it with `installed` after an install of its own, so that none is made twice.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`tidemark needs Node.js 20.19 or newer; this is ${process.versions.node}\n`)
  process.exit(2)
}

const digest = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')
const stamp = join(root, 'node_modules', '.tidemark-lock')
if (process.argv[2] === 'installed') {
  // biome-ignore lint/style/noProcessEnv: npm says there what it left out
  if (!process.env['npm_config_omit']) writeFileSync(stamp, digest)
  /* So that the first command does not wait for it. */
  const { bundledCli } = await import('./bundle.mjs')
  await bundledCli()
} else if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  process.stderr.write('installing dependencies (once) …\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  /* Standard output belongs to the command that follows. */
  const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) process.exit(status ?? 2)
  writeFileSync(stamp, digest)
}
