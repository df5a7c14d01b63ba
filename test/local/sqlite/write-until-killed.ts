import { put } from '../../../core/ports/item-table.ts'
import { SqliteFile } from '../../../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../../../local/sqlite/sqlite-items.ts'

// Writes pairs of items from a number on, several calls at once, and prints the number of each pair that is durable.
const [path = '', first = '0'] = process.argv.slice(2)
const AT_ONCE = 4
const file = await SqliteFile.open(path)
const table = new SqliteItems(file, 'raw', { unavailable: 'raw/unavailable', damaged: 'raw/corrupt' })

let next = Number(first)
const write = async () => {
  for (;;) {
    const number = next
    next += 1
    const content = Buffer.alloc(1_000 + ((number * 7_919) % 60_000), number)
    await table.write(
      ['a', 'b'].map((half) => put({ pk: half, sk: String(number).padStart(9, '0'), content })),
    )
    process.stdout.write(`${number}\n`)
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, write))
