import { hash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dmsClient, glueClient, lambdaClient } from '../../aws/calls/clients.ts'
import { compareMappings } from '../../aws/dms/mapped-tables.ts'
import { readTask } from '../../aws/dms/read-task.ts'
import { settingsChange } from '../../aws/dms/settings-change.ts'
import { cdcMappings } from '../../aws/dms/table-mappings.ts'
import { cdcTaskSettings, loadTaskSettings } from '../../aws/dms/task-settings.ts'
import { planDefinitions } from '../../aws/glue/catalog-definitions.ts'
import { glueTables } from '../../aws/glue/glue-tables.ts'
import { readFunction } from '../../aws/lambda/read-function.ts'
import { openObjects } from '../../aws/open-aws.ts'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { type CheckResult, unknown, type Verdict } from '../../core/check.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, loadState } from '../../core/load/load.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { outputsOf } from '../stack.ts'
import { capturedTables } from '../status/captured-tables.ts'
import { askingRetry as retry } from '../status/pipeline-probes.ts'
import { lacking } from '../status/stack-probe.ts'
import type { StackSession } from '../status/stack-session.ts'
import type { CatalogFacts, DeployFacts, FunctionFacts, LoadFacts } from './deploy-facts.ts'

export interface DeployReading {
  readonly facts: Omit<DeployFacts, 'contracts'>
  /** What could not be read, and so is not in the plan. */
  readonly unread: readonly CheckResult[]
}

/** The folder of built functions, and when the newest of the contracts was written, epoch milliseconds. */
export interface BuiltPackages {
  readonly folder: string
  readonly contractsAt: number
}

/** Reads what is deployed, all at once; what may not be read keeps nothing else. */
export async function readDeploy(session: StackSession, packages: BuiltPackages): Promise<DeployReading> {
  const unread: CheckResult[] = []
  const part = async <T>(id: string, needs: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      unread.push({ id: `deploy.${id}`, ...said(needs, error) })
      return undefined
    }
  }
  const dms = 'dms:DescribeReplicationTasks on * (production account)'
  const [functions, catalog, cdcTask, loadTask, loads] = await Promise.all([
    part('functions', 'lambda:GetFunctionConfiguration on the functions', () =>
      functionFacts(session, packages),
    ),
    part('catalog', 'glue:GetDatabase and GetTables on the databases, s3:GetObject of catalog/', () =>
      catalogFacts(session),
    ),
    part('cdc-task', `${dms}, lambda:GetFunctionConfiguration on the function loads`, async () => {
      const { cdc_task_arn: arn } = outputsOf(session.stack, 'source', ['cdc_task_arn'])
      const client = session.source().client(dmsClient)
      const task = await readTask({ client, retry }, arn)
      const mappings = compareMappings(task.mappings, cdcMappings(await capturedTables(session)))
      return { arn, task, mappings, settings: settingsChange(task.settings, cdcTaskSettings) }
    }),
    part('load-task', dms, async () => {
      const { load_task_arn: arn } = outputsOf(session.stack, 'source', ['load_task_arn'])
      const { settings } = await readTask({ client: session.source().client(dmsClient), retry }, arn)
      return { settings: settingsChange(settings, loadTaskSettings) }
    }),
    part(
      'loads',
      's3:ListBucket and GetObject of state/loads/, lambda:GetFunctionConfiguration on the function loads',
      () => loadFacts(session),
    ),
  ])
  return { facts: { stack: session.files, functions, catalog, cdcTask, loadTask, loads }, unread }
}

/* Mappings that a person wrote by hand stop no other part; the message says what to do. */
function said(needs: string, error: unknown): Verdict {
  const verdict = lacking(needs, error)
  if (verdict.state === 'fail' || !(error instanceof PipelineError) || error.code !== 'dms/refused')
    return verdict
  return unknown(`not compared: ${error.message}`)
}

async function functionFacts(
  { stack, data }: StackSession,
  { folder, contractsAt }: BuiltPackages,
): Promise<FunctionFacts> {
  const {
    functions,
    epoch,
    mask_secret: secret,
  } = outputsOf(stack, 'data', ['functions', 'epoch', 'mask_secret'])
  const client = data().client(lambdaClient)
  const found = await Promise.all(
    Object.entries(functions).map(async ([key, name = '']) => ({
      name,
      now: await readFunction({ client, retry }, name),
      built: await digestOf(join(folder, `${key.replaceAll('_', '-')}.zip`), contractsAt),
    })),
  )
  const differing = (setting: 'epoch' | 'masking key', variable: string, wanted: string) =>
    found.flatMap(({ name, now }) => {
      const live = now?.environment[variable]
      return live === undefined || live === wanted ? [] : [{ setting, name, live, said: wanted }]
    })
  return {
    functions: found.map(({ name, now, built }) => ({ name, deployed: now?.codeSha256, built })),
    disagreements: [
      ...differing('epoch', 'TIDEMARK_EPOCH', String(epoch)),
      ...differing('masking key', 'TIDEMARK_MASK_SECRET', secret),
    ],
  }
}

/* Terraform's `filebase64sha256`, which Lambda answers with as CodeSha256. Of before the contracts is as good as not built. */
async function digestOf(path: string, contractsAt: number): Promise<string | undefined> {
  const builtAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  if (builtAt < contractsAt) return undefined
  const content = await readFile(path).catch(() => undefined)
  return content === undefined ? undefined : hash('sha256', content, 'base64')
}

async function catalogFacts({ stack, tables, data }: StackSession): Promise<CatalogFacts> {
  const of = outputsOf(stack, 'data', ['region', 'bucket', 'catalog_prefix'])
  const objects = openObjects({ ...data(), retry }, of.bucket)
  const glue = glueTables({ client: data().client(glueClient), retry })
  const root = `s3://${of.bucket}`
  const settings = { glue, prefix: of.catalog_prefix, root, objects }
  const { changes } = await planDefinitions(settings, tables.map(catalogTable))
  const prefix = of.catalog_prefix === '' ? '' : ` --prefix ${of.catalog_prefix}`
  return { changes, place: `--region ${of.region} --root ${root}${prefix}` }
}

/* A load of a table that is under way needs no other. */
async function loadFacts(session: StackSession): Promise<LoadFacts> {
  const { bucket } = outputsOf(session.stack, 'data', ['bucket'])
  const objects = openObjects({ ...session.data(), retry }, bucket)
  const loads = await new LoadDocuments(new ObjectDocuments(objects)).all()
  const known = new Set(
    loads.flatMap((load) =>
      load.tables.flatMap(({ table, state }) =>
        state === 'complete' || !isOver(loadState(load)) ? [table] : [],
      ),
    ),
  )
  return { unloaded: (await capturedTables(session)).filter((table) => !known.has(table)) }
}
