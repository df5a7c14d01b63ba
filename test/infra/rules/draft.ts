import type { Resource } from '../stack.ts'
import { textAt } from './values.ts'

/* As JSON has it. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type JsonObject = { [name: string]: Json }

type DraftResource = Omit<Resource, 'values' | 'isKept' | 'after'> & {
  values: JsonObject
  isKept: boolean
  after: readonly string[]
}

/** The applied stacks, copied so that something can be done to them. */
export class Draft {
  resources: DraftResource[]

  constructor(resources: readonly Resource[]) {
    /* They came out of JSON, and are JSON again. */
    this.resources = JSON.parse(JSON.stringify(resources))
  }

  /** The first resource of a type, by a part of its address or by what is asked of it. */
  one(type: string, which: string | ((resource: Resource) => boolean) = ''): DraftResource {
    const isMeant = typeof which === 'string' ? ({ address }: Resource) => address.includes(which) : which
    const found = this.resources.find((resource) => resource.type === type && isMeant(resource))
    if (found === undefined) throw new Error(`no ${type} to break`)
    return found
  }

  set({ values }: DraftResource, path: string, value: unknown): void {
    const steps = path.split('.')
    const last = steps.pop() ?? ''
    let here: object = values
    for (const step of steps) {
      const next: unknown = Reflect.get(here, step)
      if (typeof next === 'object' && next !== null) here = next
      else Reflect.set(here, step, /^\d+$/.test(step) ? [] : {})
      if (here !== next) here = Reflect.get(here, step)
    }
    Reflect.set(here, last, value)
  }

  drop(type: string, which: Parameters<Draft['one']>[1] = ''): void {
    const gone = this.one(type, which)
    this.resources = this.resources.filter((resource) => resource !== gone)
  }

  /** Changes the JSON that an argument holds as a text. */
  edit(resource: DraftResource, path: string, change: (document: JsonObject) => void): void {
    const document: JsonObject = JSON.parse(textAt(resource.values, path))
    change(document)
    this.set(resource, path, JSON.stringify(document))
  }

  /** Changes the statements of a policy. */
  statements(resource: DraftResource, change: (statements: JsonObject[]) => unknown, path = 'policy'): void {
    this.edit(resource, path, (document) => {
      const { Statement: statements } = document
      if (!Array.isArray(statements)) throw new Error(`${resource.address}: no statements to break`)
      /* Statements of a policy are objects. */
      change(statements as JsonObject[])
    })
  }
}
