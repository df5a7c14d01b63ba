import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A type of Terraform as its protocol writes it: `["list", "string"]`. */
export type TypeExpression =
  | 'string'
  | 'number'
  | 'bool'
  | readonly ['list' | 'set' | 'map', TypeExpression]
  | readonly ['object', Readonly<Record<string, TypeExpression>>]

export interface Attribute {
  readonly type: TypeExpression
  readonly required?: boolean
  readonly optional?: boolean
  readonly computed?: boolean
}

export interface NestedBlock {
  readonly nesting_mode: 'single' | 'list' | 'set' | 'map'
  readonly block: Block
  readonly min_items?: number
  readonly max_items?: number
  readonly computed?: boolean
  /** An attribute that is a list of objects, which a configuration may write as blocks. */
  readonly attr_as_block?: boolean
}

export interface Block {
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly blocks: Readonly<Record<string, NestedBlock>>
}

/** What the AWS provider takes and gives, without what it does. */
export interface AwsSchema {
  readonly provider: Block
  readonly resources: Readonly<Record<string, Block>>
  readonly dataSources: Readonly<Record<string, Block>>
}

/* As in the files: either part of a block may be left out. */
interface WrittenBlock {
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly block_types?: Readonly<Record<string, NestedBlock & { readonly block: WrittenBlock }>>
}

interface WrittenSchemas {
  readonly provider?: { readonly block: WrittenBlock }
  readonly resource_schemas?: Readonly<Record<string, { readonly block: WrittenBlock }>>
  readonly data_source_schemas?: Readonly<Record<string, { readonly block: WrittenBlock }>>
}

/** The address that `hashicorp/aws` has in Terraform. */
export const AWS_PROVIDER = 'registry.terraform.io/hashicorp/aws'

/** The schemas of `aws-schema.json` and of its additions. */
export function readAwsSchema(): AwsSchema {
  const own = read('aws-schema.json')
  const added = read('aws-schema-additions.json')
  return {
    provider: blockOf(own.provider?.block ?? {}),
    resources: blocksOf({ ...own.resource_schemas, ...added.resource_schemas }),
    dataSources: blocksOf({ ...own.data_source_schemas, ...added.data_source_schemas }),
  }
}

function read(file: string): WrittenSchemas {
  const { provider_schemas: schemas } = JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8'))
  return schemas[AWS_PROVIDER]
}

function blocksOf(schemas: Readonly<Record<string, { readonly block: WrittenBlock }>>) {
  return Object.fromEntries(Object.entries(schemas).map(([name, { block }]) => [name, blockOf(block)]))
}

function blockOf({ attributes = {}, block_types = {} }: WrittenBlock): Block {
  const all = { ...attributes }
  const blocks: Record<string, NestedBlock> = {}
  for (const [name, written] of Object.entries(block_types)) {
    const nested = { ...written, block: blockOf(written.block) }
    if (written.attr_as_block === true) all[name] = listAttribute(nested)
    else blocks[name] = nested
  }
  return { attributes: all, blocks }
}

function listAttribute(nested: NestedBlock): Attribute {
  const isRequired = (nested.min_items ?? 0) > 0
  const kind = nested.nesting_mode === 'set' ? 'set' : 'list'
  return {
    type: [kind, objectOf(nested.block)],
    required: isRequired,
    optional: !isRequired,
    computed: nested.computed === true,
  }
}

function objectOf({ attributes, blocks }: Block): TypeExpression {
  const fields: Record<string, TypeExpression> = {}
  for (const [name, { type }] of Object.entries(attributes)) fields[name] = type
  for (const [name, { nesting_mode: mode, block }] of Object.entries(blocks))
    fields[name] = mode === 'single' ? objectOf(block) : [mode, objectOf(block)]
  return ['object', fields]
}
