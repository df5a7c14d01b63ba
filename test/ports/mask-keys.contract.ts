import { describe, expect, test } from 'vitest'
import type { MaskKeys } from '../../core/ports/ports.ts'

export interface MaskKeysUnderTest {
  readonly keys: MaskKeys
  /** Another instance, as another process would open it. */
  reopen(): Promise<MaskKeys>
}

/** What every keeper of the masking key keeps; `make` gives one without a key yet, or with a key of its own. */
export function maskKeysContract(name: string, make: () => Promise<MaskKeysUnderTest>): void {
  describe(`${name} as a keeper of the masking key`, () => {
    test('G5 gives the same key for the life of the lake', async () => {
      const { keys, reopen } = await make()
      const first = await keys.current()
      expect(await keys.current()).toEqual(first)
      expect(await (await reopen()).current()).toEqual(first)
    })

    test('G5 gives one key to all who ask for the first time at once', async () => {
      const { keys, reopen } = await make()
      const others = await Promise.all([reopen(), reopen(), reopen()])
      const found = await Promise.all([keys, keys, ...others].map((one) => one.current()))
      expect(new Set(found.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    })

    test('G7 gives a key of 32 bytes or more, another for every lake', async () => {
      const [one, two] = await Promise.all([make(), make()])
      const keys = await Promise.all([one.keys.current(), two.keys.current()])
      expect(keys[0]?.length).toBeGreaterThanOrEqual(32)
      expect(keys[0]).not.toEqual(keys[1])
    })
  })
}
