import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { afterAll, beforeAll } from 'vitest'
import { ledgerItems, quarantineItems, rawItems } from '../../../aws/dynamo/dynamo-items.ts'
import { auditRecords } from '../../../core/audit/audit-records.ts'
import type { ListedObjects } from '../../../core/audit/ledger-audit.ts'
import { requestAnswer } from '../../../core/operations/answers.ts'
import { encodePages } from '../../../core/page.ts'
import type { Delivery } from '../../../core/ports/ports.ts'
import { repair } from '../../../engine/repair/repair.ts'
import { router } from '../../../formatters/route.ts'
import { catalogTable } from '../../../glue/catalog-table.ts'
import { formatEvent } from '../../../handlers/format/format-event.ts'
import { landEvent } from '../../../handlers/land/land-event.ts'
import { LambdaStage } from '../../../handlers/runtime/lambda-stage.ts'
import { historyFiles } from '../../../lake/history/history-file.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { StateFile } from '../../../local/state/state-file.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { stackRepairParts } from '../../../stack/operations/stack-repair.ts'
import { ItemLedger } from '../../../state/ledger/item-ledger.ts'
import { LedgerReader } from '../../../state/ledger/ledger-reader.ts'
import { ItemQuarantine } from '../../../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../../../state/raw-store/item-raw-store.ts'
import { type DynamoFixture, dynamoFixture } from '../../aws/dynamo-fixture.ts'
import { findingsIn, LedgerFixture } from '../../local/ledger/ledger-fixture.ts'
import { LakeEye } from '../../local/operations/repair-fixture.ts'
import { wide } from '../../local/operations/things-fixture.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { type RepairUnderTest, repairContract } from './repair.contract.ts'

const HOUR = 3_600_000
let eye: LakeEye
let dynamo: DynamoFixture

beforeAll(async () => {
  eye = await LakeEye.open()
  dynamo = await dynamoFixture()
})

afterAll(async () => {
  eye.close()
  await dynamo.close()
})

const rowsIn = async (root: string) =>
  (await eye.current(root, 'w.things')).map((row) => Object.values(row).slice(0, 2))

repairContract('a run folder', async () => {
  const made = await LedgerFixture.open(await tempFolder(), [wide])
  return {
    objects: made.objects,
    capture: (changes, sequence) => made.capture(changes, sequence),
    format: (how) => (how === undefined ? made.format() : made.passOver()),
    land: () => made.land(),
    audit: () => findingsIn(made.root),
    repair: ({ pages = [], objects = [], files = [] }, isDryRun = false) =>
      made.run({ kind: 'repair', pages, objects, files, isDryRun }),
    rows: () => rowsIn(made.root),
    waiting: async () => made.quarantine.headers().length,
    close: () => made.close(),
  }
})

repairContract('a stack', async (): Promise<RepairUnderTest> => {
  const root = await tempFolder()
  const objects = new FolderObjects(root)
  /* Only the catalog is a folder's, for who reads the lake of either. */
  const state = await StateFile.open(runFolder(root))
  const { catalog } = state
  await catalog.registerTables([catalogTable(wide)])
  const [raw, refused, ledger] = [await dynamo.rawTable(), await dynamo.table(), await dynamo.table()]
  const now = Date.now
  const store = new ItemRawStore({ table: rawItems(raw), retentionDays: 30 })
  const quarantine = new ItemQuarantine({ table: quarantineItems(refused), retentionDays: 30, now })
  const records = new ItemLedger({ table: ledgerItems(ledger), rawDays: 30, now })
  const stage = new LambdaStage('stack', { write: () => undefined, now })
  let delivered = 0
  const delivery: Delivery = {
    maxBlockBytes: 1_024_000,
    put: async (blocks) => {
      if (blocks.length === 0) return
      delivered += 1
      const key = `landing/changes/2026/01/02/03/changes-1-2026-01-02-03-00-00-${delivered}.ndjson.gz`
      await objects.put(key, await promisify(gzip)(Buffer.concat(blocks.map(({ text }) => text))))
    },
  }
  const invoke = <T>(work: () => Promise<T>) =>
    stage.run({ awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 }, work)
  const format = (pages: readonly string[]) =>
    invoke(async () =>
      requestAnswer.parse(
        await formatEvent(
          { pages },
          {
            store,
            quarantine,
            delivery,
            ledger: records,
            stage,
            maxBytes: 1 << 20,
            route: async () => router([wide], new Uint8Array(32).fill(7)),
          },
        ),
      ),
    )
  const land = (keys: readonly string[]) =>
    invoke(async () =>
      requestAnswer.parse(
        await landEvent(
          { objects: keys },
          {
            bucket: 'lake',
            objects,
            catalog,
            quarantine,
            ledger: records,
            stage,
            historyFiles: historyFiles([wide]),
          },
        ),
      ),
    )
  const listed: ListedObjects = {
    objects: async function* (prefix) {
      for (const key of await objects.list(prefix))
        yield { key, bytes: (await objects.get(key)).length, modifiedAt: now() }
    },
  }
  const audit = {
    raw: store,
    records: new LedgerReader(ledgerItems(ledger)),
    objects: listed,
    readers: [{ contract: 'w.things v1', source: 'public.things' }],
  }
  let captured: string[] = []
  return {
    objects,
    capture: async (changes, sequence) => {
      const pages = await encodePages('public.things', { shard: 's', sequence }, changes)
      await store.put(pages)
      captured.push(...pages.map(({ key }) => key))
    },
    format: async (how) => {
      if (how === undefined) await format(captured)
      captured = []
    },
    land: async () => {
      const keys = await objects.list('landing/changes/')
      if (keys.length > 0) await land(keys)
    },
    audit: async () => (await auditRecords(audit, { now: now() + 3 * HOUR, overdueMs: HOUR })).findings,
    repair: ({ pages = [], objects: keys = [], files = [] }, isDryRun = false) =>
      repair({ pages, objects: keys, files }, stackRepairParts(audit, records, { format, land }), {
        isDryRun,
      }),
    rows: () => rowsIn(root),
    waiting: async () => {
      let count = 0
      for await (const _ of quarantine.list()) count += 1
      return count
    },
    close: () => state.close(),
  }
})
