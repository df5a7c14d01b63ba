import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { readAwsSchema } from './provider/aws-schema.ts'
import { startSchemaProvider } from './provider/schema-provider.ts'
import { hasTerraform, runTerraform, terraform } from './terraform.ts'

const infra = resolve(import.meta.dirname, '../../infra')

const SOURCE = `
  terraform {
    required_providers {
      aws = { source = "hashicorp/aws" }
    }
  }
  provider "aws" {
    region              = "eu-west-1"
    allowed_account_ids = ["111111111111"]
  }
  variable "cdc" {
    type    = object({ start_position = optional(string), run = optional(bool, false) })
    default = {}
  }
  module "source" {
    source     = "../modules/source"
    name       = "tidemark"
    key_arn    = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-4000-8000-000000000001"
    generated  = "../generated"
    system     = "workforce-postgres"
    instance   = {}
    cdc        = var.cdc
    stream_arn = "arn:aws:kinesis:eu-west-1:111111111111:stream/tidemark-changes"
    network    = { vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"], source_group_id = "sg-1" }
    database = {
      name            = "workforce"
      secret_arn      = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:tidemark/source-AbCdEf"
      authorities_pem = "-----BEGIN CERTIFICATE-----"
    }
    loads = {
      bucket  = "example-lake"
      account = "222222222222"
      key_arn = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-4000-8000-000000000002"
    }
    operator = {
      account_root = "arn:aws:iam::222222222222:root"
      role_arn     = "arn:aws:iam::222222222222:role/tidemark-loads"
    }
  }
`

/* DMS marks where a task begins when it is made; Terraform's provider starts it without saying so again. */
test.runIf(hasTerraform())(
  'a CDC task never begins at another position than the one that is written',
  async () => {
    const folder = await tempFolder()
    for (const part of ['modules', 'generated'])
      cpSync(join(infra, part), join(folder, part), { recursive: true })
    const root = join(folder, 'root')
    mkdirSync(root)
    writeFileSync(join(root, 'main.tf'), SOURCE)
    using provider = await startSchemaProvider(readAwsSchema())
    const { environment } = provider
    const at = (position: string, run = true) =>
      `-var=cdc=${JSON.stringify({ start_position: position, run })}`
    const run = (...args: readonly string[]) => terraform(root, args, environment)
    await run('init', '-no-color')
    await run('apply', '-no-color', '-auto-approve')

    const { code, stderr } = await runTerraform(root, ['plan', '-no-color', at('0/1A2B3C8')], environment)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('postcondition failed') })
    expect(stderr).toContain('lost-slot.md')

    /* Here nobody can delete it but from the state. */
    await run('state', 'rm', 'module.source.aws_dms_replication_task.cdc')
    const anew = await run('apply', '-no-color', '-auto-approve', at('0/1A2B3C8', false))
    expect(anew).toMatch(
      /aws_dms_replication_task.cdc will be created[\s\S]*cdc_start_position\s+= "0\/1A2B3C8"/,
    )
    const start = await run('plan', '-no-color', at('0/1A2B3C8'))
    expect(start).toContain('Plan: 0 to add, 1 to change, 0 to destroy.')
    expect((await runTerraform(root, ['plan', '-no-color', at('0/2000000')], environment)).code).toBe(1)
  },
  60_000,
)
