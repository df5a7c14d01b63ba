/** One column of each kind of type. */
export const TYPES = `
  create type mood as enum ('low', 'so "so"', 'high');
  create domain level as numeric(4,1) check (value > 0);
  create domain code as char(5);
  create type pair as (a int, b text);
  create table typed (
    id bigint primary key, i2 smallint, i4 integer, i8 bigint, n numeric, n2 numeric(38,10), f4 real, f8 double precision,
    b boolean, c char(8), v varchar(20), t text, by bytea, d date, tm time(6), tz timetz, ts timestamp, tsz timestamptz,
    iv interval, u uuid, j json, jb jsonb, ai int[], at text[], m mood, dl level, dc code, p pair, r int4range, mr nummultirange,
    ip inet, bt bit(3), mo money, x xml, o oid, ts3 timestamp(3))`
/** The usual values, the extremes, and what has no JSON form of its own. */
export const ROWS = `
  insert into typed values
  (1, -32768, -2147483648, -9223372036854775808, 'NaN', -0.0000000001, 'NaN', '-0', true, 'a b  ', '', E'q"\\\\ \\b\\f\\n\\r\\t\\v\\x01\\x7f é 😀',
   '\\x00ff5c', '0001-01-01', '00:00:00.000001', '12:00:00+05:30', '2024-07-29 00:58:44.8952', '2024-07-29 02:58:44.1+02',
   '-1 day +02:03:04.5', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1.10,  "a": [null]}', '{"b": 1.10, "a": "\\u00e9"}',
   '{{1,2},{3,null}}', array['a,b', 'c"d', null, ''], 'so "so"', 2.5, 'ab', row(1, 'x,y"'), '[1,5)', '{[1,2],(3,4)}',
   '192.168.0.1/24', '101', 1234.5, '<a>é</a>', 42, '2024-01-01 00:00:00.120'),
  (2, 32767, 2147483647, 9223372036854775807, 12345678901234567890123456789012345678.000000000100, 9999999999999999999999999999.9999999999,
   '3.4028235e38', '1e-308', false, '        ', 'x', '', '', '9999-12-31', '24:00:00', '23:59:59.999999-12', '9999-12-31 23:59:59.999999',
   '0001-01-01 00:00:00+00', '178000000 years', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'null', '"s"', '{}', '{}', 'low', 999.9, '', row(null, ''),
   'empty', '{}', '::1', '000', -0.01, '', 0, '2024-01-01'),
  (3, 0, 0, 0, 'Infinity', 1e27, '-Infinity', 'Infinity', null, null, null, E'\\\\N', null, 'infinity', null, null, 'infinity', '-infinity',
   null, null, '{}', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (4, 1, 1, 1, '-Infinity', 1, 1.1, 0.1, true, '\\', E'\\t', E'\\\\', '\\x', '0044-03-15 BC', null, null, '0044-03-15 01:02:03.5 BC', '12024-01-01 00:00:00.5+00',
   null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)`
