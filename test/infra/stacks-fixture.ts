import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { keptResources } from './kept-resources.ts'
import { readAwsSchema } from './provider/aws-schema.ts'
import { type SchemaProvider, startSchemaProvider } from './provider/schema-provider.ts'
import { type Resource, resourcesOf, type StackName } from './stack.ts'
import { runTerraform, type TerraformRun, terraform } from './terraform.ts'

const infra = resolve(import.meta.dirname, '../../infra')

/** Both stacks, taken as far as Terraform goes without AWS. Each part can be awaited by itself. */
export interface StacksFixture {
  readonly format: Promise<TerraformRun>
  readonly validations: Readonly<Record<StackName, Promise<TerraformRun>>>
  /** `terraform test` of a stack. */
  readonly tests: Readonly<Record<StackName, Promise<TerraformRun>>>
  /** What stands after a first apply with the example's variables. */
  readonly resources: Readonly<Record<StackName, Promise<readonly Resource[]>>>
  /** A plan after that apply; ends with 0 when there is nothing to do, with 2 when there is. */
  readonly secondPlans: Readonly<Record<StackName, Promise<TerraformRun>>>
  close(): Promise<void>
}

/**
 * Copies infra/ into a scratch folder, where nothing of the developer's is, and goes the way of docs/15 there: production
 * with its example, its outputs as the file that the data stack reads, data with its example.
 */
export async function openStacksFixture(): Promise<StacksFixture> {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-infra-'))
  const schema = readAwsSchema()
  const providers = {
    production: await startSchemaProvider(schema),
    data: await startSchemaProvider(schema),
  }
  cpSync(infra, join(root, 'infra'), { recursive: true, filter: isOfTheRepository })
  const folders = { production: stackFolder(root, 'production'), data: stackFolder(root, 'data') }
  /* What a person brings: Amazon's authorities, and the archives of `npm run build:handlers`. */
  await copyFile(
    join(folders.production, 'tests/authorities.pem'),
    join(folders.production, 'eu-west-1-bundle.pem'),
  )
  cpSync(join(folders.data, 'tests/packages'), join(root, 'dist/handlers'), { recursive: true })

  const initialised = {
    production: initialise(folders.production, providers.production),
    data: initialise(folders.data, providers.data),
  }
  const production = initialised.production.then(() => applied('production', folders, providers))
  /* The outputs of the first are the input of the second. */
  const data = Promise.all([production, initialised.data]).then(() => applied('data', folders, providers))
  const after = async (stack: StackName, ...args: readonly string[]) => {
    await initialised[stack]
    return runTerraform(folders[stack], args, providers[stack].environment)
  }
  const lab = {
    format: runTerraform(join(root, 'infra'), ['fmt', '-check', '-diff', '-recursive', '-no-color']),
    validations: {
      production: after('production', 'validate', '-no-color'),
      data: after('data', 'validate', '-no-color'),
    },
    tests: { production: after('production', 'test', '-no-color'), data: after('data', 'test', '-no-color') },
    resources: {
      production: production.then(({ resources }) => resources),
      data: data.then(({ resources }) => resources),
    },
    secondPlans: {
      production: production.then(({ secondPlan }) => secondPlan),
      data: data.then(({ secondPlan }) => secondPlan),
    },
  }
  const all = Object.values(lab).flatMap((part) => (part instanceof Promise ? part : Object.values(part)))
  /* A part that fails is reported by the test that awaits it. */
  const settled = Promise.allSettled(all)
  return {
    ...lab,
    close: async () => {
      await settled
      for (const provider of Object.values(providers)) provider[Symbol.dispose]()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

interface Applied {
  readonly resources: readonly Resource[]
  readonly secondPlan: TerraformRun
}

async function applied(
  stack: StackName,
  folders: Readonly<Record<StackName, string>>,
  providers: Readonly<Record<StackName, SchemaProvider>>,
): Promise<Applied> {
  const folder = folders[stack]
  const { environment } = providers[stack]
  const example = await readFile(join(folder, `${stack}.tfvars.example`), 'utf8')
  await writeFile(join(folder, 'all.tfvars'), withCommentedParts(example))
  const run = (...args: readonly string[]) => terraform(folder, args, environment)
  /* As a person begins, and then with everything that the example can say. */
  await run('plan', '-no-color', `-var-file=${stack}.tfvars.example`)
  await run('apply', '-no-color', '-auto-approve', '-var-file=all.tfvars')
  const outputs = await run('output', '-json')
  if (stack === 'production') await writeFile(join(folders.data, 'source.json'), outputs)
  const [state, secondPlan] = await Promise.all([
    run('show', '-json'),
    runTerraform(
      folder,
      ['plan', '-no-color', '-detailed-exitcode', '-lock=false', '-var-file=all.tfvars'],
      environment,
    ),
  ])
  return { resources: resourcesOf(stack, state, keptResources(folder)), secondPlan }
}

async function initialise(folder: string, { environment }: SchemaProvider): Promise<void> {
  await terraform(folder, ['init', '-no-color', '-backend=false'], environment)
}

/* What an example shows as a comment, such as the CDC task that runs, said. */
function withCommentedParts(example: string): string {
  return example.replace(/^# (\w+ = \{|\}| {2}.*)$/gm, '$1')
}

function stackFolder(root: string, stack: StackName): string {
  return join(root, 'infra/stacks', stack)
}

/* Neither state nor variables nor plugins of somebody who deploys from here. */
function isOfTheRepository(path: string): boolean {
  return (
    !/^(\.terraform.*|terraform\.tfstate.*|.*\.tfvars|.*\.tfplan|source\.json|data\.json)$/.test(
      basename(path),
    ) || path.endsWith('tests/source.json')
  )
}
