import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { declaredAlarms, declaredFunctions } from './declared-alarms.ts'
import { anchorsOf } from './page-links.ts'

const root = resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(resolve(root, file), 'utf8')

const functions = declaredFunctions(read('infra/stacks/data/functions.tf'))
const texts = ['production', 'data'].map((stack) => read(`infra/stacks/${stack}/alarms.tf`))
const alarms = texts.flatMap((text) => declaredAlarms(text, functions))
const pages = new Map(
  readdirSync(resolve(root, 'docs/runbooks'))
    .filter((name) => name !== 'README.md')
    .map((name) => [name, read(`docs/runbooks/${name}`)]),
)
const index = read('docs/runbooks/README.md')

const sections = [
  'What it means',
  'What is at risk, and how long there is',
  'Look',
  'Do',
  'Over when',
  'Never',
]

/* What reads a microservice's stream is named after its table. */
const someFunction = `(?:${functions.join('|')}|capture-[a-z-]+)`

/* `<function>-errors` stands for every alarm of that form; a name that is a function's is none of an alarm. */
function alarmsNamed(line: string): readonly RegExp[] {
  const names = [...line.matchAll(/`([a-z<>-]+)`/g)].map(([, name = '']) => name)
  const patterns = names
    .filter((name) => !functions.includes(name))
    .map((name) => name.replace('<function>', someFunction).replace(/<[a-z]+>/g, '[a-z-]+'))
  return patterns.map((pattern) => new RegExp(`^${pattern}$`))
}

const alarmLineOf = (page: string) => /^Alarms?: ([\s\S]*?)\. Commands:/m.exec(page)?.[1]

describe('runbooks', () => {
  test('every alarm that is declared is found', () => {
    const declared = texts.join('\n').match(/^\s+metric\s+= /gm) ?? []
    const families = texts.join('\n').match(/\{ for \w+, \w+ in .+ : "\$\{name\}-/g) ?? []
    const singles = alarms.filter(({ name }) => texts.some((text) => text.includes(`\n    ${name} = `)))
    expect(families.length).toBeGreaterThan(5)
    expect(singles.length + families.length).toBe(declared.length)
    expect(functions.length).toBe(9)
    expect(alarms.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['slot-lag', 'land-load-errors', 'schedules-dead-letters']),
    )
  })

  test('every alarm names its page, and a place in it that is there', () => {
    const lost = alarms.filter(({ page, anchor }) => {
      const text = pages.get(page)
      return text === undefined || (anchor !== '' && !anchorsOf(text).has(anchor))
    })
    expect(lost).toEqual([])
  })

  test.each([...new Set(alarms.map(({ page }) => page))])('%s says at its head whose page it is', (page) => {
    const named = alarmsNamed(alarmLineOf(pages.get(page) ?? '') ?? '')
    const own = alarms.filter((alarm) => alarm.page === page).map(({ name }) => name)
    expect(own.filter((name) => !named.some((one) => one.test(name)))).toEqual([])
    const others = alarms.filter((alarm) => alarm.page !== page).map(({ name }) => name)
    expect(others.filter((name) => named.some((one) => one.test(name)))).toEqual([])
    expect(named.filter((one) => !own.some((name) => one.test(name)))).toEqual([])
  })

  test('every page of an alarm has an alarm', () => {
    const withHead = [...pages].filter(([, text]) => alarmLineOf(text) !== undefined).map(([name]) => name)
    expect(withHead.toSorted()).toEqual([...new Set(alarms.map(({ page }) => page))].toSorted())
  })

  test('every page of an alarm answers the same six questions, in order', () => {
    for (const [name, text] of pages) {
      if (alarmLineOf(text) === undefined) continue
      const found = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
      expect(found, name).toEqual(sections)
    }
  })

  test('the index has every alarm, with its page, and every page', () => {
    const rows = [...index.matchAll(/^\| (.*?) +\| .*?\]\(([a-z-]+\.md)\)/gm)]
    const missing = alarms.filter(({ name, page }) => {
      const own = rows.filter(([, , target]) => target === page)
      return !own.some(([, cell = '']) => alarmsNamed(cell).some((one) => one.test(name)))
    })
    expect(missing).toEqual([])
    expect([...pages.keys()].filter((page) => !index.includes(`](${page})`))).toEqual([])
  })

  test('how long there is, is what Terraform says', () => {
    const clock = (row: string) => {
      const line = index.split('\n').find((text) => text.startsWith(`| ${row} `)) ?? ''
      return [...(line.split('|')[3] ?? '').matchAll(/\b\d+\b/g)].map(([number]) => Number(number))
    }
    const value = (file: string, pattern: RegExp) => Number(pattern.exec(read(`infra/${file}`))?.[1])
    const variable = (stack: string, name: string) =>
      value(`stacks/${stack}/variables.tf`, new RegExp(` ${name} += optional\\(number, (\\d+)\\)`))
    const sources = read('infra/stacks/data/sources.tf')
    const ages = [...sources.matchAll(/maximum_record_age_in_seconds\s+= (\d+)/g)].map(([, age]) =>
      Number(age),
    )
    const attempts = value('stacks/data/sources.tf', /attempts\s+= (\d+)/)
    const [capture = 0, service, format = 0] = ages
    expect(service).toBe(format)
    expect(clock('records that capture has not read')).toEqual([
      ...[variable('production', 'retention_hours'), attempts, capture / 86_400],
    ])
    expect(clock('pages that format has not read')).toEqual([24, attempts, format / 3_600])
    const quarantine = variable('data', 'quarantine')
    expect(clock('batches that were given up')).toEqual([quarantine])
    expect(clock('refused changes')).toEqual([quarantine])
    expect(clock('raw pages')).toEqual([variable('data', 'raw')])
    expect(clock('objects and load files')).toEqual([variable('data', 'landing')])
    const queue = /message_retention_seconds\s+= (\d+) \* 86400/
    expect(clock('notices of objects, and those that were given up')).toEqual([
      value('modules/queue/main.tf', queue),
    ])
    const age = value('modules/function/main.tf', /maximum_event_age_in_seconds\s+= (\d+)/)
    expect(clock('calls of schedules')).toEqual([age / 3_600])
  })

  test('every page that the sources send a person to is there', () => {
    const folders = ['aws', 'cli', 'core', 'handlers', 'infra', 'local', 'stack']
    const named = folders.flatMap((folder) =>
      readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|tf)$/.test(name))
        .flatMap((name) => [
          ...read(`${folder}/${name}`).matchAll(
            /(?:docs\/runbooks\/|runbook\(')([a-z-]+\.md)(?:#([a-z-]+))?/g,
          ),
        ]),
    )
    expect(named.length).toBeGreaterThan(10)
    const lost = named.filter(([, page = '', anchor]) => {
      const text = pages.get(page)
      return text === undefined || (anchor !== undefined && !anchorsOf(text).has(anchor))
    })
    expect(lost.map(([text]) => text)).toEqual([])
  })

  test('the message of every alarm ends with its page', () => {
    const module = read('infra/modules/alarms/main.tf')
    expect(module).toMatch(/alarm_description = ".*\$\{var\.runbook_url\}\/\$\{each\.value\.runbook\}"/)
    for (const text of texts) expect(text).toMatch(/runbook_url\s+= var\.runbook_url/)
    /* States of DMS are no alarms, and lead to a page all the same. */
    const [, page = ''] =
      /input_template = .*\$\{var\.runbook_url\}\/([a-z-]+\.md)/.exec(texts.join('')) ?? []
    expect([...pages.keys()]).toContain(page)
  })
})
