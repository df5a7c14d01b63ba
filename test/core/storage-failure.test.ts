import { writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../core/failures/failures.ts'
import { storageFailure } from '../../core/failures/storage-failure.ts'

const system = (code: string, syscall: string, more: object = {}) =>
  Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, ...more })

describe('what a file system refuses has a code of its own', () => {
  test.each([
    ['ENOSPC', 'write', 'run/disk-full'],
    ['EDQUOT', 'write', 'run/disk-full'],
    ['EROFS', 'open', 'run/not-writable'],
    ['EACCES', 'mkdir', 'run/not-writable'],
    ['EPERM', 'rename', 'run/not-writable'],
    ['EMFILE', 'open', 'run/too-many-files'],
    ['ENFILE', 'scandir', 'run/too-many-files'],
    ['EIO', 'read', 'run/disk-failed'],
  ])('%s of %s is %s, with the file', (code, syscall, expected) => {
    const failure = storageFailure(system(code, syscall, { path: '/lake/a' }))
    expect(failure).toMatchObject({ code: expected, message: `${code}: ${syscall} /lake/a` })
  })

  test.skipIf(process.platform !== 'linux')(
    'a real device that is full (needs /dev/full of Linux)',
    async () => {
      const failure = await writeFile('/dev/full', 'x').catch((error: unknown) => error)
      expect(storageFailure(failure)).toMatchObject({ code: 'run/disk-full' })
    },
  )

  test('deep below the general code of a store', () => {
    const cause = system('ENOSPC', 'write', { path: '/raw' })
    const error = new PipelineError('raw/unavailable', 'the raw store cannot be written', { cause })
    expect(storageFailure(error)).toMatchObject({ code: 'run/disk-full', cause: error })
  })

  test.each([
    ['IO Error: Could not write file "/run/x.parquet": No space left on device', 'run/disk-full'],
    ['IO Error: Cannot open file "/run/x.parquet": Permission denied', 'run/not-writable'],
    ['IO Error: Cannot open file "/run/x.parquet": Too many open files', 'run/too-many-files'],
  ])('of DuckDB: %s', (message, code) => {
    expect(storageFailure(new Error(message))).toMatchObject({
      code,
      message: expect.stringContaining('/run/x.parquet'),
    })
  })

  test.each([
    [13, 'run/disk-full'],
    [4_874, 'run/disk-full'],
    [8, 'run/not-writable'],
    [14, 'run/not-writable'],
    [778, 'run/disk-failed'],
  ])('of SQLite: %s', (errcode, code) => {
    const cause = Object.assign(new Error('refused'), { errcode, path: '/run/state.db' })
    const error = new PipelineError('quarantine/unavailable', 'of the state', { cause })
    expect(storageFailure(error)).toMatchObject({ code, message: 'refused: /run/state.db', cause: error })
    expect(storageFailure(Object.assign(new Error('busy'), { errcode: 5 }))).toBeUndefined()
  })

  test('the lock of a folder, which is a socket', () => {
    expect(storageFailure(system('EROFS', 'listen', { address: '/run/lock', port: -1 }))).toMatchObject({
      code: 'run/not-writable',
      message: 'EROFS: listen /run/lock',
    })
  })

  test.each([
    ['a network', system('EACCES', 'connect', { address: '10.0.0.1', port: 5432 })],
    ['a file that is not there', system('ENOENT', 'open', { path: '/a' })],
    [
      'a code that says more',
      new PipelineError('contract/invalid', 'x', { cause: system('EACCES', 'open') }),
    ],
    ['a query of a user', new Error('Conversion Error: Could not convert "Permission denied" to INT32')],
    ['no error', 'Permission denied'],
  ])('nothing is said of %s', (_, error) => {
    expect(storageFailure(error)).toBeUndefined()
  })
})
