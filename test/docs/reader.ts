import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { applyHunks, editedFile, filesOf } from './walkthrough-page.ts'

const root = resolve(import.meta.dirname, '../..')
const COMMAND_MS = 90_000

/** Someone who does what a page says, in a folder that looks like a checkout. */
export interface Reader {
  /** What a terminal shows: both streams, and the exit code where it is not 0. */
  run(command: string): Promise<string>
  edit(diff: string): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/* As root the embedded PostgreSQL runs under another user, who must be able to enter. */
export async function reader(): Promise<Reader> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-walk-'))
  await chmod(folder, 0o755)
  await cp(join(root, 'schemas'), join(folder, 'schemas'), { recursive: true })
  const path = await npxFolder(folder)
  return {
    run: (command) => runCommand(command, folder, path),
    async edit(diff) {
      for (const part of filesOf(diff)) {
        const file = join(folder, editedFile(part))
        await writeFile(file, applyHunks(await readFile(file, 'utf8'), part))
      }
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/* `npx` as in a checkout, without npm's second for each command. */
async function npxFolder(folder: string): Promise<string> {
  const bin = join(folder, '.bin')
  await mkdir(bin)
  const lines = [
    '#!/bin/sh',
    'name=$1; shift',
    `if [ "$name" = tidemark ]; then exec '${process.execPath}' '${root}/bin/tidemark.mjs' "$@"; fi`,
    `script=$1; shift; exec '${process.execPath}' '${root}/node_modules/tsx/dist/cli.mjs' "${root}/$script" "$@"`,
  ]
  await writeFile(join(bin, 'npx'), `${lines.join('\n')}\n`, { mode: 0o755 })
  return [bin, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
}

function runCommand(command: string, cwd: string, path: string): Promise<string> {
  const child = spawn('/bin/sh', ['-c', `exec 2>&1\n${command}`], {
    cwd,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    env: { PATH: path, HOME: cwd, NO_COLOR: '1', LANG: 'C.UTF-8' },
  })
  /* The whole group: the shell would leave what it started behind. */
  const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), COMMAND_MS)
  const parts: Buffer[] = []
  child.stdout.on('data', (bytes: Buffer) => parts.push(bytes))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const lines = Buffer.concat(parts).toString('utf8').split('\n')
      const shown = lines
        .map((line) => line.trimEnd())
        .join('\n')
        .replace(/^\n+|\n+$/g, '')
      const ending = code === 0 ? '' : `\n(exit code ${code ?? signal})`
      done(`${shown}${ending}`.replace(/^\n/, ''))
    })
  })
}
