import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { ledgerItems, rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { auditRecords, type LedgerAudit } from '../../core/audit/audit-records.ts'
import type { ListedObjects } from '../../core/audit/ledger-audit.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { landEvent } from '../../handlers/land/land-event.ts'
import { LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { tables } from '../../schemas/index.ts'
import { ItemAuditMarks } from '../../state/ledger/item-audit-marks.ts'
import { ItemLedger } from '../../state/ledger/item-ledger.ts'
import { LedgerReader } from '../../state/ledger/ledger-reader.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import { freshCatalog } from '../support/fresh-catalog.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { createdNotice, kinesisEvent, queueEvent, streamEvent } from './events.ts'
import type { HandlerFixture } from './handler-fixture.ts'
import { dmsRecord, shopRow } from './shop-records.ts'

const HOUR = 3_600_000
/** A balance in which nothing is open. */
export const even = { inFlight: 0, missing: 0, balanced: true }
export const done = { answer: { batchItemFailures: [] } }

/* capture and format as they are deployed; land as its code, on a folder. Three pages: 2 + 1 + 1 changes, one refused. */
export async function openShop(stage: HandlerFixture, committed?: string) {
  const insert = (id: number, more: object = {}) =>
    dmsRecord('insert', id, shopRow(id, `shop ${id}`, more), 'shops', committed)
  const folder = await tempFolder()
  const objects = new FolderObjects(folder)
  const catalog = await freshCatalog()
  await catalog.registerTables(tables.map(catalogTable))
  const at = await stage.pipeline(objects)
  const [capture, format] = await Promise.all([at.start('capture'), at.start('format')])
  const records = new LedgerReader(ledgerItems(at.ledger))
  const raw = new ItemRawStore({ table: rawItems(at.raw), retentionDays: 30 })
  const ledger = new ItemLedger({ table: ledgerItems(at.ledger), rawDays: 30, now: Date.now })
  const lambda = new LambdaStage('land', { write: () => undefined, now: Date.now })
  const land = (event: unknown) =>
    lambda.run({ awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 }, () =>
      landEvent(event, {
        bucket: 'lake',
        objects,
        catalog,
        ledger,
        stage: lambda,
        quarantine: at.quarantine,
        historyFiles: historyFiles(tables),
      }),
    )
  const listed: ListedObjects = {
    objects: async function* (prefix) {
      for (const key of await objects.list(prefix)) {
        const { size, mtimeMs } = await stat(join(folder, key))
        yield { key, bytes: size, modifiedAt: mtimeMs }
      }
    },
  }
  const readers = tables.map(({ name, version, source }) => ({
    contract: `${name} v${version}`,
    source: source.table,
  }))
  const deps = { raw, records, objects: listed, readers, marks: new ItemAuditMarks(ledgerItems(at.ledger)) }
  const audit = (later = 0) => auditRecords(deps, { now: Date.now() + later, overdueMs: HOUR })
  for (const [index, batch] of [
    [insert(1), insert(2, { country_code: 'FRANCE' })],
    [insert(3)],
    [insert(4)],
  ].entries())
    expect(await capture.invoke(kinesisEvent(batch, index * 1_000))).toEqual(done)
  const images = stage.dynamo.images(at.raw)
  const notices = async () => queueEvent([createdNotice('lake', await objects.list('landing/changes/'))])
  return { ...at, ledgerTable: at.ledger.name, deps, objects, ledger, format, land, audit, images, notices }
}

/** An object of which a row cannot be read is set aside: every change is in quarantine, and nothing is missing. */
export async function setObjectAside(at: Awaited<ReturnType<typeof openShop>>): Promise<void> {
  expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
  const [object = ''] = await at.objects.list('landing/changes/')
  const text = gunzipSync(await at.objects.get(object)).toString()
  await at.objects.put(object, gzipSync(text.replace('"shop 1"', 'shop')))
  await at.land(await at.notices())
  const audit = await at.audit(3 * HOUR)
  expect(shopsOf(audit)).toEqual({ captured: 4, landed: 0, quarantined: 4, ...even })
  expect(audit.findings).toEqual([])
}

export function shopsOf({ balances }: LedgerAudit) {
  const sums = balances.find(({ contract }) => contract === 'workforce.shops v1')
  if (sums === undefined) throw new Error('no balance')
  const { captured, landed, quarantined, inFlight, missing, balanced } = sums
  return { captured, landed, quarantined, inFlight, missing, balanced }
}
