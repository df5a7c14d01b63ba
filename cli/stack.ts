import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import * as z from 'zod'
import { PipelineError } from '../core/failures.ts'

const text = z.string().min(1)
const functions = z.object({
  capture: text,
  capture_service: text,
  format: text,
  land: text,
  land_load: text,
  loads: text,
  compact: text,
  reconcile: text,
})
const data = z.object({
  region: text,
  bucket: text,
  catalog_prefix: z.string(),
  raw_table: text,
  quarantine_table: text,
  ledger_table: text,
  firehose_stream: text,
  mask_secret: text,
  source_secret: text,
  athena_workgroup: text,
  epoch: z.coerce.number().int(),
  systems: z.array(text),
  functions: functions.partial(),
  queues: z.object({ land: text, land_dead: text, land_load: text, land_load_dead: text }).partial(),
})
const source = z.object({
  region: text,
  stream_name: text,
  stream_arn: text,
  cdc_task_arn: text,
  load_task_arn: text,
  load_endpoint_arn: text,
  source_endpoint_arn: text,
  replication_instance_arn: text,
  slot_name: text,
  source_role_arn: text,
})
const outputs = z.object({
  tidemark_data: z.object({ value: data.partial() }).optional(),
  tidemark_source: z.object({ value: source.partial() }).optional(),
})

export type FunctionName = keyof z.infer<typeof functions>

/** What is deployed: the outputs of the stacks of the data account and of the production account. */
export interface Stack {
  readonly data: Partial<z.infer<typeof data>>
  readonly source: Partial<z.infer<typeof source>>
}

/** `--stack`, or TIDEMARK_STACK: files of `terraform output -json`, with commas between them. */
export function stackOption(): Option {
  return new Option('--stack <file...>', 'on AWS: files of `terraform output -json` of the stacks').env(
    'TIDEMARK_STACK',
  )
}

/** Reads the outputs of stacks. Throws `usage/invalid` for a file that has none of ours. */
export async function readStack(files: string | readonly string[]): Promise<Stack> {
  const stack = { data: {}, source: {} }
  for (const file of [files].flat().flatMap((names) => names.split(','))) {
    const found = outputs.safeParse(await jsonOf(file))
    if (!found.success || Object.keys(found.data).length === 0)
      throw new PipelineError('usage/invalid', `--stack ${file}: no outputs of a stack of Tidemark`)
    Object.assign(stack.data, found.data.tidemark_data?.value)
    Object.assign(stack.source, found.data.tidemark_source?.value)
  }
  return stack
}

/** Region and name of a function. Throws `usage/invalid` for stacks that do not say. */
export function functionOf(
  { data: { region, functions: names } }: Stack,
  name: FunctionName,
): { readonly region: string; readonly name: string } {
  const found = names?.[name]
  if (region === undefined || found === undefined)
    throw new PipelineError('usage/invalid', `--stack: no tidemark_data with a function ${name}`)
  return { region, name: found }
}

async function jsonOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new PipelineError('usage/invalid', `--stack ${file}: no readable JSON`, { cause })
  }
}
