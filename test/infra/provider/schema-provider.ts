import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { awsData, type Place } from './aws-answers.ts'
import { AWS_PROVIDER, type AwsSchema, type Block } from './aws-schema.ts'
import { configurationFaults, type Enums } from './configuration-faults.ts'
import { appliedValue, plannedValue } from './planned-value.ts'
import { type DynamicValue, isObject, readValue, type TerraformValue, writeValue } from './terraform-value.ts'
import { type WrittenSchema, writtenSchema } from './written-schema.ts'

/** A provider that real Terraform talks to: the schemas of AWS's, and nothing behind them. */
export interface SchemaProvider extends Disposable {
  /** What Terraform needs in its environment to find it. */
  readonly environment: Readonly<Record<string, string>>
}

/* What Terraform sends, as tfplugin5.proto names it. */
interface Call {
  readonly type_name: string
  readonly config?: DynamicValue
  readonly raw_state?: DynamicValue
  readonly current_state?: DynamicValue
  readonly prior_state?: DynamicValue
  readonly proposed_new_state?: DynamicValue
  readonly planned_state?: DynamicValue
}

const PROTOCOL = 5
const ERROR = 1

/**
 * Starts a provider for one stack: account, Region and default tags are those of the stack's `provider` block. It lives
 * in this process, behind a socket that nobody else may open, until it is disposed of.
 */
export async function startSchemaProvider(schema: AwsSchema): Promise<SchemaProvider> {
  const enums: Enums = JSON.parse(readFileSync(join(import.meta.dirname, 'enums.json'), 'utf8'))
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 })
  server.addService(serviceDefinition(), answers(schema, enums))
  const folder = mkdtempSync(join(tmpdir(), 'tm-'))
  /* A short name: the path of a socket has 104 bytes on some systems. */
  const socket = join(folder, 's')
  await new Promise<void>((done, failed) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? done() : failed(error),
    )
  })
  const reattach = {
    Protocol: 'grpc',
    ProtocolVersion: PROTOCOL,
    Pid: process.pid,
    Test: true,
    Addr: { Network: 'unix', String: socket },
  }
  return {
    environment: { TF_REATTACH_PROVIDERS: JSON.stringify({ [AWS_PROVIDER]: reattach }) },
    [Symbol.dispose]: () => {
      server.forceShutdown()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function serviceDefinition(): ServiceDefinition {
  const file = join(import.meta.dirname, 'tfplugin5.proto')
  const definition = loadSync(file, { keepCase: true, longs: Number, defaults: false, oneofs: true })
  /* The loader types every message and service of a file alike; this one is the file's service. */
  return definition['tfplugin5.Provider'] as ServiceDefinition
}

function answers(schema: AwsSchema, enums: Enums): Record<string, handleUnaryCall<Call, object>> {
  let place: Place = { account: '', region: '', tags: {} }
  const resource = ({ type_name: type }: Call) => blockOf(schema.resources, type)
  return {
    GetSchema: answer(() => schemasOf(schema)),
    PrepareProviderConfig: answer(({ config }) => ({ prepared_config: config })),
    Configure: answer(({ config }) => {
      place = placeOf(readValue(config))
      return {}
    }),
    ValidateResourceTypeConfig: answer((call) => ({
      diagnostics: configurationFaults(call.type_name, resource(call), readValue(call.config), enums).map(
        ({ summary, path }) => ({ severity: ERROR, summary, attribute: { steps: path.map(stepOf) } }),
      ),
    })),
    ValidateDataSourceConfig: answer(() => ({})),
    UpgradeResourceState: answer(({ raw_state: state }) => ({ upgraded_state: { json: state?.json } })),
    ReadResource: answer(({ current_state: state }) => ({ new_state: state })),
    PlanResourceChange: answer((call) => {
      const isNew = readValue(call.prior_state) === null
      const planned = plannedValue(resource(call), readValue(call.proposed_new_state), isNew, place)
      return { planned_state: writeValue(planned), legacy_type_system: true }
    }),
    ApplyResourceChange: answer((call) => {
      const applied = appliedValue(call.type_name, resource(call), readValue(call.planned_state), place)
      return { new_state: writeValue(applied), legacy_type_system: true }
    }),
    ReadDataSource: answer(({ type_name: type, config }) => {
      const asked = readValue(config)
      const known = awsData(type, place)
      if (known === undefined) throw new Error(`nothing answers data.${type}: see awsData`)
      return { state: writeValue({ ...(isObject(asked) ? asked : {}), ...known }) }
    }),
    Stop: answer(() => ({})),
  }
}

function answer(work: (call: Call) => object): handleUnaryCall<Call, object> {
  return ({ request }, done) => {
    try {
      done(null, work(request))
    } catch (error) {
      done({ code: status.INTERNAL, details: error instanceof Error ? error.message : String(error) })
    }
  }
}

function blockOf(blocks: Readonly<Record<string, Block>>, type: string): Block {
  const block = blocks[type]
  if (block === undefined) throw new Error(`no schema of ${type}: see NOTICE.md`)
  return block
}

function placeOf(config: TerraformValue): Place {
  if (!isObject(config)) throw new Error('the provider has no configuration')
  const { allowed_account_ids: accounts, region, default_tags: defaults } = config
  const [first] = Array.isArray(defaults) ? defaults : []
  const given = isObject(first) && isObject(first['tags']) ? first['tags'] : {}
  const tags = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]))
  return { account: String(Array.isArray(accounts) ? accounts[0] : ''), region: String(region), tags }
}

function stepOf(step: string | number) {
  return typeof step === 'number' ? { element_key_int: step } : { attribute_name: step }
}

function schemasOf({ provider, resources, dataSources }: AwsSchema) {
  const all = (blocks: Readonly<Record<string, Block>>): Readonly<Record<string, WrittenSchema>> =>
    Object.fromEntries(Object.entries(blocks).map(([type, block]) => [type, writtenSchema(block)]))
  return {
    provider: writtenSchema(provider),
    resource_schemas: all(resources),
    data_source_schemas: all(dataSources),
  }
}
