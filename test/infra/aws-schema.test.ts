import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { readAwsSchema } from './provider/aws-schema.ts'

const infra = resolve(import.meta.dirname, '../../infra')
const schema = readAwsSchema()

/* What a configuration asks the provider for, as `resource aws_s3_bucket`. */
function askedFor(text: string): readonly string[] {
  return [...text.matchAll(/^(resource|data) "(aws_\w+)"/gm)].map(([, kind, type]) => `${kind} ${type}`)
}

function lacking(asked: readonly string[]): readonly string[] {
  const known = new Set([
    ...Object.keys(schema.resources).map((type) => `resource ${type}`),
    ...Object.keys(schema.dataSources).map((type) => `data ${type}`),
  ])
  return [...new Set(asked)].filter((one) => !known.has(one)).sort()
}

test('every resource and data source of the stacks has a schema; provider/NOTICE.md says where more are', () => {
  const files = readdirSync(infra, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.tf'),
  )
  const asked = files.flatMap((file) => askedFor(readFileSync(join(infra, file), 'utf8')))
  expect(new Set(asked).size).toBeGreaterThan(40)
  expect(lacking(asked)).toEqual([])
  expect(lacking(askedFor('resource "aws_s3_bucket" "a" {}\nresource "aws_wafv2_web_acl" "b" {}'))).toEqual([
    'resource aws_wafv2_web_acl',
  ])
})

test('the additions are two, and take nothing away', () => {
  const own = JSON.parse(readFileSync(join(import.meta.dirname, 'provider/aws-schema.json'), 'utf8'))
  const [resources] = Object.values<{ resource_schemas: object }>(own.provider_schemas)
  const before = Object.keys(resources?.resource_schemas ?? {})
  const added = Object.keys(schema.resources).filter((type) => !before.includes(type))
  expect(added).toEqual(['aws_budgets_budget', 'aws_kinesis_resource_policy'])
  expect(before.filter((type) => schema.resources[type] === undefined)).toEqual([])
})
