import { expect, test } from 'vitest'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { athenaType, prestoType } from '../../glue/athena-type.ts'

const decimal = { kind: 'decimal', precision: 4, scale: 1 } as const

test.each<[ColumnType, hive: string, presto: string]>([
  [{ kind: 'bigint' }, 'bigint', 'bigint'],
  [{ kind: 'integer' }, 'int', 'integer'],
  [{ kind: 'smallint' }, 'smallint', 'smallint'],
  [{ kind: 'double' }, 'double', 'double'],
  [{ kind: 'real' }, 'float', 'real'],
  [{ kind: 'boolean' }, 'boolean', 'boolean'],
  [{ kind: 'date' }, 'date', 'date'],
  [{ kind: 'timestamp' }, 'timestamp', 'timestamp(3)'],
  [{ kind: 'timestampMicros' }, 'timestamp', 'timestamp(3)'],
  [{ kind: 'time' }, 'string', 'varchar'],
  [{ kind: 'uuid' }, 'string', 'varchar'],
  [{ kind: 'json' }, 'string', 'varchar'],
  [{ kind: 'binary' }, 'binary', 'varbinary'],
  [{ kind: 'string', max: 9 }, 'string', 'varchar'],
  [{ kind: 'enum', values: ['a'] }, 'string', 'varchar'],
  [{ kind: 'decimal', precision: 38, scale: 10 }, 'decimal(38,10)', 'decimal(38,10)'],
  [{ kind: 'list', of: decimal }, 'array<decimal(4,1)>', 'array(decimal(4,1))'],
  [
    {
      kind: 'list',
      of: {
        kind: 'struct',
        fields: {
          a: { kind: 'integer' },
          b: { kind: 'list', of: decimal, nullable: true },
          c: { kind: 'struct', fields: { d: { kind: 'string' } } },
        },
      },
    },
    'array<struct<a:int,b:array<decimal(4,1)>,c:struct<d:string>>>',
    'array(row("a" integer, "b" array(decimal(4,1)), "c" row("d" varchar)))',
  ],
])('Athena calls %j %s in the catalog and %s in SQL', (type, hive, presto) => {
  expect([athenaType(type), prestoType(type)]).toEqual([hive, presto])
})
