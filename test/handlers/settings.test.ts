import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'

const handlers = resolve(import.meta.dirname, '../../handlers')
const names = readdirSync(handlers).filter((name) => readdirSync(join(handlers, name)).includes('handler.ts'))

test.each(names)('the settings of %s are one zod object, there for whoever imports it', async (name) => {
  const shapes = Object.values(await import(join(handlers, name, 'settings.ts')))
  expect(shapes).toHaveLength(1)
  const [shape] = shapes
  expect(shape).toBeInstanceOf(z.ZodObject)
  const variables = shape instanceof z.ZodObject ? Object.keys(shape.shape) : []
  expect(variables).toContain('AWS_REGION')
  expect(variables.filter((variable) => !/^(AWS|TIDEMARK)_[A-Z_]+$/.test(variable))).toEqual([])
})
