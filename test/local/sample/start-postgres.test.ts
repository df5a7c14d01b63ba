import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startPostgres } from '../../../local/embedded-postgres/start-postgres.ts'
import { whole } from '../../support/budget.ts'
import { copyFolder } from './copied-server.ts'
import { ask, openScratch, type Scratch } from './scratch.ts'

// Real servers on a busy machine: a limit against hanging, not an expectation.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const isRoot = process.getuid?.() === 0
const isLinux = process.platform === 'linux'
let scratch: Scratch
/** A folder that lives through all tests that are not about the first start: starting it takes no time. */
let made: Scratch

beforeAll(async () => {
  made = await openScratch(0o755)
  await made.start()
  await made.close()
})
afterAll(() => made.clear())
beforeEach(async () => {
  scratch = await openScratch(0o755)
})
afterEach(async () => {
  await scratch.clear()
  await made.close()
})

/** A process of its own that starts the server and keeps it. */
async function startElsewhere(dir: string): Promise<{ caller: ChildProcess; pid: number }> {
  const script = new URL('leave-running.ts', import.meta.url).pathname
  const caller = spawn(process.execPath, ['--import', 'tsx', script, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  scratch.later(() => caller.kill('SIGKILL'))
  const [text] = await once(caller.stdout, 'data')
  return { caller, pid: Number(String(text)) }
}

async function kill(caller: ChildProcess): Promise<void> {
  const gone = once(caller, 'exit')
  caller.kill('SIGKILL')
  await gone
}

describe('a server on a folder', () => {
  it('keeps its data over a stop and a start, and makes its database only once', async () => {
    const first = await made.start({ database: 'hr "x"' })
    await ask(first.url, 'create table kept as select 1 as a')
    await first.stop()
    await expect(ask(first.url, 'select 1')).rejects.toThrow()
    const second = await made.start({ database: 'hr "x"' })
    expect(await ask(second.url, 'select a from kept')).toEqual([['1']])
  })

  it('is a durable source of logical replication that only this machine reaches, with the password', async () => {
    const { url } = await made.start()
    const names = [
      'wal_level',
      'fsync',
      'synchronous_commit',
      'listen_addresses',
      'TimeZone',
      'server_encoding',
    ]
    const values = await Promise.all(names.map((name) => ask(url, `show ${name}`)))
    expect(values.flat(2)).toEqual(['logical', 'on', 'on', '127.0.0.1', 'UTC', 'UTF8'])
    await expect(ask(url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    })
    expect((await stat(join(made.dir, 'tidemark.password'))).mode & 0o777).toBe(0o600)
    expect((await stat(made.dir)).mode & 0o777).toBe(0o700)
  })

  it('does not write statements or row values into its log', async () => {
    const { url } = await made.start()
    await ask(url, 'create table quiet (secret text primary key)')
    await ask(url, `insert into quiet values ('FR76-private')`)
    await expect(ask(url, `insert into quiet values ('FR76-private')`)).rejects.toMatchObject({
      code: '23505',
    })
    const logs = await readdir(join(made.dir, 'log'))
    const texts = await Promise.all(logs.map((name) => readFile(join(made.dir, 'log', name), 'utf8')))
    expect(texts.join()).toContain('ready to accept connections')
    expect(texts.join()).not.toContain('private')
  })

  it('recovers everything committed after its process was killed', async () => {
    const first = await made.start()
    await ask(first.url, 'create table crashed as select n from generate_series(1, 1000) n')
    await first.kill()
    const second = await made.start()
    expect(second.pid).not.toBe(first.pid)
    expect(await ask(second.url, 'select count(*) from crashed')).toEqual([['1000']])
  })

  it('stops twice without complaint, also when it is already dead', async () => {
    const server = await made.start()
    await server.kill()
    await Promise.all([server.stop(), server.stop()])
  })

  it('names the reason when the server refuses a setting', async () => {
    await expect(made.start({ settings: { wal_level: 'none' } })).rejects.toMatchObject({
      code: 'postgres/start',
      message: expect.stringContaining('wal_level'),
    })
  })
})

describe('a caller that was killed', () => {
  it('leaves a server that is locked while the caller lives, and then taken over as it is', async () => {
    const { caller, pid } = await startElsewhere(made.dir)
    await expect(made.start()).rejects.toMatchObject({ code: 'run/locked' })
    await kill(caller)
    const server = await made.start()
    expect(server.pid).toBe(pid)
    expect(await ask(server.url, 'select 1')).toEqual([['1']])
  })

  whole('leaves a server that is restarted when other settings are asked for', async () => {
    const { caller, pid } = await startElsewhere(made.dir)
    await kill(caller)
    const server = await made.start({ settings: { max_wal_senders: '7' } })
    expect(server.pid).not.toBe(pid)
    expect(await ask(server.url, 'show max_wal_senders')).toEqual([['7']])
  })
})

describe('two starts at once on a new folder', () => {
  it('give one server, and run/locked to the other', async () => {
    const results = await Promise.allSettled([scratch.start(), scratch.start()])
    const won = results.filter((result) => result.status === 'fulfilled')
    const lost = results.filter((result) => result.status === 'rejected')
    expect(won).toHaveLength(1)
    expect(lost.map((result) => result.reason)).toMatchObject([{ code: 'run/locked' }])
    expect(await readdir(scratch.folder)).toEqual(['data'])
  })
})

describe('what an earlier run left', () => {
  it('is no obstacle when its process id now belongs to another program', async () => {
    const { uid, gid } = await stat(made.dir)
    const other = spawn('sleep', ['60'], { cwd: '/', stdio: 'ignore', ...(isRoot ? { uid, gid } : {}) })
    scratch.later(() => other.kill())
    await once(other, 'spawn')
    const file = join(made.dir, 'postmaster.pid')
    await writeFile(file, `${other.pid}\n${made.dir}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`)
    await chown(file, uid, gid)
    const second = await made.start()
    expect(await ask(second.url, 'select 1')).toEqual([['1']])
    expect(other.exitCode).toBeNull()
  })

  it.runIf(isLinux)('is not taken for its original when the folder is a copy', async () => {
    const copy = join(scratch.folder, 'copy')
    await copyFolder(made.dir, copy)
    const original = await made.start()
    await copyFile(join(made.dir, 'postmaster.pid'), join(copy, 'postmaster.pid'))
    const server = await scratch.start({ dir: copy })
    expect(server.pid).not.toBe(original.pid)
    expect(await ask(original.url, 'show data_directory')).toEqual([[made.dir]])
    expect(await ask(server.url, 'show data_directory')).toEqual([[copy]])
  })

  it('is thrown away when it is half an initdb, and an empty folder is used', async () => {
    await mkdir(`${scratch.dir}.init-2147483646-ab/data`, { recursive: true })
    await mkdir(scratch.dir)
    await scratch.start()
    expect(await readdir(scratch.folder)).toEqual(['data'])
  })

  it('is not touched when it is not a data folder', async () => {
    await mkdir(scratch.dir)
    await writeFile(join(scratch.dir, 'thesis.txt'), 'x')
    await expect(startPostgres({ dir: scratch.dir })).rejects.toMatchObject({ code: 'run/bad-folder' })
    expect(await readdir(scratch.dir)).toEqual(['thesis.txt'])
  })
})

describe('root', () => {
  it.runIf(isRoot)('runs the server as a user without rights who owns the folder', async () => {
    expect((await stat(made.dir)).uid).toBe(65534)
  })

  it.runIf(isRoot)('refuses a folder whose owner cannot enter it any more', async () => {
    await chmod(made.folder, 0o700)
    await expect(made.start()).rejects.toMatchObject({ code: 'postgres/unreachable-folder' })
    await chmod(made.folder, 0o755)
  })

  it.runIf(isRoot)(
    'runs the server under a folder that only root may enter, and starts it again',
    async () => {
      const closed = await openScratch(0o700)
      scratch.later(() => closed.clear())
      const first = await closed.start()
      await ask(first.url, 'create table t as select 1 as a')
      await first.kill()
      const second = await closed.start()
      expect(await ask(second.url, 'select a from t')).toEqual([['1']])
      expect((await stat(closed.dir)).uid).toBe(0)
    },
  )
})
