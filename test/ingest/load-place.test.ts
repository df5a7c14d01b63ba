import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPosition, loadPosition, parsePosition } from '../../core/position.ts'
import { loadPlace } from '../../ingest/loads/load-place.ts'

const change = (lsn: bigint, epoch = 1) => formatPosition({ epoch, lsn, ordinal: 7, step: 1 })

test('G2 a load ranks after every change that was captured and after every load before it, and before any later commit', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 1n << 60n }), fc.nat(22), (lsn, loads) => {
      const earlier: string[] = []
      for (let count = 0; count <= loads; count += 1) {
        const place = loadPlace({ epoch: 1, captured: change(lsn), earlier })
        expect(place > change(lsn)).toBe(true)
        expect(place < formatPosition({ epoch: 1, lsn: lsn + 32n, ordinal: 1, step: 0 })).toBe(true)
        for (const before of earlier) expect(place > before).toBe(true)
        earlier.push(place)
      }
    }),
  )
})

test('with nothing captured in the epoch a load is before all of it, and the next one after it', () => {
  expect(loadPlace({ epoch: 1, captured: undefined, earlier: [] })).toBe(loadPosition(1, 0n))
  expect(loadPlace({ epoch: 1, captured: change(9n, 0), earlier: [change(8n, 0)] })).toBe(loadPosition(1, 0n))
  expect(loadPlace({ epoch: 1, captured: undefined, earlier: [loadPosition(1, 0n)] })).toBe(
    loadPosition(1, 1n),
  )
})

test('a place that a commit may still take, and an epoch that is over, are refused', () => {
  const earlier = [loadPosition(1, 5n + 23n)]
  expect(() => loadPlace({ epoch: 1, captured: change(5n), earlier })).toThrow('24 loads')
  expect(parsePosition(loadPlace({ epoch: 1, captured: change(29n), earlier })).lsn).toBe(30n)
  expect(() => loadPlace({ epoch: 1, captured: change(5n, 2), earlier: [] })).toThrow('epoch 2 has begun')
})
