import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tableMetrics } from '../../core/table-metrics.ts'
import { defaultSetup } from '../../cost/setup.ts'

const root = join(import.meta.dirname, '../../infra')
const terraform = (file: string) => readFileSync(join(root, file), 'utf8')

/* The number that the first place of a pattern holds. */
function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`${pattern} is not there`)
  return Number(found)
}

function mapping(name: string): string {
  const text = terraform('stacks/data/sources.tf')
  const start = text.indexOf(`"aws_lambda_event_source_mapping" "${name}"`)
  return text.slice(start, text.indexOf('\nresource', start + 1))
}

describe('the setup that is priced when nobody says otherwise', () => {
  test('has the windows and batches of the stacks', () => {
    const window = (name: string) => numberIn(mapping(name), /maximum_batching_window_in_seconds = (\d+)/)
    const batch = (name: string) => numberIn(mapping(name), /batch_size\s+= (\d+)/)
    const delivery = terraform('modules/delivery/variables.tf')
    const gathered = (name: string) =>
      numberIn(
        terraform('stacks/data/variables.tf'),
        new RegExp(`gather_seconds"[^}]*${name} = optional\\(number, (\\d+)\\)`),
      )
    expect(mapping('capture')).toContain('maximum_batching_window_in_seconds = var.gather_seconds.capture')
    expect(terraform('stacks/data/main.tf')).toContain('{ seconds = var.gather_seconds.delivery }')
    expect({
      captureWindowSeconds: gathered('capture'),
      captureBatch: batch('capture'),
      formatWindowSeconds: window('format'),
      formatBatch: batch('format'),
      bufferSeconds: gathered('delivery'),
      bufferMib: numberIn(delivery, /mib = optional\(number, (\d+)\)/),
    }).toEqual({
      captureWindowSeconds: defaultSetup.captureWindowSeconds,
      captureBatch: defaultSetup.captureBatch,
      formatWindowSeconds: defaultSetup.formatWindowSeconds,
      formatBatch: defaultSetup.formatBatch,
      bufferSeconds: defaultSetup.bufferSeconds,
      bufferMib: defaultSetup.bufferMib,
    })
  })

  test('has the metrics that the functions keep by table', () => {
    const { 'capture-service': _, ...ofOneTable } = tableMetrics
    expect(defaultSetup.metricsPerTable).toBe(Object.values(ofOneTable).flat().length)
  })

  test('has the memory and the architecture of the functions', () => {
    const functions = terraform('stacks/data/functions.tf')
    for (const [name, memory] of Object.entries(defaultSetup.memoryMib))
      expect([name, numberIn(functions, new RegExp(`\\b${name}\\s+= \\{ memory_mib = (\\d+)`))]).toEqual([
        name,
        memory,
      ])
    expect(terraform('stacks/data/variables.tf')).toContain('architecture = optional(string, "x86_64")')
    expect(defaultSetup.architecture).toBe('x86')
  })

  test('keeps what the stacks keep, as long as they do', () => {
    const data = terraform('stacks/data/variables.tf')
    const kept = (name: string) => numberIn(data, new RegExp(`${name}\\s+= optional\\(number, (\\d+)\\)`))
    expect([kept('raw'), kept('landing'), kept('logs')]).toEqual([
      defaultSetup.rawDays,
      defaultSetup.landingDays,
      defaultSetup.logDays,
    ])
    const retention = numberIn(
      terraform('stacks/production/variables.tf'),
      /retention_hours\s+= optional\(number, (\d+)\)/,
    )
    expect(retention).toBe(defaultSetup.retentionHours)
  })

  test('runs as often as the schedules of the stacks', () => {
    const schedules = terraform('stacks/data/schedules.tf')
    const data = terraform('stacks/data/variables.tf')
    expect(schedules).toMatch(/module\.functions\["loads"\]\.arn\s+expression\s+= "rate\(1 minute\)"/)
    expect(defaultSetup.loadStepsPerDay).toBe(24 * 60)
    expect(schedules).toMatch(/module\.functions\["audit"\]\.arn\s+expression\s+= "rate\(1 hour\)"/)
    expect(defaultSetup.auditsPerDay).toBe(24)
    expect(data).toContain('compact   = optional(string, "rate(1 hour)")')
    expect(defaultSetup.compactionsPerDay).toBe(24)
    expect(data).toContain('reconcile = optional(string, "cron(15 2 * * ? *)")')
    expect(defaultSetup.proofsPerDay).toBe(1)
    expect(data).toContain('sample    = optional(string, "rate(1 hour)")')
    expect(defaultSetup.samplesPerDay).toBe(24)
  })

  test('has the endpoints of both stacks', () => {
    const interfaces = ['production', 'data'].flatMap(
      (stack) =>
        /interface = optional\(set\(string\), \[([^\]]*)\]/
          .exec(terraform(`stacks/${stack}/variables.tf`))?.[1]
          ?.split(',') ?? [],
    )
    expect(interfaces).toHaveLength(defaultSetup.endpoints)
    expect(terraform('modules/source/main.tf')).toMatch(/multi_az\s+= true/)
    expect(defaultSetup.zones).toBe(2)
  })
})
