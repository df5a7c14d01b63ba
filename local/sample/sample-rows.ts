/** Rows of each sample table. */
export interface SampleSize {
  readonly shops: number
  readonly employees: number
  readonly shifts: number
  readonly absences: number
  readonly seed: number
}

/** One set-based statement for each table, in the order that foreign keys want. */
export interface SampleStatement {
  readonly table: string
  readonly sql: string
}

/** About 205,000 rows at scale 1; never fewer than a handful of shops. */
export function sampleSize(scale: number, seed: number): SampleSize {
  const count = (rows: number, least: number) => Math.max(least, Math.round(rows * scale))
  return {
    shops: count(200, 4),
    employees: count(8_000, 40),
    shifts: count(142_000, 400),
    absences: count(14_000, 40),
    seed,
  }
}

/**
 * Functions of the session that replace random(): the same number gives the same value in every run
 * of one seed. `pick` is in 0..m-1, `person` the n-th employee's id, `long_text` beyond 8 kB.
 */
export function sampleFunctions(size: SampleSize): string {
  return `
create function pg_temp.pick(n bigint, salt int, m int) returns int language sql immutable as
  $$ select abs(hashint8extended(n, salt + ${size.seed} * 1000) % m)::int $$;
create function pg_temp.person(n bigint) returns uuid language sql immutable as
  $$ select md5('employee ${size.seed} ' || n)::uuid $$;
create function pg_temp.micros(n bigint, salt int) returns interval language sql immutable as
  $$ select make_interval(secs => pg_temp.pick(n, salt, 86400000) / 1000.0) + pg_temp.pick(n, salt + 500, 1000) * interval '1 microsecond' $$;
create function pg_temp.long_text(n bigint, salt int) returns text language sql immutable as $$
  select string_agg('till ' || line % 7 || ', ref ' || encode(sha512((n || '/' || salt || '/' || line)::bytea), 'hex')
    || ', "counted twice" – café', E'\\n')
  from generate_series(1, 54 + pg_temp.pick(n, salt, 30)) line $$;`
}

export function sampleStatements(size: SampleSize): readonly SampleStatement[] {
  return [
    { table: 'shops', sql: shops(size) },
    { table: 'employees', sql: employees(size) },
    { table: 'employment_contracts', sql: contracts(size) },
    { table: 'shifts', sql: shifts(size) },
    { table: 'absences', sql: absences(size) },
    { table: 'payslips', sql: payslips(size) },
  ]
}

const shops = (size: SampleSize) => `
insert into workforce.shops
select n,
  upper(left(c.city, 3)) || '-' || lpad(n::text, 4, '0'),
  (array['Le Marché', 'Chez Zoë', 'L''Épicerie', 'Nord & Sud', 'Comptoir "Ouest"'])[1 + pg_temp.pick(n, 2, 5)] || ' ' || n,
  case pg_temp.pick(n, 3, 20) when 0 then null when 1 then '' else c.city end,
  c.country,
  case when pg_temp.pick(n, 4, 10) > 0 then c.latitude + pg_temp.pick(n, 5, 100000) / 1e6 end,
  case when pg_temp.pick(n, 4, 10) > 0 then c.longitude + pg_temp.pick(n, 6, 100000) / 1e6 end,
  date '2004-03-01' + pg_temp.pick(n, 7, 7500),
  pg_temp.pick(n, 8, 25) > 0,
  case when pg_temp.pick(n, 9, 12) > 0 then jsonb_build_object(
    'mon', jsonb_build_array(jsonb_build_array('09:00', '12:30'), jsonb_build_array('14:00', '19:30')),
    'sat', jsonb_build_array(jsonb_build_array('09:00', '20:00')), 'sun', null,
    'exceptions', jsonb_build_object('2026-12-25', jsonb_build_array())) end,
  timestamptz '2026-05-01 00:00Z' + pg_temp.micros(n, 10)
from generate_series(1, ${size.shops}) n
cross join lateral (select * from (values
  (0, 'Paris', 'FR', 48.80, 2.30), (1, 'Lyon', 'FR', 45.72, 4.81), (2, 'Lille', 'FR', 50.60, 3.02),
  (3, 'Nîmes', 'FR', 43.80, 4.33), (4, 'Bruxelles', 'BE', 50.81, 4.32), (5, 'Genève', 'CH', 46.17, 6.11),
  (6, 'Bordeaux', 'FR', 44.80, -0.62), (7, 'Saint-Étienne', 'FR', 45.40, 4.35)
) v(i, city, country, latitude, longitude) where i = pg_temp.pick(n, 1, 8)) c`

const employees = (size: SampleSize) => `
insert into workforce.employees
select pg_temp.person(n), 1 + pg_temp.pick(n, 20, ${size.shops}), p.first_name, p.last_name,
  case pg_temp.pick(n, 21, 40) when 0 then null when 1 then '' else 'e' || n || '@example.com' end,
  case pg_temp.pick(n, 22, 15) when 0 then null when 1 then '' else '+336' || lpad(pg_temp.pick(n, 23, 100000000)::text, 8, '0') end,
  case when pg_temp.pick(n, 24, 30) > 0 then 'FR76' || lpad(pg_temp.pick(n, 25, 1000000000)::text, 11, '0')
    || lpad(pg_temp.pick(n, 26, 1000000000)::text, 12, '0') end,
  case when pg_temp.pick(n, 27, 30) > 0 then (1 + pg_temp.pick(n, 28, 2)) || to_char(p.born, 'YYMM')
    || lpad(pg_temp.pick(n, 29, 1000000000)::text, 10, '0') end,
  case when pg_temp.pick(n, 31, 50) > 0 then p.born end,
  date '2012-01-01' + pg_temp.pick(n, 32, 5300),
  (array['till', 'stock', 'bakery', 'first aid', 'forklift', 'keys', 'fish, meat', 'he said "yes"'])[1:pg_temp.pick(n, 33, 9)],
  case when pg_temp.pick(n, 34, 6) > 0 then (pg_temp.pick(n, 35, 100000) / 1000.0)::real end,
  case when pg_temp.pick(n, 36, 20) = 0 then pg_temp.long_text(n, 37)
    when pg_temp.pick(n, 36, 20) < 6 then 'Prefers mornings, trained in shop ' || pg_temp.pick(n, 38, ${size.shops})
    when pg_temp.pick(n, 36, 20) = 6 then '' end,
  timestamptz '2026-05-01 00:00Z' + pg_temp.pick(n, 39, 200) * interval '1 day' + pg_temp.micros(n, 40)
from generate_series(1, ${size.employees}) n
cross join lateral (select
  (array['Zoë', 'Noël', 'Anaïs', 'Jean-Luc', 'Fatoumata', 'Øyvind', 'Łukasz', 'Mehmet', 'Chloé', 'Liam'])[1 + pg_temp.pick(n, 41, 10)] as first_name,
  (array['Martin', 'O''Brien', 'Lefèvre', 'de la Tour', 'Nguyễn', 'Müller', 'García', 'Da Silva', 'Köse', 'Petit'])[1 + pg_temp.pick(n, 42, 10)] as last_name,
  date '1961-01-01' + pg_temp.pick(n, 30, 16500) as born) p`

const contracts = (size: SampleSize) => `
insert into workforce.employment_contracts
select pg_temp.person(n), no, (array['permanent', 'permanent', 'fixed_term', 'apprentice', 'interim'])[1 + pg_temp.pick(n, 50 + no, 5)]::workforce.contract_kind,
  (array[35, 39, 24.5, 17.25, 30])[1 + pg_temp.pick(n, 53, 5)], 11.88 + pg_temp.pick(n, 54, 250000) / 10000.0,
  date '2012-01-01' + pg_temp.pick(n, 32, 5300) + (no - 1) * 365,
  case when pg_temp.pick(n, 50 + no, 5) >= 2 then date '2012-01-01' + pg_temp.pick(n, 32, 5300) + (no - 1) * 365 + 180 end,
  case when pg_temp.pick(n, 55, 9) > 0 then timestamptz '2025-01-01 00:00Z' + pg_temp.micros(n, 56) end,
  case pg_temp.pick(n, 57, 4) when 0 then null when 1 then '{}' else array['mobility', null, 'night work, "paid"'] end
from generate_series(1, ${size.employees}) n, generate_series(1, 2) no
where no = 1 or pg_temp.pick(n, 58, 8) = 0`

// Half a year of planning in time order; 4 % are open shifts without an employee.
const shifts = (size: SampleSize) => `
insert into workforce.shifts
select 9007199254740992 + n, 1 + pg_temp.pick(s.who, 20, ${size.shops}), case when pg_temp.pick(n, 61, 25) > 0 then pg_temp.person(s.who) end,
  s.starts_at, s.starts_at + s.minutes * interval '1 minute', (array[0, 20, 30, 45, 60])[1 + pg_temp.pick(n, 62, 5)],
  (case when s.starts_at < timestamptz '2026-11-16Z'
    then (array['done', 'done', 'done', 'done', 'done', 'done', 'done', 'cancelled'])[1 + pg_temp.pick(n, 63, 8)]
    else (array['draft', 'published', 'published', 'confirmed'])[1 + pg_temp.pick(n, 63, 4)] end)::workforce.shift_status,
  case when s.starts_at < timestamptz '2026-11-16Z' then round(s.minutes * (1188 + pg_temp.pick(s.who, 54, 2500)) / 6000.0, 2) end,
  case pg_temp.pick(n, 64, 10) when 0 then null when 1 then '{}' when 2 then array['sunday', 'holiday']
    when 3 then array['late', null, ''] else array['regular'] end,
  case when pg_temp.pick(n, 65, 3) = 0 then jsonb_build_object('revision', 9007199254740993::bigint * 3 + n,
    'load', 0.1234567890123456789::numeric + n, 'tasks', jsonb_build_array('till', jsonb_build_object('zone', n % 9, 'minutes', s.minutes / 2)), 'lead', null) end,
  case when pg_temp.pick(n, 66, 50) = 0 then pg_temp.long_text(n, 67)
    when pg_temp.pick(n, 66, 50) < 4 then 'Bring keys; ask for locker ' || n % 300 when pg_temp.pick(n, 66, 50) = 4 then '' end,
  s.starts_at - interval '14 days' + pg_temp.micros(n, 68)
from generate_series(1, ${size.shifts}) n
cross join lateral (select 1 + pg_temp.pick(n, 60, ${size.employees}) as who, 180 + 15 * pg_temp.pick(n, 69, 29) as minutes,
  timestamptz '2026-06-01 05:00Z' + (n * 182::bigint / ${size.shifts + 1}) * interval '1 day' + pg_temp.pick(n, 70, 60) * interval '15 minutes' as starts_at) s`

// Each round of employees has 90 days of its own, so no two absences of one person begin on one day.
const absences = (size: SampleSize) => `
insert into workforce.absences
select pg_temp.person(1 + (n - 1) % ${size.employees}), a.starts_on, a.starts_on + pg_temp.pick(n, 81, 15),
  (array['paid_leave', 'paid_leave', 'sick', 'unpaid', 'training', 'parental'])[1 + pg_temp.pick(n, 82, 6)]::workforce.absence_kind,
  7 * (1 + pg_temp.pick(n, 81, 15)) + pg_temp.pick(n, 83, 4) * 0.25,
  case pg_temp.pick(n, 84, 5) when 0 then null when 1 then false else true end,
  case pg_temp.pick(n, 85, 6) when 0 then 'Family matter, please keep private' when 1 then '' when 2 then E'Doctor''s note\\n\\tday ' || n end,
  a.starts_on - interval '30 days' + pg_temp.micros(n, 86)
from generate_series(1, ${size.absences}) n
cross join lateral (select date '2026-01-01' + (n - 1) / ${size.employees} * 90 + pg_temp.pick(n, 80, 80) as starts_on) a`

const payslips = (size: SampleSize) => `
insert into workforce.payslips
select md5('payslip ${size.seed} ' || n || ' ' || month)::uuid, pg_temp.person(n), (date '2026-07-01' + make_interval(months => month))::date,
  g.gross, round(g.gross * 0.7731, 2), 60 * (70 + pg_temp.pick(n, 91, 90)) + month, pg_temp.pick(n + month, 92, 900),
  case when pg_temp.pick(n, 93, 20) = 0 then 'CHF' else 'EUR' end,
  case when pg_temp.pick(n + month, 94, 4) > 0 then jsonb_build_object('base', g.gross, 'ytd_cents', 9007199254740993::bigint + n, 'lines', jsonb_build_array(
    jsonb_build_object('code', 'A' || n % 40, 'rate', 0.0001 * pg_temp.pick(n, 95, 9999)), jsonb_build_object('code', 'Z', 'rate', null))) end,
  case when month < 3 then timestamptz '2026-07-28 06:00Z' + make_interval(months => month) + pg_temp.micros(n, 96) end,
  case when pg_temp.pick(n + month, 97, 10) = 0 then decode(md5(n || '-' || month) || '00ff', 'hex') end
from generate_series(1, ${size.employees}) n, generate_series(0, 3) month
cross join lateral (select round(1400 + pg_temp.pick(n, 90, 300000) / 100.0 + month * 10.01, 2) as gross) g`
