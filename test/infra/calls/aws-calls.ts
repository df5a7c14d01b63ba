import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { type ObjectUse, objectUses } from './object-uses.ts'
import { programUnits } from './program-units.ts'
import { type ReachableImports, reachableImports, reachedUnits } from './reachable-imports.ts'

const root = resolve(import.meta.dirname, '../../..')

/** What a function asks AWS for: IAM actions, with the table, `dynamodb:Query raw`, or the bucket, `s3:GetObject lake`. */
export type AwsCalls = ReadonlySet<string>

/* Before the action, by the client's package. */
const SERVICES: Readonly<Record<string, string>> = {
  '@aws-sdk/client-athena': 'athena',
  '@aws-sdk/client-database-migration-service': 'dms',
  '@aws-sdk/client-dynamodb': 'dynamodb',
  '@aws-sdk/client-firehose': 'firehose',
  '@aws-sdk/client-glue': 'glue',
  '@aws-sdk/client-lambda': 'lambda',
  '@aws-sdk/client-s3': 's3',
  '@aws-sdk/client-secrets-manager': 'secretsmanager',
  '@aws-sdk/client-sqs': 'sqs',
}

/* Where the action is not called after the request. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'lambda:Invoke': ['lambda:InvokeFunction'],
  's3:CopyObject': ['s3:GetObject', 's3:PutObject'],
  's3:DeleteObjects': ['s3:DeleteObject'],
  's3:HeadObject': ['s3:GetObject'],
  's3:ListObjectsV2': ['s3:ListBucket'],
}

/* What is no request and makes some. */
const HELPERS: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk/lib-storage Upload': ['s3:AbortMultipartUpload', 's3:PutObject'],
  '@aws-sdk/credential-providers fromTemporaryCredentials': ['sts:AssumeRole'],
}

/* The class that has the requests to DynamoDB; which of them a function makes, and of which table, say its callers. */
const ITEMS = 'DynamoItems'

/* What a table of items is asked for, as IAM calls it. */
const ITEM_CALLS: Readonly<Record<string, string>> = {
  'table.changeIf': 'dynamodb:UpdateItem',
  'table.deleteIf': 'dynamodb:DeleteItem',
  'table.get': 'dynamodb:GetItem',
  'table.putIf': 'dynamodb:PutItem',
  'table.range': 'dynamodb:Query',
  'table.write': 'dynamodb:BatchWriteItem',
  'table.writeSpread': 'dynamodb:BatchWriteItem',
}

/** The table of each class that asks for items. */
const TABLES: Readonly<Record<string, string>> = {
  ItemAuditMarks: 'ledger',
  ItemLedger: 'ledger',
  ItemQuarantine: 'quarantine',
  ItemRawStore: 'raw',
  Lease: 'ledger',
  LedgerReader: 'ledger',
}

/** The functions of handlers/. */
export const functionNames: readonly string[] = readdirSync(join(root, 'handlers')).filter((name) =>
  existsSync(join(root, 'handlers', name, 'handler.ts')),
)

/** What the code of a function does on AWS. */
export interface CodeOfFunction {
  readonly calls: AwsCalls
  /** Objects of the lake's bucket that it reads, writes and deletes. */
  readonly objects: readonly ObjectUse[]
}

/** Reads the bundle of a function. */
export async function codeOfFunction(name: string): Promise<CodeOfFunction> {
  const built = await build({
    entryPoints: [join(root, 'handlers', name, 'handler.ts')],
    bundle: true,
    write: false,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'es2023',
    logLevel: 'error',
  })
  return codeOf(built.outputFiles[0]?.text ?? '')
}

export function codeOf(text: string): CodeOfFunction {
  const program = programUnits(text)
  const reached = reachedUnits(program)
  return { calls: callsOf(reachableImports(program, reached)), objects: objectUses(reached) }
}

/**
 * The calls that imports of AWS's SDK stand for. Throws for a client or a class that is in no table here, and for a request
 * to DynamoDB that no table of items makes.
 */
function callsOf({ all, byClass, sendsByClass }: ReachableImports): AwsCalls {
  const isOfDynamo = (action: string) => action.startsWith('dynamodb:')
  const calls = [...all]
    .flatMap(actionsOf)
    .filter((action) => !isOfDynamo(action))
    /* Functions have one bucket, TIDEMARK_BUCKET. */
    .map((action) => (action.startsWith('s3:') ? `${action} lake` : action))
  const items = [...sendsByClass].flatMap(([name, sends]) =>
    [...sends].flatMap((send) => {
      const action = ITEM_CALLS[send]
      if (action === undefined) return []
      const table = TABLES[name]
      if (table === undefined)
        throw new Error(`of which table does ${name} ask for ${send}? Say it in TABLES`)
      return `${action} ${table}`
    }),
  )
  const known = new Set([...(byClass.get(ITEMS) ?? [])].flatMap(actionsOf))
  const lost = [...all].flatMap(actionsOf).filter((action) => isOfDynamo(action) && !known.has(action))
  if (lost.length > 0) throw new Error(`${lost} is asked for outside of ${ITEMS}`)
  return new Set([...calls, ...items])
}

function actionsOf(imported: string): readonly string[] {
  const helped = HELPERS[imported]
  if (helped !== undefined) return helped
  const [, client = '', request = ''] = /^(\S+) (\w+)Command$/.exec(imported) ?? []
  if (!client.startsWith('@aws-sdk/')) return []
  const service = SERVICES[client]
  if (service === undefined) throw new Error(`what does IAM call ${client}? Say it in SERVICES`)
  const action = `${service}:${request}`
  return ACTIONS[action] ?? [action]
}
