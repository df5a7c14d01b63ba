import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS } from '../../../engine/reconcile/checksum/checksum-sql.ts'
import {
  bucketOf,
  ChecksumSums,
  differingBuckets,
  sampledBuckets,
} from '../../../engine/reconcile/checksum/checksums.ts'
import { keyParts } from '../../../engine/reconcile/source/key-parts.ts'
import { keyTextOf } from '../../../engine/reconcile/source/source-columns.ts'
import { runs } from '../../support/budget.ts'

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

function checksumsOf(rows: readonly string[]) {
  const sums = new ChecksumSums()
  for (const row of rows) sums.add(bucketOf(md5(row)), md5(row))
  return sums.checksums()
}

test('sums are those of the first 60 bits, exactly, in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 200 }), (rows) => {
      const found = checksumsOf(rows)
      const total = [...found.values()].reduce((sum, bucket) => sum + bucket.sum, 0n)
      expect(total).toBe(rows.reduce((sum, row) => sum + BigInt(`0x${md5(row).slice(0, 15)}`), 0n))
      expect(differingBuckets(found, checksumsOf(rows.toReversed()))).toEqual([])
    }),
    { numRuns: runs(60) },
  )
})

test('a row more, a row less and a row twice show in their bucket and in no other', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 50 }), (rows) => {
      const [first = '', ...rest] = rows
      const bucket = [bucketOf(md5(first))]
      expect(differingBuckets(checksumsOf(rows), checksumsOf(rest))).toEqual(bucket)
      expect(differingBuckets(checksumsOf(rest), checksumsOf(rows))).toEqual(bucket)
      expect(differingBuckets(checksumsOf(rows), checksumsOf([first, ...rows]))).toEqual(bucket)
    }),
    { numRuns: runs(60) },
  )
})

test('a sample has its share of the buckets, each once, and at least one', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 100, noNaN: true }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      (percent, dice) => {
        const buckets = sampledBuckets(percent, () => dice.next().value)
        expect(buckets.length).toBe(Math.max(1, Math.round((BUCKETS * percent) / 100)))
        expect(new Set(buckets).size).toBe(buckets.length)
        expect(buckets.every((bucket) => bucket >= 0 && bucket < BUCKETS)).toBe(true)
      },
    ),
    { numRuns: 30 },
  )
})

test('the values of a key come back out of its text', () => {
  const text = fc.option(fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (values) => {
      const types = values.map(() => ({ kind: 'string' }) as const)
      expect(keyParts(keyTextOf(types, values))).toEqual(values)
    }),
  )
})
