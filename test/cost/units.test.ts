import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firehoseBytes, gbSeconds, streamBytes, writeUnits } from '../../cost/units.ts'

/* Fills one unit after the other, as AWS words it. */
function filled(bytes: number, step: number): number {
  let units = 1
  while (units * step < bytes) units += 1
  return units
}

describe('units as AWS rounds them', () => {
  test('every size up to some steps, counted one unit after the other', () => {
    const wrong: number[] = []
    for (let bytes = 0; bytes <= 20_500; bytes += 1)
      if (
        streamBytes(bytes) !== filled(bytes, 1_024) * 1_024 ||
        writeUnits(bytes) !== filled(bytes, 1_024) ||
        firehoseBytes(bytes) !== filled(bytes, 5_120) * 5_120
      )
        wrong.push(bytes)
    expect(wrong).toEqual([])
  })

  test('what is billed is never less than what there is, and less than one step more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1 << 30 }), (bytes) => {
        for (const [billed, step] of [
          [streamBytes(bytes), 1_024],
          [writeUnits(bytes) * 1_024, 1_024],
          [firehoseBytes(bytes), 5_120],
        ] as const) {
          expect(billed).toBeGreaterThanOrEqual(bytes)
          expect(billed).toBeLessThan(bytes + step)
        }
      }),
    )
  })

  test('the examples of the pricing pages', () => {
    /* Kinesis: a record of 4.5 KB is 5 KB of data; DynamoDB: an item of 3 KB is three write units. */
    expect(streamBytes(4.5 * 1_024)).toBe(5 * 1_024)
    expect(writeUnits(3 * 1_024)).toBe(3)
    expect(firehoseBytes(3 * 1_024)).toBe(5 * 1_024)
    expect(gbSeconds(1_024, 1_000, 99.2)).toBe(100)
  })
})
