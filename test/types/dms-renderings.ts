import type { ColumnType } from '../../core/contract/value/type.ts'

/** One value as DMS renders it, and what the lake then has. */
export interface DmsExample {
  readonly type: ColumnType
  /** JSON of the column; undefined: DMS leaves the column out. */
  readonly wire: string | undefined
  readonly operation?: 'insert' | 'update'
  readonly nullable?: boolean
  /** Canonical value that the source has. */
  readonly truth: unknown
  /** What reaches the lake. */
  readonly lake: { readonly value: unknown } | 'quarantined' | 'absent'
}

/** A way in which DMS renders values that may lose something, and what becomes of it here. */
export interface DmsRendering {
  readonly what: string
  readonly loses: string
  readonly fate: 'accepted' | 'detected' | 'not detectable' | 'partly detected'
  readonly how: string
  readonly setting: string
  readonly examples: readonly DmsExample[]
}

const text: ColumnType = { kind: 'string' }
const micros: ColumnType = { kind: 'timestampMicros' }
const at = (iso: string, more = '000') => `${Date.parse(iso)}${more}`

function right(type: ColumnType, wire: string, value: unknown): DmsExample {
  return { type, wire, truth: value, lake: { value } }
}

const numbers: readonly DmsRendering[] = [
  {
    what: '`bigint` beyond 2^53',
    loses: 'through a double: `9007199254740993` becomes `9007199254740992`',
    fate: 'not detectable',
    how: 'the digits that arrive are kept; only reconciling shows the difference. As text (`change-data-type` to string) it is exact',
    setting:
      '`UseLargeIntegerValue=true` (DMS 3.5.4 and later), or a rule that changes the type to string(20)',
    examples: [
      {
        type: { kind: 'bigint' },
        wire: '9007199254740992',
        truth: '9007199254740993',
        lake: { value: '9007199254740992' },
      },
      right({ kind: 'bigint' }, '"9007199254740993"', '9007199254740993'),
      right({ kind: 'bigint' }, '9007199254740993', '9007199254740993'),
    ],
  },
  {
    what: '`numeric` without precision',
    loses: 'rounded to 6 decimals: `0.611111104488373` becomes `0.611111`',
    fate: 'not detectable',
    how: 'a rounded number looks like any other',
    setting:
      'declare precision and scale at the source; `MapUnboundedNumericAsString` is for PostgreSQL targets only',
    examples: [
      { type: text, wire: '0.611111', truth: '0.611111104488373', lake: { value: '0.611111' } },
      right(text, '"0.611111104488373"', '0.611111104488373'),
    ],
  },
  {
    what: '`numeric(p,s)`',
    loses: 'nothing: a JSON number, sometimes with an exponent or without its zeros',
    fate: 'accepted',
    how: 'numbers never pass through a JavaScript number; digits are moved, not computed',
    setting: 'none needed',
    examples: [
      right({ kind: 'decimal', precision: 12, scale: 2 }, '19.9', '19.90'),
      right({ kind: 'decimal', precision: 12, scale: 2 }, '1.99E1', '19.90'),
      right(
        { kind: 'decimal', precision: 38, scale: 2 },
        '123456789012345678901234567890123456.78',
        '123456789012345678901234567890123456.78',
      ),
    ],
  },
  {
    what: '`real`',
    loses: 'nothing: nine digits, `2.2` as `2.20000005`',
    fate: 'accepted',
    how: 'a contract column `real` takes it as the single it is; in a `double` column it would be another number',
    setting: 'none needed',
    examples: [
      right({ kind: 'real' }, '2.20000005', Math.fround(2.2)),
      right({ kind: 'real' }, '4.4000001', Math.fround(4.4)),
      right({ kind: 'real' }, '55', 55),
    ],
  },
  {
    what: '`boolean`',
    loses: 'nothing: the text `"true"` or `"false"`, `"t"` or `"f"`, `"1"` or `"0"`',
    fate: 'accepted',
    how: 'these texts and JSON booleans are read alike, as elements of arrays too; in a text column they stay text',
    setting: '`MapBooleanAsBoolean=true` makes it a JSON boolean',
    examples: [
      right({ kind: 'boolean' }, '"true"', true),
      right({ kind: 'boolean' }, '"false"', false),
      right({ kind: 'boolean' }, 'false', false),
      right({ kind: 'boolean' }, '"t"', true),
      right({ kind: 'boolean' }, '"0"', false),
      right({ kind: 'list', of: { kind: 'boolean' } }, '"{t,f,NULL,1,0,true}"', [
        true,
        false,
        null,
        true,
        false,
        true,
      ]),
      right({ kind: 'string' }, '"1"', '1'),
      right({ kind: 'string' }, '"t"', 't'),
    ],
  },
]

const longValues: readonly DmsRendering[] = [
  {
    what: 'LOB columns (text, json, bytea, xml, arrays) over `LobMaxSize`, 32 KB by default',
    loses: 'the rest of the value is cut off',
    fate: 'partly detected',
    how: 'cut JSON, arrays without their end, half a byte and half a character are quarantined; text cut between characters and bytes cut between bytes are not detectable',
    setting:
      '`LobMaxSize` above the longest value (1 MB at most on Kinesis), `FailTasksOnLobTruncation=true`',
    examples: [
      { type: { kind: 'json' }, wire: '"{\\"a\\": [1, 2"', truth: '{"a": [1, 2]}', lake: 'quarantined' },
      { type: { kind: 'list', of: text }, wire: '"{a,b,c"', truth: ['a', 'b', 'cd'], lake: 'quarantined' },
      { type: { kind: 'binary' }, wire: '"00ff8"', truth: '00ff80', lake: 'quarantined' },
      { type: { kind: 'binary' }, wire: '"00ff"', truth: '00ff80', lake: { value: '00ff' } },
      { type: text, wire: '"a long te"', truth: 'a long text', lake: { value: 'a long te' } },
    ],
  },
  {
    what: '`varchar` without length',
    loses: 'cut at 8,000 bytes',
    fate: 'not detectable',
    how: 'cut text looks like any other',
    setting: 'endpoint attribute `unboundedVarcharMaxSize`',
    examples: [{ type: text, wire: '"a long te"', truth: 'a long text', lake: { value: 'a long te' } }],
  },
  {
    what: '`char(n)`',
    loses: 'blanks at the end (`TrimSpaceInChar`)',
    fate: 'accepted',
    how: 'PostgreSQL does not count them as part of the value either; our replicator leaves them out too',
    setting: 'none needed',
    examples: [right({ kind: 'string', max: 6 }, '"ab"', 'ab')],
  },
  {
    what: '`bytea`',
    loses: 'nothing: hex digits, with `0x` in front or without',
    fate: 'accepted',
    how: 'both are read, capitals too',
    setting: '`NoHexPrefix=true` leaves the prefix out',
    examples: [
      right({ kind: 'binary' }, '"0x00FF80"', '00ff80'),
      right({ kind: 'binary' }, '"00ff80"', '00ff80'),
      right({ kind: 'binary' }, '"0x"', ''),
    ],
  },
]

const missing: readonly DmsRendering[] = [
  {
    what: "NULL and `''` (`IncludeNullAndEmpty=false`)",
    loses: 'both are left out of the record',
    fate: 'partly detected',
    how: "in an insert a missing column is null: right for NULL, wrong for `''`, and quarantined where the contract says not null. In an update it counts as unchanged: a column set to NULL keeps its old value in `current`, which only reconciling shows",
    setting: '`IncludeNullAndEmpty=true`; Tidemark relies on it',
    examples: [
      { type: text, wire: undefined, nullable: true, truth: null, lake: { value: null } },
      { type: text, wire: undefined, nullable: true, truth: '', lake: { value: null } },
      { type: text, wire: undefined, nullable: false, truth: '', lake: 'quarantined' },
      { type: text, wire: undefined, nullable: true, operation: 'update', truth: null, lake: 'absent' },
    ],
  },
  {
    what: 'unchanged out-of-line values (TOAST) in an update',
    loses: 'not documented; public reports say null, or the column is left out',
    fate: 'partly detected',
    how: 'left out is understood: the old value stays. Null is quarantined where the contract says not null; in a nullable column it looks like a real null',
    setting: 'none known: check it on your task with a long text and an update of another column',
    examples: [
      { type: text, wire: undefined, nullable: true, operation: 'update', truth: 'long', lake: 'absent' },
      { type: text, wire: 'null', nullable: false, operation: 'update', truth: 'long', lake: 'quarantined' },
      { type: text, wire: 'null', nullable: true, operation: 'update', truth: 'long', lake: { value: null } },
    ],
  },
  {
    what: 'LOB columns of a table without a primary key',
    loses: 'left out of every record',
    fate: 'partly detected',
    how: 'a contract needs a key, so such a table has none; a column that must not be null is quarantined when it is missing',
    setting: 'a primary key at the source',
    examples: [
      { type: { kind: 'json' }, wire: undefined, nullable: false, truth: '{}', lake: 'quarantined' },
      { type: { kind: 'json' }, wire: undefined, nullable: true, truth: '{}', lake: { value: null } },
    ],
  },
]

const instants: readonly DmsRendering[] = [
  {
    what: 'infinite timestamps',
    loses: '`infinity` becomes 9999-12-31 23:59:59, `-infinity` 4713-01-01 00:00:00 BC',
    fate: 'partly detected',
    how: 'the year 4713 BC is quarantined; the end of 9999 is an instant like any other',
    setting: 'none known: keep infinities out of the source, or write them as null',
    examples: [
      {
        type: micros,
        wire: '"9999-12-31T23:59:59Z"',
        truth: 'infinity',
        lake: { value: at('9999-12-31T23:59:59Z') },
      },
      { type: micros, wire: '"4713-01-01 00:00:00 BC"', truth: '-infinity', lake: 'quarantined' },
    ],
  },
  {
    what: '`timestamp` without time zone',
    loses: 'nothing: it gets a `Z`, and a fraction of zero is left out',
    fate: 'accepted',
    how: 'a naive timestamp counts as UTC on every way',
    setting: 'none needed',
    examples: [
      right(micros, '"2010-11-01T00:02:00.100000Z"', at('2010-11-01T00:02:00.1Z')),
      right(micros, '"2010-11-01T00:00:00Z"', at('2010-11-01T00:00:00Z')),
    ],
  },
  {
    what: '`timetz`',
    loses: 'its offset',
    fate: 'not detectable',
    how: 'the text that arrives is kept',
    setting: 'none known',
    examples: [{ type: text, wire: '"12:00:00"', truth: '12:00:00+02', lake: { value: '12:00:00' } }],
  },
]

/** What we know of DMS's JSON, each with examples that the codec is held to. The page of types shows it. */
export const dmsRenderings: readonly DmsRendering[] = [...numbers, ...longValues, ...missing, ...instants]
