import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAwsSchema } from './provider/aws-schema.ts'
import { type SchemaProvider, startSchemaProvider } from './provider/schema-provider.ts'
import { runTerraform, terraform } from './terraform.ts'

const HEAD = `
  terraform {
    required_providers {
      aws = { source = "hashicorp/aws" }
    }
  }
  provider "aws" {
    region              = "eu-west-1"
    allowed_account_ids = ["111111111111"]
  }`

const REFUSED = `
  resource "aws_dms_endpoint" "enum" {
    endpoint_id   = "source"
    endpoint_type = "source"
    engine_name   = "postgres"
    ssl_mode      = "full"
  }
  resource "aws_s3_bucket" "unknown_argument" {
    bucket = "lake"
    colour = "blue"
  }
  resource "aws_sns_topic" "answer_of_aws" {
    name = "notices"
    arn  = "arn:aws:sns:eu-west-1:111111111111:notices"
  }
  resource "aws_sqs_queue_policy" "lacking_argument" {
    queue_url = "https://sqs.eu-west-1.amazonaws.com/111111111111/land"
  }
  resource "aws_kinesis_stream" "second_block" {
    name = "changes"
    stream_mode_details { stream_mode = "ON_DEMAND" }
    stream_mode_details { stream_mode = "ON_DEMAND" }
  }`

const UNSETTLED = `
  resource "aws_cloudwatch_event_rule" "layout" {
    name          = "layout"
    event_pattern = "{ \\"source\\": [\\"aws.dms\\"] }"
  }
  resource "aws_cloudwatch_event_rule" "canonical" {
    name          = "canonical"
    event_pattern = jsonencode({ source = ["aws.dms"], detail = { a = "<b>" } })
  }`

const UNKNOWN = `
  resource "aws_sqs_queue" "dead" {
    name = "dead"
  }
  resource "aws_sqs_queue" "each" {
    for_each = toset([aws_sqs_queue.dead.arn])
    name     = each.value
  }`

/** What the provider of these tests sees, and would not see if it let everything through. */
export function checkProvider() {
  let provider: SchemaProvider
  const root = mkdtempSync(join(tmpdir(), 'tidemark-provider-test-'))
  beforeAll(async () => {
    provider = await startSchemaProvider(readAwsSchema())
  })
  afterAll(() => {
    provider[Symbol.dispose]()
    rmSync(root, { recursive: true, force: true })
  })
  const configuration = async (name: string, text: string) => {
    const folder = join(root, name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'main.tf'), HEAD + text)
    await terraform(folder, ['init'], provider.environment)
    return folder
  }

  test('refuses arguments that AWS does not have, values that it does not take, and blocks too many', async () => {
    const folder = await configuration('refused', REFUSED)
    const { stdout } = await runTerraform(folder, ['validate', '-json'], provider.environment)
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { summary: string }[] }
    expect(diagnostics.map(({ summary }) => summary).sort()).toEqual([
      'Missing required argument',
      'Too many stream_mode_details blocks',
      'Unsupported argument',
      'aws_dms_endpoint.ssl_mode is "full", not one of none, require, verify-ca, verify-full',
      "aws_sns_topic.arn is AWS's to say",
    ])
  })

  test('does not know before an apply what AWS answers', async () => {
    const folder = await configuration('unknown', UNKNOWN)
    const { code, stderr } = await runTerraform(folder, ['plan', '-no-color'], provider.environment)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Invalid for_each argument'),
    })
  })

  test('sees that JSON in a layout of its own is never settled', async () => {
    const folder = await configuration('unsettled', UNSETTLED)
    await terraform(folder, ['apply', '-auto-approve'], provider.environment)
    const { code, stdout } = await runTerraform(
      folder,
      ['plan', '-no-color', '-detailed-exitcode'],
      provider.environment,
    )
    expect({ code, changed: stdout.match(/^ {2}# \S+ will be .*$/gm) }).toEqual({
      code: 2,
      changed: ['  # aws_cloudwatch_event_rule.layout will be updated in-place'],
    })
  })
}
