import type { Partition, PartitionInput, Table, TableInput } from '@aws-sdk/client-glue'
import { json } from './fake-partial-faults.ts'
import { type Answer, type Exchange, errorAnswer, type Forward, operationOf } from './fault-proxy.ts'

type Body = Readonly<Record<string, unknown>> & {
  readonly DatabaseName: string
  readonly Name: string
  readonly TableName: string
  readonly TableInput: TableInput
  readonly VersionId?: string
}
type Stored = Omit<Table, 'CreateTime'> & { readonly CreateTime: number }

/** Answers with pages of so many tables or partitions. */
const PAGE = 7

/**
 * Glue's API in memory, behind a proxy: whole definitions with versions that an update must name, partitions of at most
 * 100 in a call with an error for each that is there, pages. `now` is its clock, milliseconds.
 */
export class FakeGlue {
  now = Date.now()
  private readonly databases = new Map<string, Map<string, Stored>>()
  private readonly partitions = new Map<string, Map<string, Partition>>()

  /** Of every database. */
  tables(): readonly Table[] {
    return [...this.databases.values()].flatMap((tables) =>
      [...tables.values()].map((table) => ({ ...table, CreateTime: new Date(table.CreateTime) })),
    )
  }

  partitionsOf(database: string, table: string): readonly Partition[] {
    return [...(this.partitions.get(`${database}.${table}`)?.values() ?? [])]
  }

  readonly answer: Forward = async (exchange) => {
    const operations: Readonly<Record<string, (body: Body, exchange: Exchange) => Answer>> = {
      CreateDatabase: ({ DatabaseInput }, asked) => {
        const { Name = '' } = DatabaseInput as { Name?: string }
        if (this.databases.has(Name)) return refused(asked, 'AlreadyExistsException')
        this.databases.set(Name, new Map())
        return json({})
      },
      GetDatabase: ({ Name }, asked) =>
        this.databases.has(Name) ? json({ Database: { Name } }) : refused(asked, 'EntityNotFoundException'),
      GetTable: ({ DatabaseName, Name }, asked) => {
        const Table = this.databases.get(DatabaseName)?.get(Name)
        return Table === undefined ? refused(asked, 'EntityNotFoundException') : json({ Table })
      },
      GetTables: ({ DatabaseName, NextToken }, asked) => {
        const tables = this.databases.get(DatabaseName)
        if (tables === undefined) return refused(asked, 'EntityNotFoundException')
        return page('TableList', [...tables.values()], NextToken)
      },
      CreateTable: ({ DatabaseName, TableInput }, asked) => {
        const tables = this.databases.get(DatabaseName)
        const Name = TableInput.Name ?? ''
        if (tables === undefined) return refused(asked, 'EntityNotFoundException')
        if (tables.has(Name)) return refused(asked, 'AlreadyExistsException')
        tables.set(Name, { ...TableInput, Name, VersionId: '0', CreateTime: this.now / 1_000 })
        return json({})
      },
      UpdateTable: ({ DatabaseName, TableInput, VersionId }, asked) => {
        const Name = TableInput.Name ?? ''
        const before = this.databases.get(DatabaseName)?.get(Name)
        if (before === undefined) return refused(asked, 'EntityNotFoundException')
        if (VersionId !== undefined && VersionId !== before.VersionId)
          return refused(asked, 'ConcurrentModificationException')
        const next = { VersionId: String(Number(before.VersionId) + 1), CreateTime: before.CreateTime }
        this.databases.get(DatabaseName)?.set(Name, { ...TableInput, Name, ...next })
        return json({})
      },
      /* Partitions of a deleted table go some time after: here never. */
      DeleteTable: ({ DatabaseName, Name }, asked) =>
        this.databases.get(DatabaseName)?.delete(Name) === true
          ? json({})
          : refused(asked, 'EntityNotFoundException'),
      GetPartitions: ({ DatabaseName, TableName, NextToken }) =>
        page('Partitions', this.partitionsOf(DatabaseName, TableName), NextToken),
      BatchCreatePartition: ({ DatabaseName, TableName, PartitionInputList }, asked) => {
        const inputs = PartitionInputList as readonly PartitionInput[]
        const id = `${DatabaseName}.${TableName}`
        if (this.databases.get(DatabaseName)?.has(TableName) !== true)
          return refused(asked, 'EntityNotFoundException')
        if (inputs.length > 100) return refused(asked, 'InvalidInputException')
        const known = this.partitions.get(id) ?? new Map<string, Partition>()
        this.partitions.set(id, known)
        return each(inputs, 'AlreadyExistsException', (input) => {
          const place = JSON.stringify(input.Values)
          if (known.has(place)) return false
          known.set(place, input)
          return true
        })
      },
      BatchDeletePartition: ({ DatabaseName, TableName, PartitionsToDelete }, asked) => {
        const places = PartitionsToDelete as readonly { readonly Values: string[] }[]
        if (places.length > 25) return refused(asked, 'InvalidInputException')
        const known = this.partitions.get(`${DatabaseName}.${TableName}`)
        return each(
          places,
          'EntityNotFoundException',
          ({ Values }) => known?.delete(JSON.stringify(Values)) === true,
        )
      },
    }
    const work = operations[operationOf(exchange)]
    return work === undefined
      ? refused(exchange, 'UnknownOperationException')
      : work(JSON.parse(exchange.body.toString()), exchange)
  }
}

function refused(exchange: Exchange, name: string): Answer {
  return errorAnswer(exchange, 400, name)
}

function page(name: string, items: readonly unknown[], token: unknown): Answer {
  const from = Number(token ?? 0)
  const next = from + PAGE < items.length ? { NextToken: String(from + PAGE) } : {}
  return json({ [name]: items.slice(from, from + PAGE), ...next })
}

function each<T extends { readonly Values?: string[] | undefined }>(
  items: readonly T[],
  error: string,
  work: (item: T) => boolean,
): Answer {
  const failed = items.filter((item) => !work(item))
  const Errors = failed.map(({ Values }) => ({ PartitionValues: Values, ErrorDetail: { ErrorCode: error } }))
  return json({ Errors })
}
