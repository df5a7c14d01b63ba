import type { TableState } from '../../aws/dynamo/read-table-state.ts'
import { type EventSource, isSwitchedOff } from '../../aws/lambda/read-event-sources.ts'
import type { DeployedFunction } from '../../aws/lambda/read-function.ts'
import type { SecretState } from '../../aws/secrets/read-secret-state.ts'
import { ageText, plural } from '../../core/amount-text.ts'
import { type Fix, fail, ok, type Rule, shell, step, warn } from '../../core/check.ts'
import { limits, queueRules, runbook, switchOn } from '../status/pipeline-checks.ts'
import type { Measured } from '../status/status-facts.ts'

export interface FunctionsFacts {
  readonly now: number
  /** By name; undefined for one that is not there. */
  readonly functions: ReadonlyMap<string, DeployedFunction | undefined>
}

export interface EventSourcesFacts {
  /** By the name of their function. */
  readonly sources: ReadonlyMap<string, readonly EventSource[]>
}

export interface FirehoseFacts {
  readonly name: string
  /** Undefined when it is not there. */
  readonly status: string | undefined
  /** Seconds that the oldest block waits; null when nothing was delivered. */
  readonly oldestSeconds: Measured
}

export interface TablesFacts {
  /** By what they are: `raw`, `quarantine`, `ledger`. */
  readonly tables: Readonly<Record<string, { readonly name: string; readonly state: TableState | undefined }>>
}

export interface PlacesFacts {
  readonly bucket: string
  readonly isThere: boolean
}

export interface DatabasesFacts {
  /** The arguments of `tidemark catalog` for the stack. */
  readonly place: string
  readonly databases: readonly { readonly name: string; readonly isThere: boolean }[]
}

export interface WorkgroupFacts {
  readonly name: string
  readonly state: string | undefined
}

export interface SecretsFacts {
  /** By what they are: `masking key`, `source`. */
  readonly secrets: Readonly<Record<string, { readonly name: string; readonly state: SecretState }>>
}

const apply = shell('terraform -chdir=infra/stacks/data apply -var-file=data.tfvars')

export const functionRules: readonly Rule<FunctionsFacts>[] = [
  {
    id: 'stack.functions',
    title: 'each function is there, active, and its last update came through',
    evaluate: ({ now, functions }) => {
      const gone = [...functions].filter(([, one]) => one === undefined).map(([name]) => name)
      if (gone.length > 0) return fail(`not there: ${gone.join(', ')}`, apply)
      const broken = [...functions].flatMap(([name, one]) =>
        one === undefined || (one.state !== 'Failed' && one.lastUpdate !== 'Failed')
          ? []
          : [`${name}${one.reason === null ? '' : ` (${one.reason})`}`],
      )
      if (broken.length > 0) return fail(`failed: ${broken.join(', ')}`, runbook('bad-deploy.md'))
      const ages = [...functions.values()].flatMap((one) => one?.modifiedAt ?? [])
      const passing = [...functions].filter(
        ([, one]) => one?.lastUpdate === 'InProgress' || one?.state === 'Pending',
      )
      if (passing.length > 0)
        return warn(
          `being changed: ${passing.map(([name]) => name).join(', ')}`,
          step('look again in a minute'),
        )
      const newest = ages.length === 0 ? '' : `, last changed ${ageText(now - Math.max(...ages))} ago`
      return ok(`${plural(functions.size, 'function')}${newest}`)
    },
  },
]

export const eventSourceRules: readonly Rule<EventSourcesFacts>[] = [
  {
    id: 'stack.event-sources',
    title: 'each function that reads a stream or a queue is connected to it',
    evaluate: ({ sources }) => {
      const bare = [...sources].filter(([, of]) => of.length === 0).map(([name]) => name)
      if (bare.length > 0) return fail(`nothing feeds ${bare.join(', ')}`, apply)
      const all = [...sources].flatMap(([name, of]) => of.map((one) => ({ name, ...one })))
      const off = all.filter(isSwitchedOff)
      if (off.length > 0)
        return fail(
          `switched off: ${off.map(({ name }) => name).join(', ')}: what it reads is forgotten after a time`,
          ...off.map(({ id }) => switchOn(id)),
        )
      const troubled = all.filter(({ lastResult }) => lastResult.startsWith('PROBLEM'))
      if (troubled.length > 0)
        return warn(
          troubled.map(({ name, lastResult }) => `${name}: ${lastResult}`).join(', '),
          runbook('function-errors.md'),
        )
      return ok(`${plural(all.length, 'stream or queue is', 'streams and queues are')} read`)
    },
  },
]

export const firehoseRules: readonly Rule<FirehoseFacts>[] = [
  {
    id: 'stack.firehose',
    title: 'Firehose delivers',
    evaluate: ({ name, status, oldestSeconds }) => {
      if (status === undefined) return fail(`there is no delivery stream ${name}`, apply)
      if (status !== 'ACTIVE') return fail(`${name} is ${status}`, runbook('firehose.md'))
      if (oldestSeconds === null) return ok(`${name} is active, nothing to deliver in the last minutes`)
      const message = `${name} is active, its oldest block waits for ${ageText(oldestSeconds * 1_000)}`
      return oldestSeconds * 1_000 > limits.behindMs ? fail(message, runbook('firehose.md')) : ok(message)
    },
  },
]

/* What capture writes there, format has to be told of. */
const views = ['NEW_IMAGE', 'NEW_AND_OLD_IMAGES']

export const tableRules: readonly Rule<TablesFacts>[] = [
  {
    id: 'stack.dynamo-tables',
    title: 'the tables of DynamoDB are there, with the raw table’s stream and index, and items expire',
    evaluate: ({ tables }) => {
      const all = Object.entries(tables)
      const gone = all.filter(([, { state }]) => state === undefined).map(([, { name }]) => name)
      if (gone.length > 0) return fail(`not there: ${gone.join(', ')}`, apply)
      const { raw } = tables
      if (raw?.state !== undefined && !views.includes(raw.state.streamView ?? ''))
        return fail(`${raw.name} has no stream of new images: format is told of nothing`, apply)
      if (raw?.state !== undefined && !raw.state.indexes.includes('heads'))
        return fail(`${raw.name} has no index heads that can be read: no audit, and no load can begin`, apply)
      const endless = all.flatMap(([, { name, state }]) => (state?.expiresBy === 'expires' ? [] : [name]))
      if (endless.length > 0) return warn(`nothing expires in ${endless.join(', ')}`, ...endless.map(expiry))
      return ok(`${all.map(([, { name }]) => name).join(', ')}: items expire, format is told of pages`)
    },
  },
]

function expiry(name: string): Fix {
  return shell(
    `aws dynamodb update-time-to-live --table-name ${name} --time-to-live-specification Enabled=true,AttributeName=expires`,
  )
}

export const bucketRules: readonly Rule<PlacesFacts>[] = [
  {
    id: 'stack.bucket',
    title: 'the bucket of landing and lake can be reached',
    evaluate: ({ bucket, isThere }) =>
      isThere ? ok(`${bucket} can be reached`) : fail(`there is no bucket ${bucket}`, apply),
  },
]

export const databaseRules: readonly Rule<DatabasesFacts>[] = [
  {
    id: 'stack.databases',
    title: 'Glue has a database for each domain of the contracts',
    evaluate: ({ databases, place }) => {
      const gone = databases.filter(({ isThere }) => !isThere).map(({ name }) => name)
      if (gone.length === 0) return ok(databases.map(({ name }) => name).join(', '))
      return fail(`not in Glue: ${gone.join(', ')}`, shell(`npx tidemark catalog apply ${place}`))
    },
  },
]

export const workgroupRules: readonly Rule<WorkgroupFacts>[] = [
  {
    id: 'stack.workgroup',
    title: 'the workgroup of Athena takes queries',
    evaluate: ({ name, state }) =>
      state === 'ENABLED'
        ? ok(`${name} takes queries`)
        : fail(state === undefined ? `there is no workgroup ${name}` : `${name} is ${state}`, apply),
  },
]

export const secretRules: readonly Rule<SecretsFacts>[] = [
  {
    id: 'stack.secrets',
    title: 'the secrets have a value; what it is, nobody looks at',
    evaluate: ({ secrets }) => {
      const wrong = Object.entries(secrets).filter(([, { state }]) => state !== 'readable')
      if (wrong.length === 0) return ok(`${Object.keys(secrets).join(' and ')} have a value`)
      const message = wrong.map(([what, { state }]) => `${what}: ${state}`).join(', ')
      return fail(message, ...wrong.map(([what, { name, state }]) => mend(what, name, state)))
    },
  },
]

function mend(what: string, name: string, state: SecretState): Fix {
  if (state === 'deleted') return shell(`aws secretsmanager restore-secret --secret-id ${name}`)
  if (state === 'missing') return apply
  return what === 'source'
    ? step('put the address of the source there, as RDS writes it: docs/15-deploying.md')
    : step(
        'a masking key is set once and never again: docs/15-deploying.md; was there one, docs/runbooks/rotating-keys.md',
      )
}

export const doctorQueueRules = queueRules.map((rule) => ({
  ...rule,
  id: rule.id.replace('status.', 'stack.'),
}))
