import type { RefusedValue, TypeCase } from './type-case.ts'

function array(
  element: string,
  contract: string,
  values: readonly string[],
  refused: readonly RefusedValue[] = [],
): TypeCase {
  const type = `${element}[]`
  return {
    type,
    contract: `list<${contract}>`,
    outcome: 'exact',
    values: ["'{}'", "'{NULL}'", ...values],
    refused: [...otherShapes(type, values[0] ?? "'{}'"), ...refused],
  }
}

/* Shapes that a list of the lake does not have. */
function otherShapes(type: string, value: string): readonly RefusedValue[] {
  return [
    { sql: "'[0:1]={NULL,NULL}'", why: 'a lower bound other than 1' },
    { sql: `ARRAY[(${value})::${type}, (${value})::${type}]`, why: 'more than one dimension' },
  ]
}

export const arrayCases: readonly TypeCase[] = [
  array('smallint', 'smallint', ["'{-32768,NULL,32767}'"]),
  array('integer', 'integer', ["'{-2147483648,NULL,2147483647}'"]),
  array('bigint', 'bigint', ["'{-9223372036854775808,NULL,9007199254740993}'"]),
  array('real', 'real', ["'{NaN,-Infinity,-0,2.2,1e-45}'"]),
  array('double precision', 'double', ["'{NaN,-Infinity,-0,5e-324,0.30000000000000004}'"]),
  array('boolean', 'boolean', ["'{t,NULL,f}'"]),
  {
    ...array('numeric(12,2)', 'string', ["'{1.5,NULL,NaN,-9999999999.99}'"]),
    outcome: 'exact as text',
    note: 'elements as text',
  },
  {
    ...array('numeric', 'string', ["'{NaN,Infinity,1.10,NULL,12345678901234567890123456789012345678901}'"]),
    outcome: 'exact as text',
    note: 'elements as text',
  },
  {
    ...array('text', 'string', [
      `'{"",NULL,"NULL",null,"a,b","q\\"b\\\\s","{}"," lead"}'`,
      `ARRAY['', NULL, E'\\ufeff\\t\\n\\u0001', 'é \u{1f600}']`,
    ]),
    large: "ARRAY(SELECT 'element ' || i FROM generate_series(1, 10000) i)",
    key: 'string',
    keyValues: ["'{}'", "'{a,NULL}'", "'{{a},{b}}'", "'[0:1]={a,b}'"],
    note: "as a key PostgreSQL's text, of any shape",
  },
  array('varchar(9)', 'string', ["'{123456789,NULL}'"]),
  {
    ...array('char(6)', 'string', ["'{123456,NULL,ab}'"]),
    note: 'elements with their padding, as PostgreSQL prints an array',
  },
  array('uuid', 'uuid', ["'{00000000-0000-0000-0000-000000000000,NULL}'"]),
  array(
    'date',
    'date',
    ["'{0001-01-01,NULL,9999-12-31}'"],
    [{ sql: "'{infinity}'", why: 'an element infinity' }],
  ),
  array('time', 'time', ["'{24:00:00,NULL,12:34:56.7}'"]),
  {
    ...array('timestamp', 'string', [
      `'{"2024-02-29 12:34:56.789012",infinity,NULL,"0044-03-15 00:00:00 BC"}'`,
    ]),
    outcome: 'exact as text',
    note: 'elements as text, with their microseconds and infinities',
  },
  {
    ...array('timestamptz', 'string', [`'{"2024-02-29 12:34:56.789012+00",-infinity,NULL}'`]),
    outcome: 'exact as text',
    note: 'elements as text, in UTC',
  },
  array('bytea', 'binary', ["ARRAY['\\x'::bytea, NULL, '\\x00ff']"]),
  array('json', 'json', [`ARRAY['{"a": [1, "x,\\"y"]}'::json, NULL, 'null']`]),
  array('jsonb', 'json', [`ARRAY['{"a": [1, "x"]}'::jsonb, NULL, 'null']`]),
]
