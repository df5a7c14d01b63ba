import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import * as z from 'zod'
import { PipelineError } from '../core/failures/failures.ts'

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
  audit: text,
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
  stream_endpoint_arn: text,
  replication_instance_arn: text,
  slot_name: text,
  source_role_arn: text,
})
/* `terraform output -json` wraps a value; `terraform output -json tidemark_data` in an object of one's own does not. */
const output = <T extends z.ZodObject>(shape: T) =>
  z.preprocess((given) => wrapped.safeParse(given).data?.value ?? given, shape)
const wrapped = z.object({ value: z.unknown() })
const outputs = z.object({
  tidemark_data: output(data.partial()).optional(),
  tidemark_source: output(source.partial()).optional(),
})

export type FunctionName = keyof z.infer<typeof functions>

/** What is deployed: the outputs of the stacks of the data account and of the production account. */
export interface Stack {
  readonly data: Partial<z.infer<typeof data>>
  readonly source: Partial<z.infer<typeof source>>
}

/** `--stack`, or TIDEMARK_STACK: files of `terraform output -json`, with commas between them. */
export function stackOption(): Option {
  return new Option(
    '--stack <file...>',
    'operate on an AWS deployment: `terraform output -json` files of the stacks',
  ).env('TIDEMARK_STACK')
}

/** Reads the outputs of stacks. Throws `stack/unreadable` for a file that has none of ours. */
export async function readStack(files: string | readonly string[]): Promise<Stack> {
  const stack = { data: {}, source: {} }
  for (const file of [files].flat().flatMap((names) => names.split(','))) {
    const found = outputs.safeParse(await jsonOf(file))
    if (!found.success) {
      const places = found.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
      throw new PipelineError('stack/unreadable', `${file}: ${places.join('; ')}`)
    }
    if (Object.keys(found.data).length === 0)
      throw new PipelineError('stack/unreadable', `${file} has neither tidemark_data nor tidemark_source`)
    Object.assign(stack.data, found.data.tidemark_data)
    Object.assign(stack.source, found.data.tidemark_source)
  }
  return stack
}

type Part = keyof Stack
type Chosen<P extends Part, K extends keyof Stack[P]> = { readonly [N in K]-?: NonNullable<Stack[P][N]> }

/** The named outputs of one stack, each there. Throws `stack/incomplete` with the names of those that are not. */
export function outputsOf<P extends Part, K extends keyof Stack[P] & string>(
  stack: Stack,
  part: P,
  names: readonly K[],
): Chosen<P, K> {
  const missing = names.filter((name) => stack[part][name] === undefined)
  if (missing.length > 0)
    throw new PipelineError('stack/incomplete', `tidemark_${part} has no ${missing.join(', no ')}`)
  /* Every name that the type promises was just looked up. */
  return stack[part] as Chosen<P, K>
}

/** Region and name of a function. Throws `stack/incomplete` for stacks that do not say. */
export function functionOf(
  stack: Stack,
  name: FunctionName,
): { readonly region: string; readonly name: string } {
  const { region, functions: names } = outputsOf(stack, 'data', ['region', 'functions'])
  const found = names[name]
  if (found === undefined)
    throw new PipelineError('stack/incomplete', `tidemark_data.functions has no ${name}`)
  return { region, name: found }
}

async function jsonOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new PipelineError('stack/unreadable', `${file}: no readable JSON`, { cause })
  }
}
