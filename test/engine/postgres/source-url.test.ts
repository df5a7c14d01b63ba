import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { connectSource } from '../../../engine/postgres/connection/source-connection.ts'
import { addressOf, connectionOf, databaseOf } from '../../../engine/postgres/connection/source-url.ts'
import { refusal } from './source-server.ts'

describe('a source', () => {
  test.each([
    ['postgres://reader:secret@db.example.com:5433/shop', 'db.example.com:5433/shop', 'shop'],
    ['postgresql://reader:se%2Fcr%40et@[::1]/shop%20two?sslmode=require', '[::1]/shop%20two', 'shop two'],
    ['postgres:///shop?host=/var/run/postgresql', '/shop', 'shop'],
  ])('%# has an address for messages, and a database', (url, address, database) => {
    expect([addressOf({ url }), databaseOf(url)]).toEqual([address, database])
  })

  test('keeps the options of its URL and nothing else that changes the session', () => {
    const { url, options } = connectionOf(
      'postgres://a:b@h/d?options=-c%20x.y%3D1&statement_timeout=5&application_name=me&sslmode=require',
    )
    expect([url, options]).toEqual(['postgres://a:b@h/d?sslmode=require', '-c x.y=1'])
  })
})

/* Letters that a URL gives a meaning, and digits: a port may be a piece of a password. */
const piece = fc.string({ unit: fc.constantFrom(...':/?#@%=&[] \\', ...'0123456789'), maxLength: 8 })
const word = 'hunter'

/** Texts that hold the word as a password or a part of it, of the forms that people write. */
const sources = fc
  .tuple(
    piece,
    piece,
    piece,
    fc.constantFrom(
      (password: string) => `postgres://user:${password}@db.example.com/shop`,
      (password: string) => `postgres:user:${password}@db.example.com/shop`,
      (password: string) => `postgresql:/user:${password}@db.example.com/shop`,
      (password: string) => `postgres:///user:${password}@db.example.com/shop`,
      (password: string) => `POSTGRES://user:${password}@db.example.com:99999/shop`,
      (password: string) => `user:${password}@db.example.com/shop`,
      (password: string) => `host=db.example.com user=user password=${password} dbname=shop`,
      (password: string) => `postgres://db.example.com/shop?user=user&password=${password}`,
      (password: string) => `postgres://user:${password}@db.example.com`,
    ),
  )
  .map(([before, middle, after, form]) => form(`${before}${word}${middle}${word}${after}`))

describe('a password', () => {
  test('is in no address and in no message, whatever the text', () => {
    fc.assert(
      fc.property(sources, (url) => {
        expect(addressOf({ url })).not.toContain(word)
        for (const read of [databaseOf, connectionOf]) expect(messageOf(() => read(url))).not.toContain(word)
      }),
      { numRuns: 3_000 },
    )
  })

  test.each([
    'postgres://user:12/hunter@h/d',
    'postgres://user:12#hunter@h/d',
    'postgres://user:12/a?hunter@h/d',
    'host=h password=hunter',
    'postgres:user:hunter@h/d',
    'postgresql:/user:hunter@h/d',
    'postgres:///user:hunter@h/d',
  ])('of the text %# is not tried anywhere, and not shown', async (url) => {
    const error = await refusal(connectSource({ url }))
    expect(error.code).toBe('usage/invalid')
    expect(`${error.message} ${error.stack}`).not.toContain('hunter')
    expect(addressOf({ url })).toBe('the source')
  })
})

function messageOf(read: () => unknown): string {
  try {
    read()
    return ''
  } catch (error) {
    if (error instanceof PipelineError) return `${error.message} ${error.advice}`
    throw error
  }
}
