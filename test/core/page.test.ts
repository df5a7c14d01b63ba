import { deflateRawSync, inflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../core/failures/failures.ts'
import { parseJsonObject } from '../../core/json.ts'
import { decodePage, encodePages, type Page, type PageLimits, type RawChange } from '../../core/page.ts'
import { formatPosition, loadPosition } from '../../core/position.ts'
import { anyRawChanges } from '../support/arbitraries.ts'
import { runs } from '../support/budget.ts'

const origin = { shard: 'shard-0', sequence: '4965' }

function encode(changes: readonly RawChange[], limits?: PageLimits): Promise<readonly Page[]> {
  return encodePages('hr.shifts', origin, changes, limits)
}

function textOf({ content }: Page): string {
  return inflateRawSync(content).toString('utf8')
}

function insertAt(ordinal: number, data = '{"id":1}'): RawChange {
  const position = formatPosition({ epoch: 0, lsn: 9n, ordinal, step: 0 })
  return {
    operation: 'insert',
    position,
    committedAt: '2026-03-02T08:15:31.000001Z',
    members: Buffer.from(`"data":${data}`),
  }
}

async function onePage(changes: readonly RawChange[]): Promise<Page> {
  const [page] = await encode(changes)
  if (page === undefined) throw new Error('no page')
  return page
}

function failureOf(page: Page, limits?: PageLimits): unknown {
  try {
    Array.from(decodePage(page, limits))
    return undefined
  } catch (error) {
    return error
  }
}

test('G1, G6: the changes of pages are the changes that went in, in order and digit for digit', async () => {
  await fc.assert(
    fc.asyncProperty(anyRawChanges, fc.integer({ min: 1, max: 2000 }), async (changes, targetBytes) => {
      const pages = await encode(changes, { targetBytes, maxBytes: 1 << 20 })
      const decoded = pages.flatMap((page) => [...decodePage(page)])
      expect(decoded).toEqual(
        changes.map(({ operation, position, committedAt, members }) => {
          const { data, 'before-image': before } = parseJsonObject(`{${members}}`)
          const isEmpty = before === undefined || Object.keys(before ?? {}).length === 0
          return {
            table: 'hr.shifts',
            operation,
            position,
            committedAt,
            data,
            before: isEmpty ? undefined : before,
          }
        }),
      )
      for (const { firstPosition, lastPosition, changes: count, ...page } of pages) {
        const lines = textOf({ firstPosition, lastPosition, changes: count, ...page })
          .trimEnd()
          .split('\n')
        expect(lines).toHaveLength(count)
        expect(lines[0]).toContain(firstPosition)
        expect(lines.at(-1)).toContain(lastPosition)
      }
    }),
    { numRuns: runs(150) },
  )
})

test('G9: a page ends before it passes the target; only a single change may be larger', async () => {
  await fc.assert(
    fc.asyncProperty(anyRawChanges, fc.integer({ min: 1, max: 2000 }), async (changes, targetBytes) => {
      for (const page of await encode(changes, { targetBytes, maxBytes: 1 << 20 })) {
        const isWithin = Buffer.byteLength(textOf(page)) <= targetBytes
        expect(isWithin || page.changes === 1).toBe(true)
      }
    }),
    { numRuns: runs(150) },
  )
})

test('G3: the same changes make the same keys and the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(anyRawChanges, async (changes) => {
      const limits = { targetBytes: 300, maxBytes: 1 << 20 }
      expect(
        await encode(
          changes.map((change) => ({ ...change, members: Buffer.from(change.members) })),
          limits,
        ),
      ).toEqual(await encode(changes, limits))
    }),
    { numRuns: runs(100) },
  )
})

test('G1: the pages of one batch have different keys, also when all rows of a load share a position', async () => {
  const row = { operation: 'load', position: loadPosition(0, 7n), committedAt: null } as const
  const rows = Array.from({ length: 40 }, (_, i) => ({
    ...row,
    members: Buffer.from(`"data":{"id":${i + 10}}`),
  }))
  const pages = await encode(rows, { targetBytes: 500, maxBytes: 1000 })
  expect(pages.length).toBeGreaterThan(5)
  expect(new Set(pages.map(({ key }) => key)).size).toBe(pages.length)
})

test('a page names its table, its positions and where it came from', async () => {
  const page = await onePage([insertAt(1), insertAt(2)])
  expect(page).toMatchObject({
    table: 'hr.shifts',
    firstPosition: insertAt(1).position,
    lastPosition: insertAt(2).position,
    changes: 2,
  })
  for (const part of ['hr.shifts', insertAt(1).position, origin.shard, origin.sequence])
    expect(page.key).toContain(part)
})

test('no changes make no page', async () => {
  expect(await encode([])).toEqual([])
})

test('G9: one change beyond the limit is refused by name, without its row', async () => {
  const attempt = encode([insertAt(1, '{"note":"secret secret secret"}')], { targetBytes: 10, maxBytes: 100 })
  await expect(attempt).rejects.toMatchObject({ code: 'capture/page-too-large' })
  await expect(attempt).rejects.not.toThrow('secret')
})

describe('a damaged page', () => {
  const row = '{"name":"Ada Lovelace"}'

  test('whatever happened to its bytes, it is raw/corrupt or holds whole changes', async () => {
    const page = await onePage([insertAt(1, row), insertAt(2, row), insertAt(3, row)])
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, isCut) => {
        const content = Buffer.from(page.content)
        content[at % content.length] = byte
        const damaged = { ...page, content: isCut ? content.subarray(0, at % content.length) : content }
        const error = failureOf(damaged)
        if (error !== undefined) expect(error).toMatchObject({ code: 'raw/corrupt' })
        if (isCut) expect(error).toBeDefined()
      }),
      { numRuns: runs(400) },
    )
  })

  const head = `"position":"${insertAt(1).position}","committed-at":null`
  test.each([
    ['a change short', ''],
    ['with half a change behind the last', `{"operation":"insert",${head},"data":{}}\n{"operation":"ins`],
    ['without its last line end', `{"operation":"insert",${head},"data":{}}`],
    ['with a line that is no JSON', `{"operation":"insert",${head},"data":{"name":"Ada Lovelace}}\n`],
    ['with a line that is no object', `["Ada Lovelace"]\n`],
    ['with an operation of its own', `{"operation":"Ada Lovelace",${head},"data":{}}\n`],
    ['with a change without a row', `{"operation":"insert",${head}}\n`],
    ['with a row that is no object', `{"operation":"insert",${head},"data":["Ada Lovelace"]}\n`],
    ['without a position', `{"operation":"insert","committed-at":null,"data":{}}\n`],
    [
      'with a broken position',
      `{"operation":"insert","position":"Ada Lovelace","committed-at":null,"data":{}}\n`,
    ],
    [
      'with a commit time that is a number',
      `{"operation":"insert",${head.replace('null', '5')},"data":{}}\n`,
    ],
  ])('G1, G7: %s is raw/corrupt, and the message has no value of its rows', async (_, text) => {
    const page = { ...(await onePage([insertAt(1)])), content: deflateRawSync(text) }
    const error = failureOf(page)
    expect(error).toBeInstanceOf(PipelineError)
    expect(error).toMatchObject({ code: 'raw/corrupt' })
    for (let at = error; at instanceof Error; at = at.cause) expect(at.message).not.toContain('Lovelace')
  })

  test('G9: a bomb is not inflated past the limits', async () => {
    const page = { ...(await onePage([insertAt(1)])), content: deflateRawSync(Buffer.alloc(1 << 20, 32)) }
    expect(failureOf(page, { targetBytes: 1000, maxBytes: 1000 })).toMatchObject({ code: 'raw/corrupt' })
  })
})

test('changes are parsed one by one: those before a damaged line arrive', async () => {
  const page = await onePage([insertAt(1), insertAt(2)])
  const damaged = { ...page, content: deflateRawSync(`${textOf(page).split('\n')[0]}\n{\n`) }
  const changes = decodePage(damaged)
  expect(changes.next().value).toMatchObject({ position: insertAt(1).position })
  expect(() => changes.next()).toThrow(PipelineError)
})
