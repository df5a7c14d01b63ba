import { expect, test } from 'vitest'
import { type CodeOfFunction, codeOfFunction, functionNames } from './calls/aws-calls.ts'
import { permissionFaults } from './calls/permission-faults.ts'
import { Draft, type JsonObject } from './rules/draft.ts'
import { ofType } from './rules/rule.ts'
import { textAt } from './rules/values.ts'
import type { Resource } from './stack.ts'

const EXPORTS = 'arn:aws:s3:::example-tidemark-lake/exports/*'
const RAW = 'arn:aws:dynamodb:eu-west-1:222222222222:table/tidemark-raw'

/* Calls that the code seems to make, for another object has a method of that name; each with whose it is. */
const NAMESAKES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  audit: {
    's3:DeleteObject lake': 'delete of maps: the audit deletes nothing',
    's3:GetObject lake': 'get of maps: the audit lists objects and reads none',
  },
  format: {
    'dynamodb:BatchWriteItem raw': 'put of the quarantine and the ledger',
  },
  land: { 'dynamodb:Query quarantine': 'list of columns in contracts' },
  'land-load': {
    'dynamodb:BatchWriteItem raw': 'put of objects and of the quarantine',
    'dynamodb:Query quarantine': 'list of columns in contracts',
    'dynamodb:UpdateItem quarantine': 'release of the lease',
    'glue:CreateTable': 'create of DuckDB',
    'glue:DeleteTable': 'delete of objects',
  },
  loads: {
    'dynamodb:BatchWriteItem raw': 'put of objects',
    'glue:DeleteTable': 'delete of objects',
  },
  reconcile: {
    'dynamodb:UpdateItem quarantine': 'release of the copied lake',
    's3:DeleteObject lake': 'delete of maps and of rendered rows',
  },
}

/** Each role allows what the code of its function calls, and nothing more than AWS needs beside. */
export function checkPermissions(applied: () => Promise<readonly Resource[]>) {
  const read = new Map<string, Promise<CodeOfFunction>>()
  const whole = (name: string): Promise<CodeOfFunction> => {
    const code = read.get(name) ?? codeOfFunction(name)
    read.set(name, code)
    return code
  }
  const codeFor = async (name: string): Promise<CodeOfFunction> => {
    const { calls, objects } = await whole(name)
    const namesakes = Object.keys(NAMESAKES[name] ?? {})
    return { objects, calls: new Set([...calls].filter((call) => !namesakes.includes(call))) }
  }
  const faults = async (name: string, resources: readonly Resource[]) =>
    permissionFaults(lambdaOf(name, resources), await codeFor(name), resources)

  test.each(functionNames)('%s may do what its code calls, and no more', async (name) => {
    expect(await faults(name, await applied())).toEqual([])
  })

  test.each(functionNames)('%s: a permission less and a permission more are noticed', async (name) => {
    const resources = await applied()
    const { calls, objects } = await codeFor(name)
    for (const call of calls) {
      const draft = new Draft(resources)
      const [action = ''] = call.split(' ')
      for (const policy of policiesOf(name, draft))
        draft.statements(policy, (statements) => {
          for (const one of statements) one['Action'] = without(one['Action'], action)
        })
      expect(await faults(name, draft.resources), call).toContain(`${call} is called and refused`)
    }
    for (const { action, prefix } of objects) {
      const draft = new Draft(resources)
      for (const policy of policiesOf(name, draft))
        draft.statements(policy, (statements) => {
          for (const one of statements)
            one['Resource'] = textsOf(one['Resource']).filter((arn) => !isOfKeys(arn, prefix))
        })
      expect(await faults(name, draft.resources)).toContain(`${action} of ${prefix} is called and refused`)
    }
    const wider = new Draft(resources)
    for (const policy of policiesOf(name, wider).slice(0, 1))
      wider.statements(policy, (statements) =>
        statements.push(
          { Effect: 'Allow', Action: 'dynamodb:Scan', Resource: RAW },
          { Effect: 'Allow', Action: 's3:GetObject', Resource: EXPORTS },
        ),
      )
    expect(await faults(name, wider.resources)).toEqual([
      `dynamodb:Scan on ${RAW} is allowed and not needed`,
      `s3:GetObject on ${EXPORTS} is allowed and not needed`,
    ])
  })

  test('no namesake is kept that is none any more', async () => {
    for (const [name, namesakes] of Object.entries(NAMESAKES)) {
      const { calls } = await whole(name)
      expect(Object.keys(namesakes).filter((call) => !calls.has(call))).toEqual([])
    }
  })
}

function lambdaOf(name: string, resources: readonly Resource[]): Resource {
  const found = ofType(resources, 'aws_lambda_function').find(({ values }) =>
    textAt(values, 'function_name').endsWith(`tidemark-${name}`),
  )
  if (found === undefined) throw new Error(`no function for handlers/${name}`)
  return found
}

/* Those of the function's own role, and of the one that `loads` takes in the other account. */
function policiesOf(name: string, draft: Draft) {
  const own = draft.one('aws_iam_role_policy', `module.functions["${name}"]`)
  return name === 'loads' ? [own, draft.one('aws_iam_role_policy', 'operator')] : [own]
}

function without(actions: JsonObject[string] | undefined, action: string): string[] {
  return textsOf(actions).filter((one) => one !== action)
}

function textsOf(value: JsonObject[string] | undefined): readonly string[] {
  return [value ?? []].flat().map(String)
}

/* Whether a permission is about keys that begin so: `…:::lake/catalog/*` is about `catalog/base/`. */
function isOfKeys(arn: string, prefix: string): boolean {
  const keys = arn.slice(arn.indexOf('/') + 1).replace(/\*$/, '')
  return arn.startsWith('arn:aws:s3:::') && arn.includes('/') && prefix.startsWith(keys)
}
