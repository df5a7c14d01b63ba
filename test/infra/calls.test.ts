import { describe, expect, test } from 'vitest'
import { codeOf, codeOfFunction } from './calls/aws-calls.ts'
import { programUnits } from './calls/program-units.ts'
import { reachableImports, reachedUnits } from './calls/reachable-imports.ts'

const HEAD = `
import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { HeadObjectCommand as Head, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
`

function reached(program: string): readonly string[] {
  const parts = programUnits(HEAD + program)
  const { all } = reachableImports(parts, reachedUnits(parts))
  return [...all].map((one) => one.split(' ')[1] ?? '').sort()
}

describe('what a program can use of its imports', () => {
  test('functions count that are called from what is exported, and what is done when it is loaded', () => {
    const program = `
      function used() { return new GetItemCommand({}) }
      function unused() { return new PutItemCommand({}) }
      const send = () => used()
      new S3Client({})
      export { send }`
    expect(reached(program)).toEqual(['GetItemCommand', 'S3Client'])
  })

  test('methods count when their class is made and their name is called, bound or taken out', () => {
    const store = (use: string) => `
      class Store {
        constructor() { this.head = () => new Head({}) }
        get() { return this.read() }
        put() { return new PutItemCommand({}) }
        list() { return new QueryCommand({}) }
        read() { return new GetItemCommand({}) }
      }
      const handler = () => { const store = new Store(); ${use} }
      export { handler }`
    const always = 'HeadObjectCommand'
    expect(reached(store(''))).toEqual([always])
    expect(reached(store('store.get()'))).toEqual(['GetItemCommand', always])
    expect(reached(store('later(store.put.bind(store))'))).toEqual([always, 'PutItemCommand'])
    expect(reached(store('const { list } = store'))).toEqual([always, 'QueryCommand'])
    expect(reached(store('table.put')), 'read, and never called').toEqual([always])
    expect(reached(store('rows.find((row) => row.get)')), 'of a list').toEqual([always])
    expect(reached(store('other.put(1)')), 'a namesake').toEqual([always, 'PutItemCommand'])
  })

  test('functions of an object count when somebody mentions them', () => {
    const program = (use: string) => `
      const port = () => ({ read: () => new GetItemCommand({}), write() { return new PutItemCommand({}) } })
      const handler = () => { const made = port(); ${use} }
      export { handler }`
    expect(reached(program('made.read()'))).toEqual(['GetItemCommand'])
    expect(reached(program('later(made.write)'))).toEqual(['PutItemCommand'])
  })
})

describe('what AWS is asked for', () => {
  const calls = (program: string) => [...codeOf(HEAD + program).calls].sort()

  const items = `
    class DynamoItems {
      range() { return new QueryCommand({}) }
      putIf() { return new PutItemCommand({}) }
    }`

  test('requests are actions as IAM calls them, with table and bucket', () => {
    const program = `${items}
      const parts = (table) => table.range('parts')
      class ItemRawStore { list() { return parts(this.table) } put() { return this.table.putIf({}) } }
      const handler = () => { new ItemRawStore(new DynamoItems()).list(); new Head({}); new Upload({}) }
      export { handler }`
    expect(calls(program)).toEqual([
      'dynamodb:Query raw',
      's3:AbortMultipartUpload lake',
      's3:GetObject lake',
      's3:PutObject lake',
    ])
  })

  test('a class of an unknown table, a request outside of the table and an unknown client are refused', () => {
    const other = `${items}\nclass Other { all() { return this.table.range('p') } }`
    expect(() => calls(`${other}\nconst h = () => new Other(new DynamoItems()).all()\nexport { h }`)).toThrow(
      'which table',
    )
    expect(() => calls('const h = () => new QueryCommand({})\nexport { h }')).toThrow('outside of')
    const sms = "import { PublishCommand } from '@aws-sdk/client-sns'"
    expect(() => calls(`${sms}\nconst h = () => new PublishCommand({})\nexport { h }`)).toThrow(
      'what does IAM call',
    )
  })

  test('objects are used where it is said; a use that is nowhere said is refused', () => {
    const program = (use: string) => `
      const readManifest = (objects) => objects.get('catalog/base/1.json')
      const handler = (objects, files) => { readManifest(objects); ${use} }
      export { handler }`
    expect(codeOf(program('')).objects).toEqual([{ action: 's3:GetObject', prefix: 'catalog/base/' }])
    expect(() => codeOf(program('files.publish(1)'))).toThrow('"handler files.publish"')
  })

  test('a real function: what land asks for', async () => {
    const { calls: found, objects } = await codeOfFunction('land')
    expect([...found]).toEqual(expect.arrayContaining(['glue:UpdateTable', 's3:GetObject lake']))
    expect([...found].filter((call) => /^dms:|^s3:DeleteObject/.test(call))).toEqual([])
    expect(objects).toContainEqual({ action: 's3:PutObject', prefix: 'landing/rejected/' })
  })
})
