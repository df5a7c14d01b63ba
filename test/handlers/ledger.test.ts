import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { findRecoverySource } from '../../core/audit/recovery-source.ts'
import { namesOf } from '../../core/audit/repair-names.ts'
import { requestAnswer } from '../../core/operations/answers.ts'
import type { WaitingEntry } from '../../core/ports/ports.ts'
import { repair } from '../../engine/repair/repair.ts'
import { auditEvent } from '../../handlers/audit/audit-event.ts'
import { LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { stackRepairParts } from '../../stack/operations/stack-repair.ts'
import { every, faults, operationOf } from '../aws/fault-proxy.ts'
import { whole } from '../support/budget.ts'
import { streamEvent } from './events.ts'
import { handlerFixture } from './handler-fixture.ts'
import { done, even, openShop, setObjectAside, shopsOf } from './ledger-fixture.ts'

const HOUR = 3_600_000
const stage = await handlerFixture()
afterAll(() => stage.close())
beforeEach(() => {
  stage.dynamo.proxy.plan = () => undefined
})

const shop = () => openShop(stage)

describe('the ledger of the functions', () => {
  test('G1 balances at every step, also when every event comes twice and the tables throttle', async () => {
    const at = await shop()
    /* Committed in the past: by their age they are late before format has them. */
    expect(shopsOf(await at.audit(-Date.now() + Date.parse('2026-11-23T10:30:00Z')))).toEqual({
      captured: 4,
      landed: 0,
      quarantined: 0,
      inFlight: 4,
      missing: 0,
      balanced: true,
    })
    stage.dynamo.proxy.plan = every(3, faults.throttle)
    for (const _ of [1, 2]) expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
    stage.dynamo.proxy.plan = () => undefined
    const formatted = { captured: 4, landed: 0, quarantined: 1, inFlight: 3, missing: 0, balanced: true }
    expect(shopsOf(await at.audit())).toEqual(formatted)
    for (const _ of [1, 2]) await at.land(await at.notices())
    const audit = await at.audit(3 * HOUR)
    expect(shopsOf(audit)).toEqual({ captured: 4, landed: 3, quarantined: 1, ...even })
    expect(audit.findings).toEqual([])
    expect(audit.pages).toBe(3)
    const [page] = audit.balances.filter(({ captured }) => captured > 0)
    expect(page?.landedThrough).toBe(page?.capturedThrough)
  })

  test('G1 a page that format never saw is named, and formatting it by name brings it back', async () => {
    const at = await shop()
    expect(await at.format.invoke(streamEvent(at.images.slice(1)))).toEqual(done)
    await at.land(await at.notices())
    const audit = await at.audit(3 * HOUR)
    expect(shopsOf(audit)).toMatchObject({ captured: 4, landed: 2, missing: 2, balanced: false })
    const [finding, ...others] = audit.findings
    expect(others).toEqual([])
    expect(finding).toMatchObject({ kind: 'page', count: 2, table: 'workforce.shops' })
    expect(finding?.advice).toBe(`tidemark repair --page '${finding?.name}'`)
    const pages = [finding?.name ?? '', 'workforce.shops#none']
    expect(await at.format.invoke({ pages })).toEqual({
      answer: { done: pages.slice(0, 1), absent: pages.slice(1), failed: [], left: [] },
    })
    await at.land(await at.notices())
    expect(shopsOf(await at.audit(3 * HOUR))).toEqual({ captured: 4, landed: 3, quarantined: 1, ...even })
  })

  whole(
    'G1 an object that is gone before it was landed: its blocks are named by page, and their pages bring them back',
    async () => {
      const at = await shop()
      expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
      for (const key of await at.objects.list('landing/changes/')) await at.objects.delete(key)
      const audit = await at.audit(3 * HOUR)
      expect(shopsOf(audit)).toEqual({
        captured: 4,
        landed: 0,
        quarantined: 1,
        inFlight: 0,
        missing: 3,
        balanced: false,
      })
      expect(audit.findings.map(({ kind, count }) => [kind, count])).toEqual(
        [1, 1, 1].map((count) => ['block', count]),
      )
      const pages = audit.findings.map(({ name }) => name)
      expect(await at.format.invoke({ pages })).toMatchObject({ answer: { done: pages } })
      await at.land(await at.notices())
      expect(shopsOf(await at.audit(3 * HOUR))).toEqual({ captured: 4, landed: 3, quarantined: 1, ...even })
    },
  )

  test('G1 an object that nobody landed is named, and landing it by name brings its blocks', async () => {
    const at = await shop()
    expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
    const [object = ''] = await at.objects.list('landing/changes/')
    expect((await at.audit()).findings).toEqual([])
    const findings = (await at.audit(3 * HOUR)).findings.filter(({ name }) => name === object)
    expect(findings).toMatchObject([{ kind: 'block', advice: `tidemark repair --object '${object}'` }])
    expect(await at.land({ objects: [object] })).toEqual({ done: [object], absent: [], failed: [], left: [] })
    expect((await at.audit(3 * HOUR)).findings).toEqual([])
  })

  whole('G1 an object that cannot be landed is set aside with the blocks that it names', async () => {
    await setObjectAside(await shop())
  })

  test('G1 a history file that is gone or has other bytes is named, and landing its object again writes it', async () => {
    const at = await shop()
    expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
    await at.land(await at.notices())
    const [file = ''] = await at.objects.list('lake/')
    const whole = await at.objects.get(file)
    await at.objects.put(file, whole.subarray(4))
    const advice = `tidemark repair --file '${file}'`
    const altered = {
      kind: 'file',
      name: file,
      message: expect.stringMatching(/bytes, \d+ were written/),
      advice,
    }
    expect((await at.audit()).findings).toMatchObject([altered])
    await at.objects.delete(file)
    expect((await at.audit()).findings).toMatchObject([
      { kind: 'file', name: file, message: expect.stringContaining('is missing'), advice },
    ])
    await at.land({ objects: await at.objects.list('landing/changes/') })
    expect((await at.audit()).findings).toEqual([])
    expect(await at.objects.get(file)).toEqual(whole)
  })

  whole(
    'G1 the way back of a history file is its object, or its pages when the object is gone, too',
    async () => {
      const at = await shop()
      expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
      await at.land(await at.notices())
      const [file = ''] = await at.objects.list('lake/')
      const [object = ''] = await at.objects.list('landing/changes/')
      expect(await findRecoverySource(file, at.deps)).toMatchObject({
        isThere: true,
        source: { kind: 'object', object },
      })
      for (const key of [file, object]) await at.objects.delete(key)
      const lost = await findRecoverySource(file, at.deps)
      expect(lost).toMatchObject({ isThere: false, source: { kind: 'rows', loadFiles: [] } })
      const pages = lost?.source?.kind === 'rows' ? lost.source.pages : []
      expect(pages).toHaveLength(3)
      expect(await findRecoverySource(file.replace(/[^/]+$/, 'foreign.parquet'), at.deps)).toBeUndefined()
      const parts = stackRepairParts(at.deps, at.ledger, {
        format: async (some) => requestAnswer.parse((await at.format.invoke({ pages: some })).answer),
        land: () => Promise.reject(new Error('there is no object')),
      })
      const names = namesOf((await at.audit()).findings)
      expect(names).toEqual({ pages: [], objects: [], files: [file] })
      const { repairs } = await repair(names, parts, { isDryRun: false })
      expect(repairs).toEqual([{ name: file, state: 'done', message: 'made again of 3 pages' }])
      await at.land(await at.notices())
      const audit = await at.audit(3 * HOUR)
      expect(audit.findings).toEqual([])
      expect(shopsOf(audit)).toEqual({ captured: 4, landed: 3, quarantined: 1, ...even })
    },
  )

  whole('a load file that nobody landed, or whose rows do not add up, is named', async () => {
    const at = await shop()
    const [landed, lost] = [1, 2].map((n) => `landing/loads/l1/workforce/shops/LOAD0000000${n}.parquet`)
    if (landed === undefined || lost === undefined) throw new Error('no keys')
    for (const key of [landed, lost]) await at.objects.put(key, Buffer.from('PAR1'))
    const counts = { rows: 5, landed: { 'workforce.shops v1': 3 }, refused: { 'workforce.shops v1': 1 } }
    await at.ledger.recordLoadFile({
      load: 'l1',
      key: landed,
      table: 'workforce.shops',
      files: [],
      ...counts,
    })
    const loads = (await at.audit(3 * HOUR)).findings.filter(({ kind }) => kind === 'load')
    expect(loads.map(({ name, count }) => [name, count])).toEqual([
      [landed, 1],
      [lost, 0],
    ])
  })

  test('G10 format that stops before the ledger has its pages is asked again, and nothing counts twice', async () => {
    const at = await shop()
    stage.dynamo.proxy.plan = (exchange) =>
      operationOf(exchange) === 'BatchWriteItem' && exchange.body.includes('"shares"')
        ? faults.throttle
        : undefined
    const answer = await at.format.invoke(streamEvent(at.images), 2_600)
    expect(answer).toMatchObject({ answer: { batchItemFailures: [{ itemIdentifier: expect.any(String) }] } })
    stage.dynamo.proxy.plan = () => undefined
    expect(await at.format.invoke(streamEvent(at.images))).toEqual(done)
    await at.land(await at.notices())
    expect(shopsOf(await at.audit(3 * HOUR))).toEqual({ captured: 4, landed: 3, quarantined: 1, ...even })
  })

  test('an audit measures what is open and notes how far it came; two days later the next one begins there', async () => {
    const at = await shop()
    expect(await at.format.invoke(streamEvent(at.images.slice(0, 2)))).toEqual(done)
    await at.land(await at.notices())
    const since = '2026-11-23T09:30:00.000Z'
    const waiting = { since } as WaitingEntry
    const quarantine = {
      async *list() {
        yield waiting
      },
    }
    const auditAt = async (instant: string, event: unknown = {}) => {
      const lines: Record<string, unknown>[] = []
      const lambda = new LambdaStage('audit', {
        write: (line) => lines.push(JSON.parse(line)),
        now: () => Date.parse(instant),
      })
      const { pages, findings } = await lambda.run(
        { awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 },
        () => auditEvent(event, { ...at.deps, quarantine, overdueMs: HOUR, stage: lambda }),
      )
      const measured = lines.find(({ _aws, table }) => _aws !== undefined && table === 'workforce.shops v1')
      return { pages, findings: findings.length, measured, lines }
    }
    const first = await auditAt('2026-11-23T10:30:00Z')
    expect(first).toMatchObject({
      pages: 3,
      findings: 0,
      measured: { inFlight: 1, missing: 0, oldestInFlight: 1_800 },
    })
    expect(first.lines).toContainEqual(expect.objectContaining({ stage: 'audit', quarantineAge: 3_600 }))
    const later = await auditAt('2026-11-25T11:00:00Z')
    /* Of the three pages one is settled before the mark, one ends at it, and one is missing. */
    expect(later).toMatchObject({
      pages: 2,
      findings: 1,
      measured: { inFlight: 0, missing: 1, oldestInFlight: 0 },
    })
    expect(later.lines).toContainEqual(
      expect.objectContaining({ event: 'audit.finding', kind: 'page', table: 'workforce.shops', count: 1 }),
    )
    expect(await auditAt('2026-11-25T11:00:00Z', { whole: true })).toMatchObject({ pages: 3, findings: 1 })
  })
})
