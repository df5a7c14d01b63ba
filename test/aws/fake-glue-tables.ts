import type { Table, TableInput } from '@aws-sdk/client-glue'
import type { GlueTables } from '../../aws/glue/glue-tables.ts'
import { PipelineError } from '../../core/failures/failures.ts'

/** Glue in memory: whole definitions, versions that count, refusals of what is not as it was read. */
export class FakeGlueTables implements GlueTables {
  writes = 0
  private readonly databases = new Map<string, Map<string, Table>>()

  hasDatabase(database: string): Promise<boolean> {
    return Promise.resolve(this.databases.has(database))
  }

  async makeDatabase(database: string): Promise<void> {
    this.writes += 1
    if (!this.databases.has(database)) this.databases.set(database, new Map())
  }

  async list(database: string): Promise<readonly Table[]> {
    return structuredClone([...(this.databases.get(database)?.values() ?? [])])
  }

  create(database: string, input: TableInput): Promise<void> {
    return this.write(database, input, undefined)
  }

  update(database: string, input: TableInput, before: Table): Promise<void> {
    return this.write(database, input, before.VersionId)
  }

  async delete(database: string, name: string): Promise<void> {
    this.writes += 1
    this.databases.get(database)?.delete(name)
  }

  private async write(database: string, input: TableInput, version: string | undefined): Promise<void> {
    const tables = this.databases.get(database)
    const name = input.Name ?? ''
    if (tables === undefined) throw new PipelineError('aws/refused', database)
    if (tables.get(name)?.VersionId !== version) throw new PipelineError('catalog/changed', name)
    this.writes += 1
    tables.set(name, { ...structuredClone(input), Name: name, VersionId: String(Number(version ?? 0) + 1) })
  }
}
