import { expect, test } from 'vitest'
import * as z from 'zod'
import { functionSettings } from '../../handlers/runtime/function-settings.ts'
import { readSettings } from '../../handlers/runtime/read-settings.ts'
import { functionNames } from './calls/aws-calls.ts'
import { Draft } from './rules/draft.ts'
import { ofType } from './rules/rule.ts'
import { at, numberAt, textAt } from './rules/values.ts'
import type { Resource } from './stack.ts'

type Environment = Readonly<Record<string, string>>

/* What a variable names: of these types one that has it as this argument. */
const NAMED: Readonly<Record<string, readonly [type: string, argument: string, which: RegExp]>> = {
  TIDEMARK_RAW_TABLE: ['aws_dynamodb_table', 'name', /-raw$/],
  TIDEMARK_QUARANTINE_TABLE: ['aws_dynamodb_table', 'name', /-quarantine$/],
  TIDEMARK_LEDGER_TABLE: ['aws_dynamodb_table', 'name', /-ledger$/],
  TIDEMARK_BUCKET: ['aws_s3_bucket', 'bucket', /-lake$/],
  TIDEMARK_STREAM: ['aws_kinesis_firehose_delivery_stream', 'name', /./],
  TIDEMARK_MASK_SECRET: ['aws_secretsmanager_secret', 'arn', /./],
  TIDEMARK_LOAD_TASK: ['aws_dms_replication_task', 'replication_task_arn', /./],
  TIDEMARK_LOAD_ENDPOINT: ['aws_dms_s3_endpoint', 'endpoint_arn', /./],
  TIDEMARK_SOURCE_ROLE: ['aws_iam_role', 'arn', /-loads-operator$/],
}

/** Each function is given what its settings read, and nothing that they do not. */
export function checkEnvironments(applied: () => Promise<readonly Resource[]>) {
  test.each(functionNames)('%s is given what its settings read, and names what is there', async (name) => {
    const resources = await applied()
    const lambda = lambdaOf(name, resources)
    expect(settingsFaults(settingsOf(name), environmentOf(lambda))).toEqual([])
    expect(namingFaults(environmentOf(lambda), lambda, resources)).toEqual([])
  })

  test.each(functionNames)('%s: a variable less, misnamed, too much or wrong is noticed', async (name) => {
    const resources = await applied()
    const shape = settingsOf(name)
    const given = environmentOf(lambdaOf(name, resources))
    for (const variable of Object.keys(given).filter((one) => one.startsWith('TIDEMARK_'))) {
      const { [variable]: value = '', ...rest } = given
      expect(settingsFaults(shape, { ...rest, [`${variable}S`]: value })).toContain(
        `${variable}S is not read`,
      )
      if (shape.shape[variable]?.safeParse(undefined).success === false)
        expect(settingsFaults(shape, rest).join(), variable).toContain(`${variable} is missing`)
    }
    expect(settingsFaults(shape, { ...given, TIDEMARK_MODE: 'fast' })).toEqual(['TIDEMARK_MODE is not read'])
    for (const variable of Object.keys(NAMED).filter((one) => given[one] !== undefined)) {
      const draft = new Draft(resources)
      draft.set(lambdaOf(name, draft.resources), `environment.0.variables.${variable}`, 'another')
      const lambda = lambdaOf(name, draft.resources)
      expect(namingFaults(environmentOf(lambda), lambda, draft.resources)).toHaveLength(1)
    }
  })
}

function settingsOf(name: string): z.ZodObject {
  const shape: unknown = Object.entries(functionSettings).find(([known]) => known === name)?.[1]
  if (!(shape instanceof z.ZodObject)) throw new Error(`there are no settings of ${name}`)
  return shape
}

function settingsFaults(shape: z.ZodObject, environment: Environment): readonly string[] {
  const unread = Object.keys(environment).filter(
    (name) => name.startsWith('TIDEMARK_') && !(name in shape.shape),
  )
  return [...refusalOf(shape, environment), ...unread.map((name) => `${name} is not read`)]
}

function refusalOf(shape: z.ZodObject, environment: Environment): readonly string[] {
  try {
    readSettings(shape, environment)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

function namingFaults(
  environment: Environment,
  lambda: Resource,
  resources: readonly Resource[],
): readonly string[] {
  const scratch = environment['TIDEMARK_SCRATCH_MIB']
  const size = numberAt(lambda.values, 'ephemeral_storage.0.size')
  return [
    ...Object.entries(NAMED).flatMap(([variable, [type, argument, which]]) => {
      const value = environment[variable]
      const isThere = ofType(resources, type).some(({ values }) => values[argument] === value)
      return value === undefined || (isThere && which.test(value))
        ? []
        : `${variable} is ${value}, which is not there`
    }),
    ...(scratch === undefined || scratch === String(size) ? [] : [`TIDEMARK_SCRATCH_MIB is not ${size}`]),
  ]
}

/* With what Lambda adds by itself. */
function environmentOf({ values }: Resource): Environment {
  const said = Object.entries(Object(at(values, 'environment.0.variables')))
  return {
    ...Object.fromEntries(said.map(([name, value]) => [name, String(value)])),
    AWS_REGION: 'eu-west-1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(numberAt(values, 'memory_size')),
  }
}

function lambdaOf<R extends Resource>(name: string, resources: readonly R[]): R {
  const found = resources.find(
    ({ type, values }) =>
      type === 'aws_lambda_function' && textAt(values, 'function_name') === `tidemark-${name}`,
  )
  if (found === undefined) throw new Error(`no function for handlers/${name}`)
  return found
}
