import { randomBytes } from 'node:crypto'
import type * as z from 'zod'
import { assumedRole } from '../../aws/calls/assumed-role.ts'
import { dmsClient, dynamoClient, glueClient, s3Client } from '../../aws/calls/clients.ts'
import { DmsLoadTask } from '../../aws/dms/dms-load-task.ts'
import { rawItems } from '../../aws/dynamo/dynamo-items.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { ObjectLoadLedger } from '../../aws/s3/object-load-ledger.ts'
import { S3Objects } from '../../aws/s3/s3-objects.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { isOver, loadPrefix } from '../../core/load/load.ts'
import { loadPlace } from '../../ingest/loads/load-place.ts'
import { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { LoadsDeps } from './loads-event.ts'
import type { loadsSettings } from './settings.ts'

/** The ports of `loads` on AWS. */
export function loadsDeps(
  contracts: readonly Table[],
  settings: z.output<typeof loadsSettings>,
  stage: LambdaStage,
): LoadsDeps {
  const { TIDEMARK_BUCKET: bucket, TIDEMARK_CATALOG_PREFIX: prefix, TIDEMARK_EPOCH: epoch } = settings
  const [region, { retry }] = [stage.clientSettings(settings.AWS_REGION), stage]
  const objects = new S3Objects({ client: s3Client(region), retry, bucket, prefix: '', partBytes: 16 << 20 })
  const domains = [...new Set(contracts.map(({ name }) => name.split('.')[0] ?? ''))]
  const glue = { client: glueClient(region), retry, prefix, domains, root: `s3://${bucket}`, objects }
  const table = { client: dynamoClient(region), retry, name: settings.TIDEMARK_RAW_TABLE }
  const raw = new ItemRawStore({ table: rawItems(table), retentionDays: 0 })
  const catalog = new GlueCatalog(glue)
  const ledger = new ObjectLoadLedger(objects)
  const role = settings.TIDEMARK_SOURCE_ROLE
  const readable = contracts.filter(({ source }) => settings.TIDEMARK_SYSTEMS.includes(source.system))
  const sources = [...new Set(readable.map(({ source }) => source.table))]
  return {
    ...{ stage, objects, sources, catalog, ledger },
    task: new DmsLoadTask({
      client: dmsClient({ ...region, ...(role === undefined ? {} : assumedRole(role, settings.AWS_REGION)) }),
      ...{ retry, task: settings.TIDEMARK_LOAD_TASK, endpoint: settings.TIDEMARK_LOAD_ENDPOINT },
      ...{ pollMs: 2_000, settleDeadlineMs: 120_000 },
    }),
    place: async ({ id, tables }) => {
      const names = new Set(tables.map(({ table: name }) => name))
      /* Only of the database that is read: positions of another system have nothing to do with its log. */
      const systems = new Set(
        readable.flatMap(({ source }) => (names.has(source.table) ? source.system : [])),
      )
      const own = readable.filter(({ source }) => systems.has(source.system))
      const captured = await raw.newest([...new Set(own.map(({ source }) => source.table))])
      const others = (await ledger.all()).filter((load) => load.id !== id).flatMap((load) => load.tables)
      const ranks = others.flatMap((one) => (names.has(one.table) ? (one.position ?? []) : []))
      const entries = (await catalog.entries()).filter((entry) => names.has(entry.table.source))
      const floors = entries.flatMap((entry) => entry.floors.map(({ position }) => position))
      return loadPlace({ epoch, captured, earlier: [...ranks, ...floors] })
    },
    /* The files of a table's newest load are its raw form; those of older ones have no use. */
    tidy: async ({ id }, { table: name }) => {
      try {
        for (const load of await ledger.all()) {
          const isOlder = load.tables.some((one) => one.table === name && isOver(one.state))
          if (load.id === id || !isOlder) continue
          for (const key of await objects.list(`${loadPrefix(load.id, name)}/`)) await objects.delete(key)
        }
      } catch (error) {
        stage.failed(error, { load: id, table: name })
      }
    },
    estimates: async (names) => {
      const rows = new Map<string, number>()
      for (const { table: entry, base } of await catalog.entries())
        if (base !== null && names.includes(entry.source)) rows.set(entry.source, base.rows)
      for (const load of await ledger.all())
        for (const one of load.tables)
          if (one.state === 'complete' && names.includes(one.table)) rows.set(one.table, one.rows)
      return rows
    },
    newId: () => {
      const time = new Date(stage.now()).toISOString().slice(0, 19).replace(/[-:]/g, '')
      return `${time}-${randomBytes(3).toString('hex')}`
    },
  }
}
