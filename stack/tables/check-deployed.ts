import * as z from 'zod'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import { domainsOf } from '../../core/contract/language/lake-table-name.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { invokeWhenFree } from '../invoke-function.ts'
import { type FunctionName, outputsOf, type Stack } from '../stack.ts'
import type { ReleasedTables } from './released-tables.ts'

/* What a row passes from its capture, and its load, to the lake. */
const passed: readonly FunctionName[] = ['format', 'land', 'land_load', 'loads']
const answer = z.object({ contracts: z.record(z.string(), z.string()) })

/**
 * Whether everything that a row will pass has the contracts: a change of a table that format does not know is in
 * quarantine, a block that land does not know is set aside. Throws `table/not-deployed`.
 */
export async function checkDeployed(
  files: string | readonly string[],
  stack: Stack,
  { system, contracts }: Pick<ReleasedTables, 'system' | 'contracts'>,
): Promise<void> {
  const { systems } = outputsOf(stack, 'data', ['systems'])
  if (!systems.includes(system))
    throw new PipelineError(
      'table/not-deployed',
      `the data stack does not read ${system}: its systems are ${systems.join(', ')}`,
    )
  const wanted = Object.entries(contractDigests(contracts))
  for (const name of passed) {
    const known = await invokeWhenFree(files, name, { contracts: true }, answer).catch((cause: unknown) => {
      if (!(cause instanceof PipelineError) || cause.code !== 'function/failed') throw cause
      throw new PipelineError(
        'table/not-deployed',
        `${cause.message}: it does not say which contracts it has`,
        {
          cause,
        },
      )
    })
    for (const [contract, digest] of wanted)
      if (known.contracts[contract] !== digest)
        throw new PipelineError(
          'table/not-deployed',
          `function ${name} has ${known.contracts[contract] === undefined ? 'no' : 'another'} ${contract}`,
        )
  }
  await checkCatalog(stack, contracts)
}

async function checkCatalog(stack: Stack, contracts: ReleasedTables['contracts']): Promise<void> {
  const { region, catalog_prefix: prefix } = outputsOf(stack, 'data', ['region', 'catalog_prefix'])
  const { glueClient } = await import('../../aws/calls/clients.ts')
  const { withAws } = await import('../../aws/open-aws.ts')
  const { listTables } = await import('../../aws/glue/glue-database.ts')
  const { stateOf } = await import('../../aws/glue/entry-parameters.ts')
  await withAws({ region }, async (aws) => {
    const { retry } = aws
    const client = aws.client(glueClient)
    const known = new Set<string>()
    for (const domain of domainsOf(contracts))
      for (const { Name = '', Parameters } of await listTables({ client, retry }, `${prefix}${domain}`)) {
        const table = stateOf(Name, Parameters)?.table
        if (table !== undefined) known.add(printTableVersion(table))
      }
    for (const name of contracts.map(printTableVersion))
      if (!known.has(name))
        throw new PipelineError('table/not-deployed', `Glue has no ${name}: tidemark catalog apply`)
  })
}
