import { plural } from '../../core/amount-text.ts'
import { beforeFunctions, type CatalogChange } from '../../glue/catalog-plan.ts'
import type { DeployFacts, FunctionFacts, TaskFacts } from './deploy-facts.ts'

/** One step of a deployment. */
export interface DeployStep {
  readonly id: 'contracts' | 'packages' | 'catalog' | 'functions' | 'catalog-rest' | 'tasks' | 'loads'
  readonly title: string
  /** Why here in the order. */
  readonly why: string
  readonly commands: readonly string[]
  /** What changes, a line for each thing. */
  readonly lines: readonly string[]
  /** Whether the changes of the source wait for a moment meanwhile; none is lost. */
  readonly interrupts: boolean
}

/** What no command of the plan does by itself: a person has to decide it first. */
export interface DeployDanger {
  readonly id:
    | 'contract-breaks'
    | 'catalog-breaks'
    | 'table-leaves'
    | 'epoch-changes'
    | 'masking-changes'
    | 'task-stands'
  readonly message: string
  readonly todo: string
}

export interface DeployPlan {
  readonly steps: readonly DeployStep[]
  readonly dangers: readonly DeployDanger[]
}

const data = 'terraform -chdir=infra/stacks/data apply -var-file=data.tfvars'
const production = 'terraform -chdir=infra/stacks/production apply -var-file=production.tfvars'

/**
 * The steps from what is deployed to what should be, in the one order that is safe: contracts, packages, what of the catalog
 * new functions write into and views must know first, functions, the rest of the catalog, tasks, loads. None when both agree.
 */
export function planDeploy(facts: DeployFacts): DeployPlan {
  const steps = [
    contractsStep(facts),
    packagesStep(facts),
    ...aroundFunctions(facts),
    tasksStep(facts),
    loadsStep(facts),
  ]
  return { steps: steps.filter((step) => step !== undefined), dangers: dangersOf(facts) }
}

function contractsStep({ contracts }: DeployFacts): DeployStep | undefined {
  if (contracts === undefined || contracts.unlocked.length + contracts.stale.length === 0) return undefined
  const { unlocked, stale } = contracts
  return {
    id: 'contracts',
    title: 'Lock the contracts, and write what Terraform reads of them',
    why: 'Everything after is made of these files: commit them first.',
    commands: [...(unlocked.length > 0 ? ['npx tidemark contract lock'] : []), 'npx tidemark infra export'],
    lines: [
      ...unlocked.map((version) => `~ ${version} is not locked as it is`),
      ...stale.map((file) => `~ ${file}`),
    ],
    interrupts: false,
  }
}

function packagesStep(facts: DeployFacts): DeployStep | undefined {
  const missing = facts.functions?.functions.filter(({ built }) => built === undefined) ?? []
  const isMoved = (facts.contracts?.unlocked.length ?? 0) > 0
  if (missing.length === 0 && !isMoved) return undefined
  return {
    id: 'packages',
    title: 'Build the packages of the functions',
    why: 'A package holds the contracts as they were when it was built.',
    commands: ['npm run build:handlers'],
    lines: missing.map(({ name }) => `+ package of ${name}`),
    interrupts: false,
  }
}

function functionsStep(facts: DeployFacts): DeployStep | undefined {
  const changed = facts.functions?.functions.filter(isOther) ?? []
  const isMoved = (facts.contracts?.unlocked.length ?? 0) > 0
  const isStale = (facts.contracts?.stale.length ?? 0) > 0
  if (changed.length === 0 && !isMoved && !isStale) return undefined
  return {
    id: 'functions',
    title: 'Deploy the functions',
    why: 'Before the tasks, for a function that does not know a contract puts its changes into quarantine; after the catalog, which readers ask.',
    commands: [data],
    lines: changed.map(({ name, deployed }) => `${deployed === undefined ? '+' : '~'} function ${name}`),
    interrupts: false,
  }
}

function isOther({ deployed, built }: FunctionFacts['functions'][number]): boolean {
  return built === undefined || built !== deployed
}

/* Without new functions the catalog is one step. */
function aroundFunctions(facts: DeployFacts): readonly (DeployStep | undefined)[] {
  const functions = functionsStep(facts)
  const { catalog } = facts
  if (catalog === undefined || catalog.changes.length === 0) return [functions]
  const { place, changes } = catalog
  const first = functions === undefined ? changes : beforeFunctions(changes)
  const rest = changes.filter((change) => !first.includes(change))
  return [
    catalogStep(
      {
        id: 'catalog',
        title: 'Bring the catalog to the contracts',
        why: 'Before the functions: objects of a table land only when Glue has it, and a view must know a mark before the first row that has it.',
      },
      `${place}${rest.length > 0 ? ' --before-functions' : ''}`,
      first,
    ),
    functions,
    catalogStep(
      {
        id: 'catalog-rest',
        title: 'Turn readers to what the functions write now',
        why: 'After the functions: a view turns to a version that is being filled, and nothing is taken away that a function still writes.',
      },
      place,
      rest,
    ),
  ]
}

function catalogStep(
  about: Pick<DeployStep, 'id' | 'title' | 'why'>,
  place: string,
  changes: readonly CatalogChange[],
): DeployStep | undefined {
  if (changes.length === 0) return undefined
  const isBreaking = changes.some((change) => change.class === 'breaking')
  const signs = { create: '+', update: '~', delete: '-' } as const
  return {
    ...about,
    commands: [`npx tidemark catalog apply ${place}${isBreaking ? ' --allow-breaking' : ''}`],
    lines: changes.map(
      (change) =>
        `${signs[change.action]} ${change.kind} ${[change.database, change.name].filter((part) => part !== '').join('.')} (${change.class})`,
    ),
    interrupts: false,
  }
}

function tasksStep({ cdcTask, loadTask, stack }: DeployFacts): DeployStep | undefined {
  const ofLoad = loadTask?.settings ?? []
  const ofCdc = cdcTask?.settings ?? []
  const { added, removed, isSame } = cdcTask?.mappings ?? { added: [], removed: [], isSame: true }
  if (isSame && ofLoad.length + ofCdc.length === 0) return undefined
  /* Terraform stops the task once for all of it; table by table a command does, and loads them. */
  const isOnlyAdded = added.length > 0 && removed.length === 0 && ofLoad.length + ofCdc.length === 0
  const interrupts = !isSame || ofCdc.length > 0
  return {
    id: 'tasks',
    title: isOnlyAdded ? `Capture ${plural(added.length, 'table')} more` : 'Change the tasks of DMS',
    why: interrupts
      ? 'When all behind it knows the contracts. The CDC task is stopped, changed and resumed from its checkpoint: changes wait for a minute or two, and none is lost.'
      : 'The load task stands between two loads: nothing waits.',
    commands: [isOnlyAdded ? `npx tidemark table add ${added.join(' ')} --stack ${stack}` : production],
    lines: [
      ...added.map((table) => `+ ${table} in the mappings of the CDC task`),
      ...removed.map((table) => `- ${table} in the mappings of the CDC task`),
      ...(isSame || added.length + removed.length > 0 ? [] : ['~ rules of the mappings of the CDC task']),
      ...ofCdc.map((change) => `~ CDC task: ${settingText(change)}`),
      ...ofLoad.map((change) => `~ load task: ${settingText(change)}`),
    ],
    interrupts,
  }
}

function settingText({ path, live, wanted }: TaskFacts['settings'][number]): string {
  return `${path} ${live ?? 'not set'} → ${wanted}`
}

function loadsStep({ loads, cdcTask, stack, ...rest }: DeployFacts): DeployStep | undefined {
  const isByTable = tasksStep({ loads, cdcTask, stack, ...rest })?.commands[0]?.includes('table add') ?? false
  const added = new Set(isByTable ? cdcTask?.mappings.added : [])
  const left = (loads?.unloaded ?? []).filter((table) => !added.has(table))
  if (left.length === 0) return undefined
  return {
    id: 'loads',
    title: `Load ${plural(left.length, 'table')}`,
    why: 'Last: changes first, then the load, so that what it reads is never newer than what capture knows.',
    commands: [`npx tidemark load start --tables ${left.join(' ')} --stack ${stack}`],
    lines: left.map((table) => `+ rows of ${table}`),
    interrupts: false,
  }
}

function dangersOf({ contracts, functions, catalog, cdcTask }: DeployFacts): readonly DeployDanger[] {
  return [
    ...(contracts?.breaks ?? []).map(
      ({ version, rule, message }): DeployDanger => ({
        id: 'contract-breaks',
        message: `${version}: ${rule} ${message}`,
        todo: 'make it a new version: `npx tidemark contract new <table> --next`',
      }),
    ),
    ...(catalog?.changes ?? [])
      .filter((change) => change.class === 'breaking')
      .map(
        ({ action, database, name, advice }): DeployDanger => ({
          id: 'catalog-breaks',
          message: `${action} ${database}.${name} takes something from readers`,
          todo: advice === '' ? 'tell them first, then apply with --allow-breaking' : advice,
        }),
      ),
    ...(cdcTask?.mappings.removed ?? []).map(
      (table): DeployDanger => ({
        id: 'table-leaves',
        message: `${table} leaves the mappings: its changes are captured no more`,
        todo: 'keep a contract that reads it, or be sure: who comes back later has to be loaded again',
      }),
    ),
    ...(functions?.disagreements ?? []).map(disagreement),
    ...(cdcTask === undefined || cdcTask.task.status === 'running' ? [] : [standing(cdcTask)]),
  ]
}

function disagreement({ setting, name, live, said }: FunctionFacts['disagreements'][number]): DeployDanger {
  return setting === 'epoch'
    ? {
        id: 'epoch-changes',
        message: `${name} has epoch ${live}, the outputs of the stack say ${said}`,
        todo: 'an epoch is raised only when the source was restored or replaced: docs/runbooks/restored-source.md',
      }
    : {
        id: 'masking-changes',
        message: `${name} masks with ${live}, the outputs of the stack say ${said}`,
        todo: 'with another key every hash is another one: docs/runbooks/rotating-keys.md',
      }
}

function standing({ task: { status, hasRun } }: TaskFacts): DeployDanger {
  return {
    id: 'task-stands',
    message: hasRun ? `the CDC task is ${status}` : 'the CDC task was never started',
    todo: hasRun
      ? 'find out why before you change anything: docs/runbooks/cdc-task.md'
      : 'docs/15-deploying.md: slot, then task, then load',
  }
}
