import fc from 'fast-check'
import { expect, test } from 'vitest'
import { infraFiles } from '../../aws/dms/infra-files.ts'
import { cdcMappings } from '../../aws/dms/table-mappings.ts'
import { tables } from '../../schemas/index.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
const sourceTables = fc.uniqueArray(
  fc.tuple(name, name).map((parts) => parts.join('.')),
  { minLength: 1, maxLength: 12 },
)

interface Rule {
  readonly 'rule-type': string
  readonly 'rule-id': string
  readonly 'object-locator': { readonly 'schema-name': string; readonly 'table-name': string }
  readonly 'mapping-parameters'?: unknown
}

test('the cdc task selects exactly the tables, each schema keyed by primary key, in any order of contracts', () => {
  const exact = fc.property(sourceTables, (sources) => {
    const { rules } = JSON.parse(cdcMappings(sources)) as { rules: readonly Rule[] }
    const ids = rules.map((rule) => rule['rule-id'])
    expect(new Set(ids).size).toBe(ids.length)
    const located = (type: string) =>
      rules.filter((rule) => rule['rule-type'] === type).map((rule) => rule['object-locator'])
    const plain = (text: string) => text.replace(/\[(.)\]/g, '$1')
    expect(
      located('selection').map((place) => `${plain(place['schema-name'])}.${plain(place['table-name'])}`),
    ).toEqual(sources.toSorted())
    expect(located('object-mapping').map((place) => place['schema-name'])).toEqual(
      [...new Set(sources.map((table) => table.split('.')[0] ?? ''))].toSorted(),
    )
    expect(cdcMappings(sources.toReversed())).toBe(cdcMappings(sources))
  })
  fc.assert(exact)
})

test('files are the same whatever the order of contracts, one pair of mappings for each system', () => {
  const [first] = tables
  if (first === undefined) throw new Error('no contracts')
  const other = { ...first, name: 'access.badges', source: { system: 'access', table: 'access.badges' } }
  const files = infraFiles([...tables, other])
  expect(infraFiles([other, ...tables.toReversed()])).toEqual(files)
  expect(files.map(({ path }) => path).filter((path) => path.startsWith('mappings/'))).toEqual([
    'mappings/access.cdc.json',
    'mappings/access.load.json',
    'mappings/workforce-postgres.cdc.json',
    'mappings/workforce-postgres.load.json',
  ])
  expect(files.find(({ path }) => path === 'contracts.json')?.content['databases']).toEqual([
    'access',
    'workforce',
  ])
})

test('a system that could leave the folder is refused', () => {
  const [first] = tables
  if (first === undefined) throw new Error('no contracts')
  const table = { ...first, source: { system: '../access', table: 'a.b' } }
  expect(() => infraFiles([table])).toThrow('small letters, digits and hyphens only')
})
