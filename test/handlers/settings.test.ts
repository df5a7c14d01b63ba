import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { functionSettings } from '../../handlers/runtime/function-settings.ts'

const handlers = resolve(import.meta.dirname, '../../handlers')
const names = readdirSync(handlers).filter((name) => readdirSync(join(handlers, name)).includes('handler.ts'))

test('every function has settings of its own name, a region among them', () => {
  expect(Object.keys(functionSettings).toSorted()).toEqual(names.toSorted())
  for (const [name, { shape }] of Object.entries(functionSettings)) {
    expect(Object.keys(shape), name).toContain('AWS_REGION')
    expect(Object.keys(shape).filter((variable) => !/^(AWS|TIDEMARK)_[A-Z_]+$/.test(variable))).toEqual([])
  }
})

test('what is missing after less than a quarter of an hour would be called so on its way', () => {
  const { TIDEMARK_OVERDUE_MINUTES: overdue } = functionSettings.audit.shape
  expect(overdue.parse(undefined)).toBe(60)
  expect(overdue.parse('15')).toBe(15)
  expect(overdue.safeParse('14').error?.issues[0]?.message).toBe('is less than 15 minutes')
})
