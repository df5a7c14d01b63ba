import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { lockText } from '../../contract-tools/load/lock-file.ts'
import { table } from '../../core/contract/check/define-table.ts'
import { tableShape } from '../../core/contract/evolution/shape.ts'
import { col } from '../../core/contract/language/column.ts'
import { printContract } from '../../core/contract/print/print-contract.ts'
import { tidemark } from '../support/tidemark.ts'

const orders = table({
  name: 'sales.orders',
  version: 1,
  owner: 'sales@tidemark.example',
  description: 'What buyers have confirmed, one row each',
  source: { system: 'shop-postgres', table: 'public.orders' },
  primaryKey: ['id'],
  unknownFields: 'keep',
  columns: {
    id: col.bigint('Number given by the shop, never reused'),
    amount: col.decimal(12, 2, 'Charged, tax included, in euros'),
    state: col.enum(['open', 'paid'], 'Place in the life of an order'),
  },
})

/** The text of the contract, its columns from line 12 on. */
export const ordersText = printContract(orders)

const passing = {
  given: { id: 1, amount: '19.90', state: 'open' },
  expect: { id: '1', amount: '19.90', state: 'open' },
}
const failing = {
  given: { id: 2, amount: '19.905', state: 'paid' },
  expect: ['amount: must fit decimal(12,2)'],
}

/** What a command printed, with the folder as `<schemas>` and times as `0.0 s`. */
export interface Printed {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A schemas folder outside of the project, in a git repository of its own, with one good contract committed. */
export interface ScratchContracts extends Disposable {
  readonly root: string
  read(path: string): string
  write(path: string, text: string): void
  edit(path: string, from: string, to: string): void
  remove(path: string): void
  /** Writes the lock of the contract as it was committed first. */
  lock(): void
  commit(): void
  run(...args: readonly string[]): Promise<Printed>
}

export function scratchContracts(): ScratchContracts {
  /* The temporary folder of macOS is a link. */
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-contracts-')))
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@tidemark.example', ...args], {
      cwd: root,
    })
  const scratch: ScratchContracts = {
    root,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    },
    edit(path, from, to) {
      const text = scratch.read(path)
      if (!text.includes(from)) throw new Error(`${path} does not hold what is to change`)
      scratch.write(path, text.replace(from, to))
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
    lock: () => scratch.write('lock.json', lockText([tableShape(orders)])),
    commit() {
      git('add', '-A')
      git('commit', '--quiet', '--message', 'contracts')
    },
    async run(...args) {
      const { code, stdout, stderr } = await tidemark([...args, '--contracts', root])
      const plain = (text: string) =>
        text
          .replaceAll(root, '<schemas>')
          .replace(/\d+\.\d s/g, '0.0 s')
          .replace(/since [0-9a-f]{7}/g, 'since <commit>')
          .trimEnd()
      return { code, out: plain(stdout), err: plain(stderr) }
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  }
  git('init', '--quiet')
  scratch.write('sales/orders/v1.ts', ordersText)
  scratch.write('sales/orders/samples/v1.a-row.pass.json', JSON.stringify(passing))
  scratch.write('sales/orders/samples/v1.three-decimals.fail.json', JSON.stringify(failing))
  scratch.commit()
  return scratch
}
