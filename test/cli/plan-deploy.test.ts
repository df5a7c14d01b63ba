import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CatalogChange } from '../../glue/catalog-plan.ts'
import type { DeployFacts } from '../../stack/deploy/deploy-facts.ts'
import { planDeploy } from '../../stack/deploy/plan-deploy.ts'

const order = ['contracts', 'packages', 'catalog', 'functions', 'catalog-rest', 'tasks', 'loads']
const change = {
  action: 'create',
  kind: 'table',
  database: 'shop',
  name: 'orders',
  lines: [],
  advice: '',
} as const
const setting = { path: 'ErrorBehavior.DataErrorPolicy', live: '"LOG_ERROR"', wanted: '"STOP_TASK"' }
const none = { isSame: true, added: [], removed: [] }

const names = fc.subarray(['public.a', 'public.b', 'public.c'])
const digest = fc.option(fc.constantFrom('one', 'two'), { nil: undefined })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const anyFacts: fc.Arbitrary<DeployFacts> = fc.record({
  stack: fc.constant('data.json source.json'),
  contracts: maybe(fc.record({ unlocked: names, breaks: fc.constant([]), stale: names })),
  functions: maybe(
    fc.record({
      functions: fc.array(fc.record({ name: fc.constant('tidemark-land'), deployed: digest, built: digest })),
      disagreements: fc.constant([]),
    }),
  ),
  catalog: maybe(
    fc.record({
      place: fc.constant('--region eu-west-1 --root s3://lake'),
      changes: fc.array(
        fc.constantFrom('additive' as const, 'breaking' as const).map((one) => ({ ...change, class: one })),
      ),
    }),
  ),
  cdcTask: maybe(
    fc
      .tuple(names, names, fc.subarray([setting]), fc.constantFrom('running', 'failed'))
      .map(([added, left, settings, status]) => {
        const removed = left.filter((name) => !added.includes(name))
        return {
          arn: 'arn',
          task: { status, hasRun: true },
          mappings: { isSame: added.length + removed.length === 0, added, removed },
          settings,
        }
      }),
  ),
  loadTask: maybe(fc.record({ settings: fc.subarray([setting]) })),
  loads: maybe(fc.record({ unloaded: names })),
})

test('steps keep one order, each has a command and a reason, and only the CDC task makes changes wait', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { steps } = planDeploy(facts)
      const places = steps.map(({ id }) => order.indexOf(id))
      expect(places).toEqual([...new Set(places)].sort((one, other) => one - other))
      for (const { commands, why } of steps)
        expect([commands.length > 0, why.endsWith('.')]).toEqual([true, true])
      const waits = steps.filter(({ interrupts }) => interrupts).map(({ id }) => id)
      const { mappings, settings } = facts.cdcTask ?? { mappings: none, settings: [] }
      expect(waits).toEqual(mappings.isSame && settings.length === 0 ? [] : ['tasks'])
    }),
  )
})

test('every table that is gained is loaded, by one command and no more than once', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { steps } = planDeploy(facts)
      const text = steps
        .flatMap(({ commands }) => commands)
        .filter((command) => /table add|load start/.test(command))
      for (const table of facts.loads?.unloaded ?? [])
        expect(
          text
            .join(' ')
            .split(/\s/)
            .filter((word) => word === table),
        ).toEqual([table])
    }),
  )
})

test('whatever takes something away is a decision, and each such thing is one', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { dangers } = planDeploy(facts)
      const breaking = facts.catalog?.changes.filter((one) => one.class === 'breaking').length ?? 0
      const stands = facts.cdcTask !== undefined && facts.cdcTask.task.status !== 'running' ? 1 : 0
      expect(dangers).toHaveLength(breaking + (facts.cdcTask?.mappings.removed.length ?? 0) + stands)
    }),
  )
})

test('where all agrees there is no step', () => {
  const contracts = { unlocked: [], breaks: [], stale: [] }
  const functions = {
    functions: [{ name: 'tidemark-land', deployed: 'one', built: 'one' }],
    disagreements: [],
  }
  const task = { status: 'running', hasRun: true }
  const catalog = { changes: [], place: '' }
  const [loadTask, loads] = [{ settings: [] }, { unloaded: [] }]
  const cdcTask = { arn: 'arn', task, mappings: none, settings: [] }
  const facts = { stack: 'data.json', contracts, functions, catalog, cdcTask, loadTask, loads }
  expect(planDeploy(facts)).toEqual({ steps: [], dangers: [] })
})

const built = {
  functions: [{ name: 'tidemark-land', deployed: 'one', built: 'two' }],
  disagreements: [],
}
const made = (kind: CatalogChange['kind'], action: CatalogChange['action'], name: string) =>
  ({ ...change, kind, action, name, class: 'additive' }) as const
const view = made('view', 'update', 'orders')
const unread = { contracts: undefined, cdcTask: undefined, loadTask: undefined, loads: undefined }
const planned = (changes: readonly CatalogChange[], functions: DeployFacts['functions'] = built) =>
  planDeploy({ stack: 'data.json', ...unread, functions, catalog: { changes, place: '--stack data.json' } })
    .steps

test.each<[string, readonly CatalogChange[], readonly string[], readonly string[]]>([
  ['a view that reads a mark which new functions write', [view], ['orders'], []],
  [
    'a new table with its view',
    [made('table', 'create', 'orders_v1_history'), made('view', 'create', 'orders')],
    ['orders_v1_history', 'orders'],
    [],
  ],
  [
    'a view that turns to a new version, which nothing has filled yet',
    [made('table', 'create', 'orders_v2_history'), view],
    ['orders_v2_history'],
    ['orders'],
  ],
  [
    'another table, whose name only begins alike',
    [made('table', 'create', 'orders_vip_v1_history'), view],
    ['orders_vip_v1_history', 'orders'],
    [],
  ],
  [
    'a version that goes, which old functions may still write',
    [view, { ...change, action: 'delete', name: 'orders_v1_history', class: 'breaking' }],
    ['orders'],
    ['orders_v1_history'],
  ],
])('the catalog around the functions: %s', (_, changes, before, after) => {
  const steps = planned(changes)
  const at = steps.findIndex(({ id }) => id === 'functions')
  const namesOf = (some: typeof steps) =>
    some.flatMap(({ lines }) => lines.map((line) => /shop\.(\w+)/.exec(line)?.[1]))
  expect(namesOf(steps.slice(0, at))).toEqual(before)
  expect(namesOf(steps.slice(at + 1))).toEqual(after)
  const commands = steps.flatMap((step) => step.commands).filter((text) => text.includes('catalog'))
  expect(commands.map((text) => text.includes('--before-functions'))).toEqual(
    after.length > 0 ? [true, false] : [false],
  )
  /* Without new functions there is nothing to come before. */
  const same = { ...built, functions: [] }
  expect(planned(changes, same).map(({ id }) => id)).toEqual(['catalog'])
})
