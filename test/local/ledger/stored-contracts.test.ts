import { expect, test } from 'vitest'
import type { NamedBlock, PageRecord } from '../../../core/ledger/ledger.ts'
import { awaitedItem, awaitedOf, deliveredItem, deliveredOf } from '../../../local/ledger/live-items.ts'
import { recordItem, redriveItem, redriveOf, sharesOf } from '../../../state/ledger/ledger-item.ts'
import { headerOf } from '../../ports/ledger.contract.ts'

const shape = { inlineBytes: 1 << 20, spread: 1, callsAtOnce: 1, isVerified: true }
const stamp = { at: 7, more: {} }
const contract = { name: 'a.t', version: 12 }
const { key, ...page } = headerOf(1)
const block: NamedBlock = {
  contract,
  origin: 'page',
  page: key,
  ordinal: 0,
  changes: 2,
  rows: 2,
  first: page.firstPosition,
  last: page.lastPosition,
  digest: 'd',
}
const redriven: NamedBlock = { ...block, origin: 'redrive', page: '' }
const asText = (one: NamedBlock) => ({ ...one, contract: 'a.t v12' })

test('a contract is its text in the items of the ledger, as it was before, and a value for who reads them', () => {
  const none = { contract: null, blocks: [], refused: 3, fresh: 3, filtered: 0 }
  const shares = [{ contract, blocks: [block], refused: 1, fresh: 1, filtered: 0 }, none]
  const record: PageRecord = { ...page, page: key, shares }
  const { item } = recordItem(record, stamp, shape)
  expect(item['shares']).toBe('[["a.t v12",1,1,0,[[0,2,2,"d"]]],[null,3,3,0,[]]]')
  expect(sharesOf(String(item['shares']), headerOf(1))).toEqual(shares)
  const { item: sent } = redriveItem(redriven, stamp)
  expect(sent.pk).toBe('redrive#a.t v12')
  expect(JSON.parse(String(sent['block']))).toMatchObject({ contract: 'a.t v12' })
  expect(redriveOf(String(sent['block']))).toEqual(redriven)
  const waiting = awaitedItem(redriven)
  expect([waiting.sk, waiting['block']]).toEqual(['redrive||a.t v12|0|d', JSON.stringify(asText(redriven))])
  expect(awaitedOf(waiting)).toEqual(redriven)
  const delivered = deliveredItem('landing/changes/o', [block])
  expect(delivered['blocks']).toBe(JSON.stringify([asText(block)]))
  expect(deliveredOf(delivered)).toEqual([block])
})

test('an item whose contract is no version of a table is of another form', () => {
  expect(() => sharesOf('[["a.t",0,0,0,[]]]', headerOf(1))).toThrow(
    expect.objectContaining({ code: 'ledger/corrupt' }),
  )
})
