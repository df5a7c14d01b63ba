import { describe, expect, test } from 'vitest'
import { lastJson, tidemark } from '../support/tidemark.ts'
import { ordersText, type Printed, scratchContracts } from './scratch-contracts.ts'

const ORDERS = 'sales/orders/v1.ts'

/* The folder lies outside of the project: `#contract` is resolved there all the same. */
describe.concurrent('contract check', () => {
  test('has nothing to say about a locked contract with samples', async () => {
    using scratch = scratchContracts()
    expect(await scratch.run('contract', 'lock')).toMatchObject({ code: 0, out: '' })
    expect(await scratch.run('contract', 'check')).toEqual({
      code: 0,
      out: '',
      err: '✔ nothing found. 1 contract, 2 samples, 0.0 s',
    })
  })

  test('names what is wrong with its place, its rule and what to do', async () => {
    using scratch = scratchContracts()
    scratch.lock()
    scratch.edit(
      ORDERS,
      "amount: col.decimal(12, 2, 'Charged, tax included, in euros'),",
      "amount: col.double('The amount'),\n    email: col.string('Where the receipt went'),",
    )
    scratch.edit(ORDERS, "'open', 'paid'", "'open'")
    const { code, out, err } = await scratch.run('contract', 'check')
    expect({ code, err, out: out.replace(/^ {2}fix: .*$/gm, '  fix').split('\n  fix\n') }).toEqual({
      code: 1,
      err: '✘ 7 findings. 1 contract, 2 samples, 0.0 s',
      out: [
        '<schemas>/sales/orders/v1.ts:13:5: C104: amount: the description says no more than the name',
        '<schemas>/sales/orders/v1.ts:13:5: C106: amount: money as double',
        '<schemas>/sales/orders/v1.ts:13:5: F201: amount: decimal(12,2) became double',
        '<schemas>/sales/orders/v1.ts:14:5: C105: email: looks like email, and pii is left out',
        '<schemas>/sales/orders/v1.ts:14:5: I302: email: is new and never null',
        '<schemas>/sales/orders/v1.ts:14:5: Q108: email: is new and not at the end',
        '<schemas>/sales/orders/v1.ts:15:5: I304: state: no longer takes paid\n  fix',
      ],
    })
  })

  test('shows where a file that does not load is broken, and goes on with the others', async () => {
    using scratch = scratchContracts()
    const named = (name: string) => ordersText.replaceAll('orders', name)
    scratch.write('sales/syntax/v1.ts', named('syntax').replace('version: 1,', 'version 1,'))
    scratch.write('sales/thrown/v1.ts', named('thrown').replace('col.bigint', 'col.number'))
    scratch.write(
      'sales/faults/v1.ts',
      named('faults').replace("'Number given by the shop, never reused'", "'', { nullable: true }"),
    )
    scratch.write('sales/nothing/v1.ts', 'export const nothing = 1\n')
    const { code, out } = await scratch.run('contract', 'check', '--format', 'json')
    const { findings } = JSON.parse(out) as {
      findings: { file: string; line: number; column: number; rule: string; message: string }[]
    }
    expect(code).toBe(1)
    const broken = findings.filter(({ rule, file }) => !rule.startsWith('C108') && !file.includes('orders'))
    expect(
      broken.map(({ file, line, column, rule, message }) => `${file}:${line}:${column} ${rule} ${message}`),
    ).toEqual([
      '<schemas>/sales/faults/v1.ts:12:5 T114 columns.id: a key column is never null',
      '<schemas>/sales/faults/v1.ts:12:5 T203 columns.id: description is empty',
      '<schemas>/sales/nothing/v1.ts:1:1 C101 it exports 0 tables instead of one',
      expect.stringMatching(/^<schemas>\/sales\/syntax\/v1\.ts:5:11 C101 Expected "}" but found "1"$/),
      '<schemas>/sales/thrown/v1.ts:12:13 C101 col.number is not a function',
    ])
  })

  test('a folder that is not there is an error, not a finding', async () => {
    const { code, stderr } = await tidemark(['contract', 'check', '--contracts', '/no/such/folder'])
    expect(code).toBe(2)
    expect(stderr).toContain('usage/invalid: no folder /no/such/folder')
  })
})

describe.concurrent('contract lock', () => {
  test('takes what is additive, and refuses what breaks until it is forced', async () => {
    using scratch = scratchContracts()
    scratch.lock()
    const locked = scratch.read('lock.json')
    scratch.edit(
      ORDERS,
      '  },\n})',
      "    note: col.string('Words of the buyer', { nullable: true }),\n  },\n})",
    )
    expect((await scratch.run('contract', 'lock')).err).toMatch(/^changed sales.orders v1\n/)
    expect(scratch.read('lock.json')).not.toBe(locked)
    scratch.edit(ORDERS, "['id']", "['id', 'state']")
    const refused = await scratch.run('contract', 'lock')
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('Q104: the key was id, now it is id, state')
    expect((await scratch.run('contract', 'lock', '--force')).code).toBe(0)
    expect(scratch.read('lock.json')).toContain('"primaryKey": ["id","state"]')
  })
})

describe.concurrent('contract test', () => {
  test('counts samples that hold, and shows by column what differs', async () => {
    using scratch = scratchContracts()
    expect(await scratch.run('contract', 'test')).toEqual({
      code: 0,
      out: '   contract         pass  fail  differ\n✔  sales.orders v1     1     1       0',
      err: '✔ valid. 2 samples, 0.0 s',
    })
    scratch.edit(
      'sales/orders/samples/v1.a-row.pass.json',
      '"amount":"19.90","state":"open"}}',
      '"amount":"19.9","state":"open"}}',
    )
    expect(await scratch.run('contract', 'test')).toEqual({
      code: 1,
      out: [
        '   contract         pass  fail  differ',
        '✘  sales.orders v1     1     1       1',
        '',
        '<schemas>/sales/orders/samples/v1.a-row.pass.json',
        '  amount: expected "19.9", got "19.90"',
      ].join('\n'),
      err: '✘ 1 of 2 samples differ, 0.0 s',
    })
  })
})

describe.concurrent('contract new', () => {
  test('writes a contract whose samples hold, then its next version; it overwrites nothing', async () => {
    using scratch = scratchContracts()
    const made = await scratch.run(
      'contract',
      'new',
      'sales.carts',
      '--key',
      'shop_id',
      'cart_id',
      '--owner',
      'a@b.example',
      '--source',
      'shop:public.carts',
    )
    expect(made).toMatchObject({ code: 0, out: '' })
    expect(made.err.split('\n')).toEqual([
      'wrote <schemas>/sales/carts/v1.ts',
      'wrote <schemas>/sales/carts/samples/v1.a-row.pass.json',
      'wrote <schemas>/sales/carts/samples/v1.no-key.fail.json',
      'next: npx tidemark contract check',
    ])
    expect((await scratch.run('contract', 'new', 'sales.carts')).code).toBe(2)
    expect((await scratch.run('contract', 'new', 'sales.carts', '--next')).code).toBe(0)
    expect(scratch.read('sales/carts/v2.ts')).toBe(
      scratch.read('sales/carts/v1.ts').replace('cartsV1', 'cartsV2').replace('version: 1', 'version: 2'),
    )
    expect((await scratch.run('contract', 'test')).err).toBe('✔ valid. 6 samples, 0.0 s')
  })

  test('takes a source that names one table, and nothing else', async () => {
    using scratch = scratchContracts()
    const make = (source: string) => scratch.run('contract', 'new', 'sales.carts', '--source', source)
    for (const source of ['shop:carts', 'shop:public.carts.v2', 'public.carts'])
      expect(await make(source)).toMatchObject({
        code: 2,
        err: expect.stringContaining('system:schema.table'),
      })
    expect((await make('shop:"app.v2".carts')).code).toBe(0)
    expect(scratch.read('sales/carts/v1.ts')).toContain(`table: '"app.v2".carts'`)
    expect((await scratch.run('contract', 'test')).code).toBe(0)
  })

  test('a dry run writes nothing', async () => {
    using scratch = scratchContracts()
    expect((await scratch.run('contract', 'new', 'sales.carts', '--dry-run')).err).toContain('would write')
    expect(() => scratch.read('sales/carts/v1.ts')).toThrow('ENOENT')
  })
})

describe.concurrent('contract diff', () => {
  test('shows what a branch does to tables, views and people', async () => {
    using scratch = scratchContracts()
    scratch.edit(ORDERS, 'col.decimal(12, 2,', 'col.decimal(14, 2,')
    scratch.edit(
      ORDERS,
      '  },\n})',
      "    email: col.string('Where the receipt went', { pii: 'email', nullable: true }),\n  },\n})",
    )
    const text = [
      'sales.orders v1: breaking',
      '  <schemas>/sales/orders/v1.ts:13:5: F201: amount: decimal(12,2) became decimal(14,2)',
      '    fix: Leave this file as it was released and write the change as a new file vN+1 beside it. Or add a second column at the end with the new type and stop using the old one.',
      '  notes:',
      '    email: new column, string',
      '  columns:',
      '    - amount decimal(12,2) not null',
      '    + amount decimal(14,2) not null',
      '    + email string null (email, hash)',
      '  personal data:',
      '    email: email, hash',
      '  Athena:',
      '    -   `amount` decimal(12,2),',
      '    -   `state` string',
      '    +   `amount` decimal(14,2),',
      '    +   `state` string,',
      '    +   `email` string',
      '  views: sales.orders, sales.orders_history',
    ].join('\n')
    /* The commit is from before the first lock, so its contracts are run; with a lock there the answer is the same. */
    expect(await scratch.run('contract', 'diff', '--base', 'HEAD')).toEqual(breaking(text))
    const edited = scratch.read(ORDERS)
    scratch.write(ORDERS, ordersText)
    scratch.lock()
    scratch.commit()
    scratch.write(ORDERS, edited)
    expect(await scratch.run('contract', 'diff', '--base', 'HEAD')).toEqual(breaking(text))
    const { out } = await scratch.run('contract', 'diff', '--base', 'HEAD', '--format', 'markdown')
    expect(out.split('\n').slice(0, 6)).toEqual([
      '<!-- tidemark contract diff -->',
      '### Contracts: 1 breaking',
      '',
      '| contract | change | rules | views |',
      '| --- | --- | --- | --- |',
      '| `sales.orders v1` | **breaking** | F201 | `sales.orders` `sales.orders_history` |',
    ])
  })

  test('a new version breaks nothing: the plain view moves on, the old one gets its number', async () => {
    using scratch = scratchContracts()
    await scratch.run('contract', 'new', 'sales.orders', '--next')
    scratch.edit('sales/orders/v2.ts', 'col.decimal(12, 2,', 'col.decimal(14, 2,')
    scratch.edit(ORDERS, 'in euros', 'in euro')
    const { code, out, err } = await scratch.run('contract', 'diff', '--base', 'HEAD')
    expect({ code, err }).toEqual({ code: 0, err: '✔ 1 new, 1 wording since <commit>, 0.0 s' })
    expect(out).toContain('since v1: F201 amount: decimal(12,2) became decimal(14,2)')
    expect(out).toContain(
      'views: sales.orders, sales.orders_history, sales.orders_v1, sales.orders_v1_history',
    )
  })

  test('a version that is gone must be listed as retired', async () => {
    using scratch = scratchContracts()
    scratch.lock()
    scratch.commit()
    scratch.edit(ORDERS, 'sales.orders', 'sales.carts')
    scratch.write('sales/carts/v1.ts', scratch.read(ORDERS).replace('ordersV1', 'cartsV1'))
    scratch.remove('sales/orders')
    const gone = await scratch.run('contract', 'diff', '--base', 'HEAD')
    expect(gone.code).toBe(1)
    expect(gone.out).toContain('lock.json:1:1: Q109: sales.orders v1 is gone')
    const entry = { table: 'sales.orders', version: 1, on: '2026-03-01', reason: 'became carts' }
    scratch.write('retired.json', JSON.stringify({ columns: [], versions: [entry] }))
    expect((await scratch.run('contract', 'diff', '--base', 'HEAD')).err).toBe(
      '✔ 1 retired, 1 new since <commit>, 0.0 s',
    )
  })

  test('a ref that git does not know is an error', async () => {
    using scratch = scratchContracts()
    const { code, err } = await scratch.run('contract', 'diff', '--base', 'no-such-ref')
    expect(code).toBe(2)
    expect(err).toContain('git knows no no-such-ref here')
  })

  function breaking(out: string): Printed {
    return { code: 1, out, err: '✘ 1 breaking since <commit>, 0.0 s' }
  }
})

describe.concurrent('explain', () => {
  test('says what a code means and what to do', async () => {
    const { code, stdout } = await tidemark(['explain', 'q104'])
    expect(code).toBe(0)
    expect(stdout).toBe(
      'Q104: The primary key changed\n' +
        '  what happens: QUERY: SQL over the lake breaks, or silently means something else.\n' +
        '  what to do:   Leave this file as it was released and write the change as a new file vN+1 beside it.\n',
    )
  })

  test('an unknown code is an error that names the nearest', async () => {
    const finished = await tidemark(['explain', 'bad-value', '--json'])
    expect(finished.code).toBe(2)
    expect(lastJson(finished)).toMatchObject({
      error: { message: 'there is no code bad-value; did you mean format/bad-value?' },
    })
  })
})
