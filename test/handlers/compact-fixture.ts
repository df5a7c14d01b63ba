import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { glueClient } from '../../aws/calls/clients.ts'
import { planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { GlueCatalog } from '../../aws/glue/glue-catalog.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { ObjectFiles, ObjectStore } from '../../core/ports/ports.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { type CompactAnswer, compactTables } from '../../handlers/compact/compact-tables.ts'
import { LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { landObject } from '../../ingest/land/land-object.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { FolderFiles } from '../../local/stores/folder-files.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { FakeGlue } from '../aws/fake-glue.ts'
import { type FaultProxy, faultProxy, operationOf } from '../aws/fault-proxy.ts'
import { quickRetry, standInSettings } from '../aws/quick-settings.ts'
import { rowsOfView } from '../aws/rows-of-view.ts'
import { blockText } from '../lake/small-lake.ts'

const ROOT = 's3://lake'

/**
 * What may happen at a call to Glue or to the bucket. Calls of one compaction are numbered from 1; those to Glue are also named
 * by operation and table, `UpdateTable visits`.
 */
export interface Watch {
  /** The process ends at this call, before it did its work or after it; nothing works from then on. */
  readonly crash?: { readonly at: number | string; readonly isAfter: boolean }
  /** Awaited before each call. */
  readonly onCall?: (call: number) => Promise<void>
}

export interface CompactFixture {
  readonly glue: FakeGlue
  readonly objects: FolderObjects
  readonly catalog: GlueCatalog
  /** What the function wrote: log and metrics. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** Leases that somebody has. */
  readonly leases: Set<string>
  /** The clock of everything, milliseconds. */
  now: number
  land(table: Table, rows: readonly LakeRow[], day: string): Promise<void>
  /** One call of the function; resolves with its answer, and how many calls it made. */
  compact(event?: object, watch?: Watch): Promise<{ readonly answer: CompactAnswer; readonly calls: number }>
  /** What Athena reads of a table. */
  rows(table: string, sql: string): Promise<readonly unknown[]>
  close(): Promise<void>
}

/** `compactTables` on Glue in memory and a bucket in a folder; tables of one domain, their views applied. */
export async function compactFixture(
  folder: string,
  tables: readonly Table[],
  { keepHistoryDays, remainingMs = 900_000 }: { keepHistoryDays?: number; remainingMs?: number } = {},
): Promise<CompactFixture> {
  const glue = new FakeGlue()
  const proxy: FaultProxy = await faultProxy(glue.answer)
  const client = glueClient(standInSettings(proxy.endpoint))
  const objects = new FolderObjects(folder)
  const domain = tables[0]?.name.split('.')[0] ?? ''
  const shared = { client, retry: { ...quickRetry, attempts: 2 }, prefix: 'x_', root: ROOT }
  const definitions = { ...shared, glue: glueTables(shared), objects }
  const catalog = new GlueCatalog({ ...shared, domains: [domain], objects })
  await (await planDefinitions(definitions, tables.map(catalogTable))).apply(false)
  const lines: Readonly<Record<string, unknown>>[] = []
  const leases = new Set<string>()
  let landed = 0
  const lab: CompactFixture = {
    glue,
    objects,
    catalog,
    lines,
    leases,
    now: Date.now(),
    async land(table, rows, day) {
      landed += 1
      const key = `landing/changes/${day.replaceAll('-', '/')}/00/o${landed}.ndjson.gz`
      await objects.put(key, await promisify(gzip)(blockText(table, rows)))
      await landObject(key, { objects, catalog, historyFiles: historyFiles([table]) })
    },
    async compact(event = {}, { crash, onCall } = {}) {
      let calls = 0
      let isDead = false
      const begin = async (what = '') => {
        calls += 1
        if (isDead) return 'dead'
        await onCall?.(calls)
        if (crash === undefined || (crash.at !== calls && crash.at !== what)) return 'alive'
        isDead = true
        return crash.isAfter ? 'after' : 'dead'
      }
      proxy.plan = () => async (exchange, forward) => {
        const { TableInput, Name } = JSON.parse(exchange.body.toString())
        const state = await begin(`${operationOf(exchange)} ${TableInput?.Name ?? Name}`)
        if (state === 'dead') return undefined
        const answer = await forward(exchange)
        return state === 'after' ? undefined : answer
      }
      const watched = <P extends object>(port: P): P =>
        new Proxy(port, {
          get(target, name) {
            const member: unknown = Reflect.get(target, name)
            if (typeof member !== 'function' || name === 'read' || name === 'scratch')
              return typeof member === 'function' ? member.bind(target) : member
            return async (...given: readonly unknown[]) => {
              const state = await begin()
              if (state === 'dead') throw new Error('crash')
              const result: unknown = await Reflect.apply(member, target, given)
              if (state === 'after') throw new Error('crash')
              return result
            }
          },
        })
      const bucket: ObjectStore = watched(objects)
      glue.now = lab.now
      const stage = new LambdaStage('compact', {
        write: (line) => lines.push(JSON.parse(line)),
        now: () => lab.now,
      })
      const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => remainingMs }
      const files: ObjectFiles = watched(new FolderFiles(objects, join(folder, 'scratch')))
      try {
        const answer = await stage.run(context, () =>
          compactTables(event, {
            stage,
            keepHistoryDays,
            memory: '256MB',
            temporary: join(folder, 'spill'),
            objects: bucket,
            catalog: new GlueCatalog({ ...shared, domains: [domain], objects: bucket }),
            ledger: new CompactionDocuments(new ObjectDocuments(bucket)),
            manifest: { replaceFiles: async () => undefined },
            lease: {
              take: async (name) => !leases.has(name),
              release: async () => undefined,
            },
            open: () => ({
              read: (key) => files.read(key),
              scratch: (name) => files.scratch(name),
              publish: (path, key) => files.publish(path, key),
              verify: (file, by) => files.verify(file, by),
              close: async () => undefined,
            }),
          }),
        )
        return { answer, calls }
      } finally {
        proxy.plan = () => undefined
      }
    },
    rows: (table, sql) =>
      rowsOfView({ glue, database: `x_${domain}`, root: ROOT, objects, folder }, table, sql),
    async close() {
      client.destroy()
      await proxy.close()
    },
  }
  return lab
}
