import pg from 'pg'
import type { Source } from '../../../engine/postgres/connection/source-connection.ts'

/** Transactions on a source, one after the other on each connection, until `stop`. */
export interface Writers {
  /** Transactions so far. */
  written(): number
  stop(): Promise<void>
}

/**
 * Writes to tables of `(id bigint PRIMARY KEY, n int, note text)`: a connection for each, and one whose transactions write
 * to all of them. Inserts, updates, deletes and changed keys, some of it rolled back.
 */
export async function startWriters(source: Source, tables: readonly string[]): Promise<Writers> {
  let count = 0
  let isOver = false
  const write = async (mine: readonly string[], seed: number) => {
    const client = new pg.Client({ connectionString: source.url })
    await client.connect()
    for (let turn = 0; !isOver; turn += 1) {
      const id = seed * 1_000_000 + turn
      const statements = mine.flatMap((table) => [
        `INSERT INTO ${table} VALUES (${id}, ${turn}, 'w')`,
        `UPDATE ${table} SET n = n + 1 WHERE id % 97 = ${turn % 97}`,
        `UPDATE ${table} SET id = id + 500000 WHERE id = ${id - 5}`,
        `DELETE FROM ${table} WHERE id = ${id - 9}`,
      ])
      await client.query(`BEGIN; ${statements.join(';')}; ${turn % 7 === 3 ? 'ROLLBACK' : 'COMMIT'}`)
      count += 1
    }
    await client.end()
  }
  const running = Promise.all(
    [...tables.map((table) => [table]), tables].map((mine, index) => write(mine, index + 1)),
  )
  running.catch(() => undefined)
  return {
    written: () => count,
    stop: async () => {
      isOver = true
      await running
    },
  }
}
