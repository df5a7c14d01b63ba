import { quarantineItems } from '../../aws/dynamo/dynamo-items.ts'
import type { DynamoTable } from '../../aws/dynamo/dynamo-table.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import { ItemQuarantine } from '../../state/quarantine/item-quarantine.ts'
import { type DynamoFixture, dynamoFixture } from '../aws/dynamo-fixture.ts'
import { fakeFirehose } from '../aws/fake-firehose.ts'
import { json } from '../aws/fake-partial-faults.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { type BuiltHandlers, buildHandlers, type RunningHandler } from './built-handlers.ts'

export interface HandlerFixture {
  readonly built: BuiltHandlers
  readonly dynamo: DynamoFixture
  /** Empty tables, and handlers that know them; `objects` is where Firehose writes. */
  pipeline(objects: ObjectStore): Promise<PipelineUnderTest>
  close(): Promise<void>
}

export interface PipelineUnderTest {
  readonly raw: Awaited<ReturnType<DynamoFixture['table']>>
  readonly ledger: DynamoTable
  readonly quarantine: ItemQuarantine
  /** How many records each call of Firehose had. */
  readonly calls: readonly (readonly number[])[]
  /** What waits in quarantine: stage and codes, by order of arrival. */
  refusals(): Promise<readonly (readonly string[])[]>
  start(name: string, more?: Readonly<Record<string, string>>): Promise<RunningHandler>
}

/** The built handlers before dynalite, a double of Firehose and one of Secrets Manager. */
export async function handlerFixture(): Promise<HandlerFixture> {
  const [built, dynamo] = await Promise.all([buildHandlers(), dynamoFixture()])
  const secrets = await faultProxy(async () => json({ SecretString: 'ab'.repeat(32) }))
  const closing: (() => Promise<void>)[] = [() => secrets.close(), () => built.close(), () => dynamo.close()]
  return {
    built,
    dynamo,
    pipeline: async (objects) => {
      const [raw, refused, ledger] = [await dynamo.rawTable(), await dynamo.table(), await dynamo.table()]
      const { answer, calls } = fakeFirehose(objects)
      const firehose = await faultProxy(answer)
      closing.unshift(() => firehose.close())
      const quarantine = new ItemQuarantine({
        table: quarantineItems(refused),
        retentionDays: 30,
        now: Date.now,
      })
      const environment = {
        AWS_ENDPOINT_URL_DYNAMODB: dynamo.proxy.endpoint,
        AWS_ENDPOINT_URL_FIREHOSE: firehose.endpoint,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
        TIDEMARK_RAW_TABLE: raw.name,
        TIDEMARK_RAW_DAYS: '30',
        TIDEMARK_QUARANTINE_TABLE: refused.name,
        TIDEMARK_QUARANTINE_DAYS: '30',
        TIDEMARK_LEDGER_TABLE: ledger.name,
        TIDEMARK_EPOCH: '0',
        TIDEMARK_STREAM: 'changes',
        TIDEMARK_MASK_SECRET: 'tidemark/mask',
        TIDEMARK_SYSTEMS: 'workforce-postgres',
      }
      return {
        raw,
        ledger,
        quarantine,
        calls,
        refusals: async () => {
          const found: (readonly string[])[] = []
          for await (const { stage, reasons } of quarantine.list())
            found.push([stage, ...reasons.map(({ code }) => code)])
          return found
        },
        start: (name, more = {}) => built.start(name, { ...environment, ...more }),
      }
    },
    close: async () => {
      for (const close of closing) await close()
    },
  }
}
