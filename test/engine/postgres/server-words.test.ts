import { describe, expect, test } from 'vitest'
import { toSourceError } from '../../../engine/postgres/connection/source-error.ts'
import { meaningOf, streamError } from '../../../engine/postgres/stream/replication-error.ts'

/** An error as the driver gives it. */
function sent(fields: Readonly<Record<string, string>>): Error {
  return Object.assign(new Error(fields['message'] ?? 'localised text'), { severity: 'FEHLER', ...fields })
}

describe('an error of the server', () => {
  test.each([
    ['57P03', 'source/unreachable'],
    ['57P01', 'source/unreachable'],
    ['08006', 'source/unreachable'],
    ['53300', 'source/connections-exhausted'],
    ['25P04', 'source/timeout'],
    ['57014', 'source/timeout'],
    ['55P03', 'source/timeout'],
    ['25006', 'source/read-only'],
    ['28P01', 'source/authentication'],
    ['3D000', 'source/no-database'],
    ['42501', 'source/privilege'],
    ['42883', 'source/query-failed'],
    ['XX001', 'source/query-failed'],
    ['22012', 'source/query-failed'],
  ])('with SQLSTATE %s is %s', (code, name) => {
    expect(toSourceError(sent({ code }), 'a query').code).toBe(name)
  })

  test('of the connection is unreachable', () => {
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT'])
      expect(toSourceError(Object.assign(new Error('no'), { code }), 'a query').code).toBe(
        'source/unreachable',
      )
  })

  test('brings its words where they speak of settings and objects', () => {
    const error = sent({
      code: '42501',
      message: 'output plugin "pgoutput" is not allowed',
      hint: 'See "output_plugin_libraries".',
      detail: 'Two\nlines\u001b[31m',
    })
    expect(toSourceError(error, 'cannot create slot x').message).toBe(
      'cannot create slot x: SQLSTATE 42501: output plugin "pgoutput" is not allowed: DETAIL Two lines [31m: HINT See "output_plugin_libraries".',
    )
  })

  test.each([
    ['a value of a column', { code: '22P02' }],
    ['a key', { code: '23505' }],
    ['a statement of another session', { code: '40P01' }],
    ['what stands near a syntax error', { code: '42601' }],
    ['what a function raises', { code: '55000', routine: 'exec_stmt_raise' }],
    ['what a function raises without a code', { code: 'P0001' }],
  ])('does not bring %s', (_, fields) => {
    const words = { message: 'secret', detail: 'secret', hint: 'secret' }
    expect(toSourceError(sent({ ...words, ...fields }), 'it').message).toBe(`it: SQLSTATE ${fields.code}`)
  })
})

describe('a stream', () => {
  const options = { slot: 's', publication: 'p' }
  test('misses its publication by the place that says so, not by the SQLSTATE', () => {
    const at = (code: string, routine: string) => streamError(options, sent({ code, routine })).code
    expect(at('42704', 'get_publication_oid')).toBe('source/publication')
    expect(at('42704', 'typenameType')).toBe('source/query-failed')
    expect(at('58P01', 'WalSndSegmentOpen')).toBe('source/slot-lost')
    expect(at('58P01', 'internal_load_library')).toBe('source/query-failed')
    expect(streamError(options, new Error('Connection terminated unexpectedly')).code).toBe(
      'source/unreachable',
    )
  })

  test('that waits for a standby has its publication', () => {
    const said = { code: '55000', routine: 'StandbySlotsHaveCaughtup' }
    expect(meaningOf(said)).toBe('standby-waits')
    expect(meaningOf({ code: '55000', routine: 'LoadPublications' })).toBe('no-publication')
    expect(meaningOf({ code: '55000', routine: 'AnotherRoutine' })).toBe('other')
    /* The same words are an error while the server stops. */
    expect(streamError(options, sent(said)).code).toBe('source/unreachable')
  })
})
