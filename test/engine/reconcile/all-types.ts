/** Tables whose columns have every type that a contract is inferred for, with keys of several kinds. */
export const ALL_TYPES = `
  create type mood as enum ('low', 'so "so"', 'high');
  create domain level as numeric(4,1) check (value > 0);
  create domain code as char(5);
  create type pair as (a int, b text);
  create table scalars (
    id bigint primary key, i2 smallint, i4 integer, i8 bigint, n numeric, n2 numeric(38,10), f4 real, f8 double precision,
    b boolean, c char(8), v varchar(20), t text, by bytea, d date, tm time(6), tz timetz, ts timestamp, tsz timestamptz,
    iv interval, u uuid, j json, jb jsonb, m mood, dl level, dc code, p pair, r int4range, mr nummultirange,
    ip inet, ci cidr, ma macaddr, bt bit(3), vb varbit, mo money, x xml, o oid, ts3 timestamp(3), nm name, q "char",
    pt point, tv tsvector, ln pg_lsn, jp jsonpath);
  create table lists (
    id integer primary key, a2 smallint[], a4 int[], a8 bigint[], af real[], ad double precision[], ab boolean[], ac char(4)[],
    av varchar(9)[], at text[], ay bytea[], aa date[], am time[], az timestamptz[], ai timestamp[], au uuid[], aj json[],
    an numeric[], a2n numeric(9,2)[], ao mood[], ap pair[], aip inet[]);
  create table keyed (
    at timestamptz, "Nom" varchar(20), amount numeric(12,4), day date, note text, "position" int not null,
    primary key (at, "Nom", amount, day));
  create table partitioned (id int, day date, primary key (id, day)) partition by range (day);
  create table partitioned_a partition of partitioned for values from ('2024-01-01') to ('2025-01-01');
  create table partitioned_b partition of partitioned for values from ('2025-01-01') to ('2026-01-01');
  create table empty (id int primary key);`

/** Rows of all tables; `n` tells one set from another. Every value is one that the lake holds. */
export function soundRows(n: number): string {
  return `
  insert into scalars values
  (${n}1, -32768, -2147483648, -9223372036854775808, 'NaN', -0.0000000001, 'NaN', '-0', true, 'a b  ', '', E'q"\\\\ \\b\\f\\n\\r\\t\\v\\x01\\x7f é 😀',
   '\\x00ff5c', '0001-01-01', '00:00:00.000001', '12:00:00+05:30', '2024-07-29 00:58:44.8952', '2024-07-29 02:58:44.1+02',
   '-1 day +02:03:04.5', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1.10,  "a": [null]}', '{"b": 1.10, "a": "\\u00e9"}',
   'so "so"', 2.5, 'ab', row(1, 'x,y"'), '[1,5)', '{[1,2],(3,4)}', '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '101', '1', 1234.5,
   '<a>é</a>', 42, '2024-01-01 00:00:00.120', 'name', 'q', '(1,2.5)', 'a:1 b', '16/B374D848', '$.a'),
  (${n}2, 32767, 2147483647, 9223372036854775807, 12345678901234567890123456789012345678.000000000100, 9999999999999999999999999999.9999999999,
   '3.4028235e38', '1e-308', false, '        ', 'x', '', '', '9999-12-31', '24:00:00', '23:59:59.999999-12', '9999-12-31 23:59:59.999999',
   '0001-01-01 00:00:00+00', '178000000 years', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'null', '"s"', 'low', 999.9, '', row(null, ''),
   'empty', '{}', '::1', '::/0', 'ff:ff:ff:ff:ff:ff', '000', '', -0.01, '', 0, '2024-01-01', '', '', null, '', '0/0', '$');
  insert into scalars (id, i2, i4, i8, n, n2, f4, f8) values
  (${n}3, 0, 0, 0, 'Infinity', 0, '-Infinity', 'Infinity'), (${n}5, 2, 2, 2, 0.10, 0.10, 1e-45, 5e-324);
  insert into scalars (id, n, f4, f8, b, c, v, t, by, d, tm, ts, tsz) values
  (${n}4, '-Infinity', 1.1, 0.1, true, '\\', E'\\t', E'\\\\', '\\x', '1582-10-10', '12:30', '1969-12-31 23:59:59.999999', '1900-01-01 00:00:00.0000005+00');
  insert into scalars (id) values (${n}6);
  insert into lists values
  (${n}1, '{-32768,null}', '{1,2147483647}', '{9223372036854775807}', '{1.1,NaN,-0,null,3.4028235e38}', '{0.1,Infinity,-0,1e-308}', '{t,f,null}',
   '{a,"b c"}', '{"",x}', array['a,b', 'c"d', null, '', 'NULL', '\\', e'\\n', '{}'], array['\\x00ff'::bytea, '\\x'], '{0001-01-01,9999-12-31}',
   '{00:00:00.000001,24:00:00}', '{"2024-07-29 02:58:44.1+02"}', '{"2024-07-29 00:58:44.895200"}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
   array['{"a": 1.10}', 'null']::json[], '{NaN,0.10,1e30}', '{0.1,-0.01}', array['so "so"'::mood], array[row(1,'a,b')::pair], '{::1,10.0.0.1/8}'),
  (${n}2, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}');
  insert into lists (id) values (${n}3);
  insert into keyed values
  ('2024-01-01 00:00:00.000001+00', 'a', ${n}, '0001-01-01', 'one', 1), ('2024-01-01 00:00:00.000002+00', 'a', ${n}, '0001-01-01', 'two', 2),
  ('0001-01-01 00:00:00+00', 'é"x', -${n}.0001, '9999-12-31', null, 3), ('9999-12-31 23:59:59.999999+00', '', ${n}.1, '2024-02-29', '', 4);
  insert into partitioned values (${n}1, '2024-05-05'), (${n}2, '2025-05-05');`
}

/** Rows with values that no column of the lake holds: each is refused whole. */
export function unsoundRows(n: number): string {
  return `
  insert into scalars (id, ts) values (${n}7, 'infinity');
  insert into scalars (id, d) values (${n}8, '0044-03-15 BC');
  insert into scalars (id, n2) values (${n}9, 'NaN');
  insert into lists (id, a4) values (${n}7, '{{1,2},{3,4}}'), (${n}8, '[0:1]={1,2}');`
}
