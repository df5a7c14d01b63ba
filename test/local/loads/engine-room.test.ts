import { expect, test } from 'vitest'
import { EngineRoom, roomFor } from '../../../local/loads/engine-room.ts'

test('memory follows the columns of a table, and is set only where it is another', async () => {
  const ran: string[] = []
  const engine = { run: async (sql: string) => void ran.push(sql) }
  const room = new EngineRoom([engine, engine])
  for (const columns of [1, 50, 1_600, 1_600, 3]) await room.make(columns)
  const [wide, small] = [roomFor(1_600), roomFor(3)].map((megabytes) => `SET memory_limit = '${megabytes}MB'`)
  expect(ran).toEqual([wide, wide, small, small])
  expect(roomFor(1_600)).toBeGreaterThan(roomFor(800))
})
