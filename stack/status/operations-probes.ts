import { cloudWatchClient, dmsClient } from '../../aws/calls/clients.ts'
import { readAlarms } from '../../aws/cloudwatch/read-alarms.ts'
import { readInstance } from '../../aws/dms/read-instance.ts'
import { openObjects, openQuarantine } from '../../aws/open-aws.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { printTableVersion, tableLabel } from '../../core/contract/language/table-version.ts'
import { readProofs } from '../../engine/reconcile/proof-document.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { outputsOf } from '../stack.ts'
import { capturedTables } from './captured-tables.ts'
import { alarmRules, compactionRules, loadRules, proofRules, quarantineRules } from './operations-checks.ts'
import { askingRetry as retry } from './pipeline-probes.ts'
import { probe, type StackProbe } from './stack-probe.ts'
import type { StackSession } from './stack-session.ts'

const MOST = 10_000

/** Looks at what people and schedules have to do: quarantine, loads, compaction, proofs, alarms. */
export function operationsProbes(session: StackSession): readonly StackProbe[] {
  const { stack, tables, data, source, now, files } = session
  const documents = () => {
    const { bucket } = outputsOf(stack, 'data', ['bucket'])
    return new ObjectDocuments(openObjects({ ...data(), retry }, bucket))
  }
  return [
    probe(quarantineRules, 'dynamodb:Query and GetItem on the quarantine table', async () => {
      const { quarantine_table: name } = outputsOf(stack, 'data', ['quarantine_table'])
      const quarantine = openQuarantine({ ...data(), retry, now: () => now }, name, 1)
      return { now, most: MOST, ...(await quarantine.summary(MOST)) }
    }),
    probe(loadRules, 's3:ListBucket and GetObject of state/loads/ in the bucket', async () => ({
      stack: files,
      loads: await new LoadDocuments(documents()).all(),
    })),
    probe(compactionRules, 's3:ListBucket and GetObject of state/compaction/ in the bucket', async () => {
      const { systems, functions } = outputsOf(stack, 'data', ['systems', 'functions'])
      const ledger = new CompactionDocuments(documents())
      const own = tables.filter((table) => systems.includes(table.source.system))
      const known = await Promise.all(
        own.map(async ({ name: table, version }) => ({
          table,
          version,
          record: await ledger.read(table, version),
        })),
      )
      return {
        now,
        compactor: functions['compact'] ?? '',
        foldedAt: new Map(
          known.map(({ table, version, record }) => [
            printTableVersion({ name: table, version }),
            record?.foldedAt ?? null,
          ]),
        ),
        failed: known.flatMap(({ table, version, record }) => {
          const failure = record?.failure ?? null
          return failure === null ? [] : [{ table, version, ...failure }]
        }),
      }
    }),
    probe(
      proofRules,
      's3:ListBucket and GetObject of state/proofs.json in the bucket, lambda:GetFunctionConfiguration on the function loads',
      async () => {
        const captured = new Set(await capturedTables(session))
        const own = tables.filter((table) => captured.has(table.source.table))
        const provable = own.map((table) => tableLabel(table, own))
        return { now, stack: files, tables: provable, proofs: await readProofs(documents()) }
      },
    ),
    probe(alarmRules('status.alarms', 'data'), 'cloudwatch:DescribeAlarms on *', async () => {
      const client = data().client(cloudWatchClient)
      return { now, alarms: await readAlarms({ client, retry }, `${nameOf(stack)}-`) }
    }),
    probe(
      alarmRules('status.source-alarms', 'production'),
      'dms:DescribeReplicationInstances and cloudwatch:DescribeAlarms on * (production account)',
      async () => {
        const { replication_instance_arn: arn } = outputsOf(stack, 'source', ['replication_instance_arn'])
        /* The stack names the instance as it names itself. */
        const { id } = await readInstance({ client: source().client(dmsClient), retry }, arn)
        const client = source().client(cloudWatchClient)
        return { now, alarms: await readAlarms({ client, retry }, `${id}-`) }
      },
    ),
  ]
}

/* A function of the data stack is called `<name>-<function>`. */
function nameOf(stack: StackSession['stack']): string {
  const { functions } = outputsOf(stack, 'data', ['functions'])
  const [[key, name = ''] = ['', '']] = Object.entries(functions)
  return name.slice(0, -`-${key}`.length)
}
