import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { type ItemCondition, put, remove } from '../../../core/ports/item-table.ts'
import { SqliteFile } from '../../../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../../../local/sqlite/sqlite-items.ts'
import { all, type ItemTableUnderTest, itemTableContract } from '../../ports/item-table.contract.ts'
import { watchDisk } from '../../support/power-cut.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const codes = { unavailable: 'quarantine/unavailable', damaged: 'run/damaged' } as const

async function opened(path: string): Promise<SqliteFile> {
  const file = await SqliteFile.open(path)
  onTestFinished(() => file.close())
  return file
}

async function underTest(path: string): Promise<ItemTableUnderTest> {
  const table = new SqliteItems(await opened(path), 'quarantine', codes)
  return {
    table,
    fed: async () => (await table.after(0, 1_000)).map(({ item }) => item),
    reopen: () => underTest(path),
  }
}

itemTableContract('a SQLite file', async () => underTest(join(await tempFolder(), 'state.db')), 100)

test('the file and its log are the owner’s alone, and a closed file is whole without its log', async () => {
  const folder = await tempFolder()
  await chmod(folder, 0o755)
  const file = await opened(join(folder, 'state.db'))
  await new SqliteItems(file, 'raw', codes).write([put({ pk: 'p', sk: 's', content: Buffer.alloc(9_000) })])
  const modes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).mode & 0o777)
  expect(new Set(await Promise.all(modes))).toEqual(new Set([0o600]))
  await file.close()
  expect(await readdir(folder)).toEqual(['state.db'])
})

test('G10 a commit is in the write-ahead log and synced when it is told, and its file has its name on the disk', async () => {
  const folder = await tempFolder()
  const disk = await watchDisk(folder, ['state.db', 'state.db-wal', 'state.db-shm'])
  const { db } = await opened(join(folder, 'state.db'))
  const setting = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get())[0]
  expect([setting('journal_mode'), setting('synchronous'), setting('secure_delete')]).toEqual(['wal', 2, 1])
  /* The names of the log are SQLite's own to sync. */
  expect(await disk.lost()).not.toContain('state.db')
})

test('a feed goes on behind an offset, at most so many at once, and an offset is never given twice', async () => {
  const table = new SqliteItems(await opened(join(await tempFolder(), 'state.db')), 'raw', codes)
  for (const sk of ['a', 'b', 'c']) await table.write([put({ pk: 'p', sk })])
  const [first, second] = await table.after(0, 2)
  expect([first?.item.sk, second?.item.sk]).toEqual(['a', 'b'])
  const rest = await table.after(second?.offset ?? 0, 10)
  expect(rest.map(({ item }) => item.sk)).toEqual(['c'])
  await table.write([remove('p', 'c'), put({ pk: 'p', sk: 'd' })])
  const [last] = await table.after(second?.offset ?? 0, 10)
  expect(last?.item.sk).toBe('d')
  expect(last?.offset).toBeGreaterThan(rest[0]?.offset ?? 0)
})

test('a flipped byte is damage that is named by table and key, and other items are read', async () => {
  const path = join(await tempFolder(), 'state.db')
  const file = await opened(path)
  const table = new SqliteItems(file, 'quarantine', codes)
  await table.write([
    put({ pk: 'p', sk: 'flipped', content: Buffer.from('the content of an item') }),
    put({ pk: 'p', sk: 'text', note: 'the note of an item' }),
    put({ pk: 'p', sk: 'whole' }),
  ])
  await file.close()
  const bytes = await readFile(path)
  for (const [from, to] of [
    ['the content of', 'the kontent of'],
    ['the note of', 'the note of'.toUpperCase()],
  ] as const)
    bytes.write(to, bytes.indexOf(from))
  await writeFile(path, bytes)
  const again = new SqliteItems(await opened(path), 'quarantine', codes)
  for (const sk of ['flipped', 'text'])
    await expect(again.get({ pk: 'p', sk })).rejects.toMatchObject({
      code: 'run/damaged',
      message: expect.stringContaining(`state.db, quarantine: p ${sk} is not what was written`),
    })
  expect(await again.get({ pk: 'p', sk: 'whole' })).toEqual({ pk: 'p', sk: 'whole' })
  await expect(all(again, 'p')).rejects.toMatchObject({ code: 'run/damaged' })
})

test('a file that is no database any more, and one that is lost beside its log, are run/damaged', async () => {
  const path = join(await tempFolder(), 'state.db')
  await (await opened(path)).close()
  await writeFile(path, Buffer.alloc(8_192, 65))
  await expect(SqliteFile.open(path)).rejects.toMatchObject({ code: 'run/damaged' })
  const lost = join(await tempFolder(), 'state.db')
  await writeFile(`${lost}-wal`, Buffer.alloc(32))
  await expect(SqliteFile.open(lost)).rejects.toMatchObject({ code: 'run/damaged' })
  expect(await readdir(join(lost, '..'))).toEqual(['state.db-wal'])
})

test('a file of another version is run/bad-folder and stays as it is', async () => {
  const path = join(await tempFolder(), 'state.db')
  await (await opened(path)).close()
  const other = new DatabaseSync(path)
  other.exec('PRAGMA user_version = 1')
  other.close()
  await expect(SqliteFile.open(path)).rejects.toMatchObject({
    code: 'run/bad-folder',
    message: expect.stringContaining('tidemark dev --reload --dir <new folder>'),
  })
  await expect(SqliteFile.openBeside(path)).rejects.toMatchObject({ code: 'run/bad-folder' })
})

test('what one call is about fails alone; what the file refuses fails all that was asked for with it', async () => {
  const file = await opened(join(await tempFolder(), 'state.db'))
  const table = new SqliteItems(file, 'ledger', codes)
  const asked = await Promise.allSettled([
    table.write([put({ pk: 'p', sk: 'a' })]),
    table.write([put({ pk: 'p', sk: 'b' }), put({ pk: 'p', sk: '' })]),
    file.commit(() => {
      file.db.exec("INSERT INTO raw (pk, sk, attributes, digest) VALUES ('p', 'c', '{}', '')")
      throw new RangeError('of this work alone')
    }),
    table.write([put({ pk: 'p', sk: 'd' })]),
  ])
  expect(asked.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect((await all(table, 'p')).map(({ sk }) => sk)).toEqual(['a', 'd'])
  expect(await all(new SqliteItems(file, 'raw', codes), 'p')).toEqual([])
  const refused = await Promise.allSettled([
    table.write([put({ pk: 'p', sk: 'e' })]),
    file.commit(() => file.db.exec('INSERT INTO nowhere VALUES (1)')),
  ])
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect((await all(table, 'p')).map(({ sk }) => sk)).toEqual(['a', 'd'])
  await file.close()
  await expect(table.write([put({ pk: 'p', sk: 'f' })])).rejects.toThrow()
})

test('writes in one are all done or none', async () => {
  const table = new SqliteItems(await opened(join(await tempFolder(), 'state.db')), 'ledger', codes)
  const count = (n: number) => put({ pk: 'p', sk: 'count', n })
  expect(await table.transact([count(1), put({ pk: 'p', sk: 'a' })])).toBe(true)
  const isOne: ItemCondition = { kind: 'equal', name: 'n', value: 1 }
  const both = [
    { ...count(2), conditions: [isOne] },
    { ...remove('p', 'a'), conditions: [{ kind: 'absent' } as const] },
  ]
  expect(await table.transact(both)).toBe(false)
  expect(await all(table, 'p')).toEqual([
    { pk: 'p', sk: 'a' },
    { pk: 'p', sk: 'count', n: 1 },
  ])
  const tried = [2, 3].map((n) => table.transact([{ ...count(n), conditions: [isOne] }, remove('p', 'a')]))
  expect(await Promise.all(tried)).toEqual([true, false])
  expect(await all(table, 'p')).toEqual([{ pk: 'p', sk: 'count', n: 2 }])
})

test('a reader beside the writer sees whole calls, and writes nothing', async () => {
  const path = join(await tempFolder(), 'state.db')
  const nothing = await SqliteFile.openBeside(path)
  expect(await all(new SqliteItems(nothing, 'raw', codes), 'p')).toEqual([])
  expect(await readdir(join(path, '..'))).toEqual([])
  await nothing.close()
  const table = new SqliteItems(await opened(path), 'raw', codes)
  const beside = await SqliteFile.openBeside(path)
  onTestFinished(() => beside.close())
  const reader = new SqliteItems(beside, 'raw', codes)
  for (let round = 1; round <= 50; round += 1) {
    const writing = table.write([put({ pk: 'p', sk: 'a', round }), put({ pk: 'p', sk: 'b', round })])
    const [a, b] = await all(reader, 'p')
    expect(a?.['round']).toBe(b?.['round'])
    await writing
    expect((await reader.get({ pk: 'p', sk: 'b' }))?.['round']).toBe(round)
  }
  await expect(reader.write([put({ pk: 'p', sk: 'c' })])).rejects.toMatchObject({
    code: 'quarantine/unavailable',
  })
})

test('G7 what was deleted is nowhere on the disk after a scrub', async () => {
  const folder = await tempFolder()
  const file = await opened(join(folder, 'state.db'))
  const table = new SqliteItems(file, 'quarantine', codes)
  const holds = async (text: string) => {
    const contents = (await readdir(folder)).map((name) => readFile(join(folder, name)))
    return (await Promise.all(contents)).some((bytes) => bytes.includes(text))
  }
  await table.write([put({ pk: 'p', sk: 'a', content: Buffer.from('personal'.repeat(900)) })])
  await table.write([put({ pk: 'p', sk: 'b', note: 'kept' })])
  await table.write([remove('p', 'a')])
  expect(await holds('personalpersonal')).toBe(true)
  file.scrub()
  expect([await holds('personalpersonal'), await holds('kept')]).toEqual([false, true])
})
