import { readWorkgroup } from '../../aws/athena/read-workgroup.ts'
import {
  athenaClient,
  cloudWatchClient,
  dynamoClient,
  firehoseClient,
  glueClient,
  lambdaClient,
  s3Client,
  secretsClient,
  sqsClient,
} from '../../aws/calls/clients.ts'
import { readTableState } from '../../aws/dynamo/read-table-state.ts'
import { readDeliveryStream } from '../../aws/firehose/read-delivery-stream.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { readEventSources } from '../../aws/lambda/read-event-sources.ts'
import { readFunction } from '../../aws/lambda/read-function.ts'
import { hasBucket } from '../../aws/s3/read-bucket.ts'
import { readSecretState } from '../../aws/secrets/read-secret-state.ts'
import { readQueue } from '../../aws/sqs/read-queue.ts'
import { domainsOf } from '../../core/contract/language/lake-table-name.ts'
import { outputsOf } from '../stack.ts'
import { measured } from '../status/measured.ts'
import { askingRetry as retry } from '../status/pipeline-probes.ts'
import { probe, type StackProbe } from '../status/stack-probe.ts'
import type { StackSession } from '../status/stack-session.ts'
import {
  bucketRules,
  databaseRules,
  doctorQueueRules,
  eventSourceRules,
  firehoseRules,
  functionRules,
  secretRules,
  tableRules,
  workgroupRules,
} from './data-rules.ts'

const reading = ['capture', 'capture_service', 'format', 'land', 'land_load'] as const

/** Looks at functions, queues and stores, in the data account. */
export function dataProbes(session: StackSession): readonly StackProbe[] {
  const { stack, tables, data, now } = session
  return [
    probe(functionRules, 'lambda:GetFunctionConfiguration on the functions', async () => {
      const { functions } = outputsOf(stack, 'data', ['functions'])
      const client = data().client(lambdaClient)
      const found = Object.values(functions).map(
        async (name = '') => [name, await readFunction({ client, retry }, name)] as const,
      )
      return { now, functions: new Map(await Promise.all(found)) }
    }),
    probe(eventSourceRules, 'lambda:ListEventSourceMappings on *', async () => {
      const { functions } = outputsOf(stack, 'data', ['functions'])
      const client = data().client(lambdaClient)
      const found = reading
        .flatMap((key) => functions[key] ?? [])
        .map(async (name) => [name, await readEventSources({ client, retry }, name)] as const)
      return { sources: new Map(await Promise.all(found)) }
    }),
    probe(doctorQueueRules, 'sqs:GetQueueAttributes on the queues of the stack', async () => {
      const { queues } = outputsOf(stack, 'data', ['queues'])
      const client = data().client(sqsClient)
      const depths = Object.entries(queues).map(
        async ([name, url = '']) => [name, await readQueue({ client, retry }, url)] as const,
      )
      return { queues: new Map(await Promise.all(depths)) }
    }),
    firehoseProbe(session),
    probe(
      tableRules,
      'dynamodb:DescribeTable and DescribeTimeToLive on the tables of the stack',
      async () => {
        const of = outputsOf(stack, 'data', ['raw_table', 'quarantine_table', 'ledger_table'])
        const client = data().client(dynamoClient)
        const state = async (name: string) => ({ name, state: await readTableState({ client, name, retry }) })
        const raw = await state(of.raw_table)
        const [quarantine, ledger] = [await state(of.quarantine_table), await state(of.ledger_table)]
        return { tables: { raw, quarantine, ledger } }
      },
    ),
    probe(bucketRules, 's3:ListBucket on the bucket', async () => {
      const { bucket } = outputsOf(stack, 'data', ['bucket'])
      return { bucket, isThere: await hasBucket({ client: data().client(s3Client), retry }, bucket) }
    }),
    probe(databaseRules, 'glue:GetDatabase on the databases', async () => {
      const of = outputsOf(stack, 'data', ['region', 'bucket', 'catalog_prefix'])
      const glue = glueTables({ client: data().client(glueClient), retry })
      const domains = domainsOf(tables)
      const names = domains.map((domain) => `${of.catalog_prefix}${domain}`)
      const found = names.map(async (name) => ({ name, isThere: await glue.hasDatabase(name) }))
      const prefix = of.catalog_prefix === '' ? '' : ` --prefix ${of.catalog_prefix}`
      const place = `--region ${of.region} --root s3://${of.bucket}${prefix}`
      return { place, databases: await Promise.all(found) }
    }),
    probe(workgroupRules, 'athena:GetWorkGroup on the workgroup', async () => {
      const { athena_workgroup: name } = outputsOf(stack, 'data', ['athena_workgroup'])
      return { name, state: await readWorkgroup({ client: data().client(athenaClient), retry }, name) }
    }),
    probe(secretRules, 'secretsmanager:DescribeSecret on both secrets', async () => {
      const of = outputsOf(stack, 'data', ['mask_secret', 'source_secret'])
      const client = data().client(secretsClient)
      const state = async (name: string) => ({ name, state: await readSecretState({ client, retry }, name) })
      return {
        secrets: { 'masking key': await state(of.mask_secret), source: await state(of.source_secret) },
      }
    }),
  ]
}

function firehoseProbe({ stack, data, now }: StackSession): StackProbe {
  return probe(
    firehoseRules,
    'firehose:DescribeDeliveryStream on the delivery stream, cloudwatch:GetMetricData on *',
    async () => {
      const { firehose_stream: name } = outputsOf(stack, 'data', ['firehose_stream'])
      const status = await readDeliveryStream({ client: data().client(firehoseClient), retry }, name)
      const metrics = { client: data().client(cloudWatchClient), retry, now }
      const [oldest] = await measured(metrics, 900_000, [
        {
          namespace: 'AWS/Firehose',
          metric: 'DeliveryToS3.DataFreshness',
          statistic: 'Maximum',
          dimensions: { DeliveryStreamName: name },
        },
      ])
      return { name, status, oldestSeconds: oldest?.newest ?? null }
    },
  )
}
