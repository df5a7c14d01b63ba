import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isJsonObject, parseJsonObject, stringifyJson } from '../../../core/json.ts'
import { MAX_ROW_BYTES } from '../../../core/row-limit.ts'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { runOperation } from '../../../local/operations/run-operation.ts'
import { type LocalRun, openLocalRun } from '../../../local/run/local-run.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { isWhole } from '../../support/budget.ts'

let server: SourceServer
let database: SourceDatabase
let run: LocalRun
let dir: string

/* Values of a row with a key of two digits and a note of one letter. */
const MOST = MAX_ROW_BYTES - 3
/* Line ends are two bytes in COPY and in JSON; what is one byte of a value here is one everywhere. */
const ONE = isWhole() ? String.raw`E'\n'` : `'y'`

beforeAll(async () => {
  server = await startSource()
  database = await server.database(`
    CREATE TABLE public.docs (body text, note text, id int PRIMARY KEY);
    INSERT INTO public.docs VALUES ('before', 'n', 11), (repeat(${ONE}, ${MOST}), 'n', 13), (repeat(${ONE}, ${MOST + 1}), 'n', 14),
      ('small', 'n', 30), ('small', 'n', 31), ('after', 'n', 15)`)
  dir = await mkdtemp(join(tmpdir(), 'tidemark-limit-'))
  run = await openLocalRun({
    dir,
    source: database.source,
    isEmbedded: false,
    system: 'limit',
    contracts: [],
    patterns: ['public.docs'],
    slot: 'row_limit',
    publication: 'row_limit',
    reload: false,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
    log: { info: () => undefined, warn: () => undefined },
  })
})
afterAll(async () => {
  await run.stop()
  await server.stop()
  await rm(dir, { recursive: true, force: true, maxRetries: 5 })
})

async function lengths() {
  const session = await LakeSession.open({ folder: dir, entries: await run.pipeline.catalog.entries() })
  try {
    const { batches } = await session.query('SELECT id, length(body) FROM public.docs ORDER BY id')
    const rows = []
    for await (const batch of batches) rows.push(...batch)
    return Object.fromEntries(
      rows.map(([id = null, length = null]) => [stringifyJson(id), Number(stringifyJson(length))]),
    )
  } finally {
    session.close()
  }
}

async function refused() {
  const found = []
  for await (const entry of run.pipeline.quarantine.list({ table: 'public.docs' })) {
    const { operation, data, 'row-bytes': bytes } = parseJsonObject(entry.payload)
    expect(entry).toMatchObject({
      position: expect.any(String),
      reasons: [{ code: 'capture/page-too-large' }],
    })
    found.push([operation, isJsonObject(data) ? data : undefined, bytes])
  }
  return found.toSorted((left, right) => JSON.stringify(left[1]).localeCompare(JSON.stringify(right[1])))
}

test('G5 G9: one limit for a row on every way; a larger one waits by its key, and its neighbours pass', async () => {
  const signal = AbortSignal.timeout(230_000)
  await run.loaded(signal)
  await database.client.query(`
    INSERT INTO public.docs VALUES (repeat('y', ${MOST}), 'n', 20), (repeat('y', ${MOST + 1}), 'n', 21), ('next', 'n', 22);
    UPDATE public.docs SET body = repeat(${ONE}, ${isWhole() ? MOST : 6}) WHERE id = 30;
    UPDATE public.docs SET body = repeat(${ONE}, ${MOST + 1}) WHERE id = 31`)
  const proof = await run.reconcile(signal)
  const over = MAX_ROW_BYTES + 1
  const entries = [
    ['load', { id: 14 }, over],
    ['insert', { id: 21 }, over],
    ['update', { id: 31 }, over],
  ]
  expect(await refused()).toEqual(entries)
  expect(proof.tables).toMatchObject([{ equal: true, differences: [] }])
  expect(proof.tables[0]?.quarantinedKeys).toHaveLength(3)
  expect(run.status().tables).toMatchObject([{ quarantined: 3 }])
  const held = {
    11: 6,
    13: MOST,
    15: 5,
    20: MOST,
    22: 4,
    30: isWhole() ? MOST : 6,
    31: 5,
  }
  expect(await lengths()).toEqual(held)
  const context = {
    pipeline: run.pipeline,
    contracts: {},
    now: Date.now,
    signal,
    onProgress: () => undefined,
  }
  /* Of rows of the stage that read them: `npm run test:whole` takes them through the others, too. */
  if (isWhole()) {
    await runOperation({ kind: 'replay', table: 'public.docs', isDryRun: false }, context)
    expect(await lengths()).toEqual(held)
    await run.compact()
    expect(await lengths()).toEqual(held)
  }
  /* No contract makes it smaller: a redrive says so, and it waits on. */
  expect(await runOperation({ kind: 'redrive', isDryRun: false }, context)).toMatchObject({
    considered: 3,
    passed: 0,
    refused: 3,
  })
  expect(await refused()).toEqual(entries)
}, 240_000)
