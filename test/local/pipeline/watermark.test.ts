import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Watermark } from '../../../local/pipeline/watermark.ts'
import { runs } from '../../support/budget.ts'

const never = new AbortController().signal

describe('a watermark', () => {
  test('G2 is the highest LSN whose pages have all landed, whatever the order of the reports', () => {
    const step = fc.oneof(
      fc.record({ captured: fc.nat(3), pages: fc.nat(2) }),
      fc.record({ landed: fc.nat(30) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const watermark = new Watermark()
        const marks: { lsn: bigint; pages: number }[] = []
        let [lsn, pages, landed] = [0n, 0, 0]
        for (const one of steps) {
          if ('captured' in one) {
            lsn += BigInt(one.captured)
            pages += one.pages
            marks.push({ lsn, pages })
            watermark.captured(lsn, pages)
          } else {
            landed = Math.max(landed, Math.min(one.landed, pages))
            watermark.landed(landed)
          }
          const reached = marks.filter((mark) => mark.pages <= landed).map((mark) => mark.lsn)
          expect(watermark.lsn).toBe(reached.at(-1) ?? 0n)
          expect(watermark.pages).toBe(landed)
        }
      }),
      { numRuns: runs(300) },
    )
  })

  test('does not reach an LSN whose newest page has not landed', async () => {
    const watermark = new Watermark()
    const reached: bigint[] = []
    const waits = [5n, 6n].map((lsn) => watermark.reach(lsn, never).then(() => reached.push(lsn)))
    watermark.captured(5n, 1)
    watermark.captured(6n, 2)
    watermark.landed(1)
    await waits[0]
    expect(reached).toEqual([5n])
    watermark.landed(2)
    await waits[1]
    expect(reached).toEqual([5n, 6n])
  })

  test('moves over a time without changes, for which there is no page', async () => {
    const watermark = new Watermark()
    watermark.captured(5n, 1)
    watermark.landed(1)
    watermark.captured(9n, 1)
    await watermark.reach(9n, never)
    expect(watermark.lsn).toBe(9n)
  })

  test('lets who waits go with the reason of the signal, before and during the wait', async () => {
    const watermark = new Watermark()
    const abort = new AbortController()
    const waiting = watermark.reach(1n, abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(watermark.reach(1n, abort.signal)).rejects.toThrow('enough')
    watermark.captured(1n, 0)
    await watermark.reach(1n, abort.signal)
  })
})
