import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Documents } from '../../core/ports/documents.ts'

export interface DocumentsUnderTest {
  readonly documents: Documents
  /** Another instance, as another process would open it. */
  reopen(): Promise<Documents>
  /** The code of a document of another form. */
  readonly badForm: string
}

const form = z.object({ n: z.number() })
const listed = z.object({ n: z.number(), list: z.array(z.object({ text: z.string() })) })

const list = (...texts: readonly string[]) => texts.map((text) => ({ text }))

/** What every store of documents keeps; `make` gives an empty one for each test. */
export function documentsContract(name: string, make: () => Promise<DocumentsUnderTest>): void {
  describe(`${name} as a store of documents`, () => {
    test('G10 the last put of a key is there, whole, for whoever opens it, and other keys are as they were', async () => {
      const { documents, reopen } = await make()
      expect(await documents.get('a/b', form)).toBeUndefined()
      await documents.put('a/b', { n: 1 })
      await documents.put('a/c', { n: 2 })
      await documents.put('a/b', { n: 3 })
      const other = await reopen()
      expect([await other.get('a/b', form), await other.get('a/c', form)]).toEqual([{ n: 3 }, { n: 2 }])
    })

    test('lists the keys that begin so, in byte order', async () => {
      const { documents } = await make()
      for (const key of ['loads/b', 'loads/a', 'loads-x', 'load', 'loads/B'])
        await documents.put(key, { n: 1, list: [] }, 'list')
      expect(await documents.list('loads/')).toEqual(['loads/B', 'loads/a', 'loads/b'])
      expect(await documents.list('none/')).toEqual([])
    })

    test('a list that grows, changes and shrinks is what was put last, also after a put of another instance', async () => {
      const { documents, reopen } = await make()
      const [one, two, three] = list('one', 'two', 'three')
      const puts = [[one, two], [one, two, three], [three, two, three], [three], [], [one, two, three]]
      for (const [n, parts] of puts.entries()) {
        await documents.put('d', { n, list: parts }, 'list')
        expect(await (await reopen()).get('d', listed)).toEqual({ n, list: parts })
      }
      await (await reopen()).put('d', { n: 9, list: list('other') }, 'list')
      expect(await documents.get('d', listed)).toEqual({ n: 9, list: list('other') })
    })

    test('many parts come in their order', async () => {
      const { documents, reopen } = await make()
      const parts = Array.from({ length: 1_200 }, (_, index) => ({ text: `${index}` }))
      await documents.put('d', { n: 1, list: parts }, 'list')
      expect((await (await reopen()).get('d', listed))?.list).toEqual(parts)
    })

    test('a document of another form is named, and not passed over', async () => {
      const { documents, badForm } = await make()
      await documents.put('a/b', { n: 'text' })
      const reading = documents.get('a/b', form)
      await expect(reading).rejects.toMatchObject({ code: badForm, message: expect.stringContaining('a/b') })
    })
  })
}
