import { type Action, committed as act, type Transaction } from './traffic-transaction.ts'

// $1 start, $2 parity, $3 rows: the next rows of the lane, by the primary key.
const range = `shift_id = any(array(select shift_id from workforce.shifts
  where shift_id >= $1::bigint and shift_id % 2 = $2 order by shift_id limit $3))`

// $1 ids, $2 salt, $3 shops, $4 a break that overrides: whole new shifts in the coming two weeks.
const freshShifts = (ids: string) => `
insert into workforce.shifts
select id, (1 + r % $3)::int,
  (select employee_id from workforce.employees where employee_id >= md5(id::text)::uuid order by employee_id limit 1),
  starts_at, starts_at + (180 + 15 * (r / 1024 % 29)) * interval '1 minute',
  coalesce($4::smallint, (array[0, 20, 30, 45, 60])[1 + r / 32768 % 5]),
  (array['draft', 'published', 'confirmed'])[1 + r / 64 % 3]::workforce.shift_status,
  case when r % 7 > 0 then round(r % 100000 / 7.0, 2) end,
  case r / 16 % 4 when 0 then null when 1 then '{}' when 2 then array['extra', null, 'a "quoted", one'] else array['regular'] end,
  case when r / 128 % 3 = 0 then jsonb_build_object('revision', r, 'load', r / 1e12, 'lead', null) end,
  case when r / 4096 % 50 = 0 then (select string_agg(md5(r::text || i), E'\\n') from generate_series(1, 260) i)
    when r / 4096 % 50 < 5 then 'Added at short notice' when r / 4096 % 50 = 5 then '' end,
  clock_timestamp()
from ${ids} id
cross join lateral (select hashint8extended(id, $2::bigint) & 9223372036854775807 as r) h
cross join lateral (select date_trunc('hour', now()) + (r / 8 % 1344) * interval '15 minutes' as starts_at) t`
const freshFrom = freshShifts('generate_series($1::bigint, $1::bigint + 2 * ($5::bigint - 1), 2)')
const freshOf = freshShifts('unnest($1::bigint[])')

const progress = `update workforce.shifts set updated_at = clock_timestamp(), labour_cost = round(coalesce(labour_cost, 40) * 1.01 % 9999, 2),
  status = (case status when 'draft' then 'published' when 'published' then 'confirmed' when 'confirmed' then 'done'
    when 'done' then 'cancelled' else 'draft' end)::workforce.shift_status where ${range}`
const drop = `delete from workforce.shifts where ${range}`
const longNotes = `(select string_agg(md5(shift_id::text || $4 || i), E'\\n') from generate_series(1, 255 + $4::int % 60) i)`

const where = (tx: Transaction, rows: number) => [tx.lane.anyShift(tx.dice), tx.lane.number, rows]
const insertShifts = (tx: Transaction, rows: number, rest: number | null = null) =>
  tx.insert(freshFrom, [tx.lane.newShifts(rows), salt(tx), tx.lane.lastShop, rest, rows])
const salt = (tx: Transaction) => tx.dice.roll(1_000_000)
const few = (tx: Transaction, most: number) => 1 + tx.dice.roll(Math.min(tx.rows, most))

/** Ids of shifts whose notes are stored out of line. */
const tall = (tx: Transaction, rows: number) =>
  tx.select(
    `select shift_id from (select shift_id, notes from workforce.shifts where shift_id >= $1::bigint and shift_id % 2 = $2
      order by shift_id limit 400) s where octet_length(notes) > 8000 limit $3`,
    where(tx, rows),
  )
const someIds = (tx: Transaction, rows: number) =>
  tx.select(
    'select shift_id from workforce.shifts where shift_id >= $1::bigint and shift_id % 2 = $2 order by shift_id limit $3',
    where(tx, rows),
  )

/** What happens to the shift plan. */
export const shiftActions = {
  'plan-shifts': act(10, (tx) => insertShifts(tx, tx.rows)),
  'drop-shifts': act(10, (tx) => tx.delete(drop, where(tx, tx.rows))),
  'progress-shifts': act(25, (tx) => tx.update(progress, where(tx, tx.rows))),
  'touch-tall-shifts': act(6, async (tx) => {
    const ids = await tall(tx, 20)
    await tx.update(
      `update workforce.shifts set break_minutes = (break_minutes + 7) % 60, updated_at = clock_timestamp()
        where shift_id = any($1::bigint[]) and break_minutes >= 0`,
      [ids],
    )
  }),
  'rewrite-notes': act(4, (tx) =>
    tx.update(
      `update workforce.shifts set notes = ${longNotes}, updated_at = clock_timestamp() where ${range}`,
      [...where(tx, few(tx, 4)), String(salt(tx))],
    ),
  ),
  'renumber-shifts': act(4, (tx) => {
    const rows = few(tx, 20)
    return tx.update(
      `update workforce.shifts s set shift_id = m.fresh, updated_at = clock_timestamp()
        from (select shift_id, $4::bigint + 2 * (row_number() over (order by shift_id) - 1) as fresh
          from workforce.shifts where ${range}) m where s.shift_id = m.shift_id`,
      [...where(tx, rows), tx.lane.newShifts(rows)],
    )
  }),
  'renumber-tall-shift': act(3, async (tx) => {
    for (const id of await tall(tx, 1))
      await tx.update('update workforce.shifts set shift_id = $1 where shift_id = $2', [
        tx.lane.newShifts(1),
        id,
      ])
  }),
  'replan-same-key': act(4, async (tx) => {
    const ids = await someIds(tx, few(tx, 50))
    await tx.delete('delete from workforce.shifts where shift_id = any($1::bigint[])', [ids])
    await tx.insert(freshOf, [ids, salt(tx), tx.lane.lastShop, null])
  }),
  'ephemeral-shift': act(3, async (tx) => {
    const id = tx.lane.newShifts(1)
    await tx.insert(freshOf, [[String(id)], salt(tx), tx.lane.lastShop, null])
    await tx.update(
      `update workforce.shifts set status = 'cancelled', notes = 'mistake' where shift_id = $1`,
      [id],
    )
    await tx.delete('delete from workforce.shifts where shift_id = $1', [id])
  }),
  'swap-shifts': act(3, async (tx) => {
    const [a, b] = await someIds(tx, 2)
    if (a === undefined || b === undefined) return
    const aside = tx.lane.newShifts(1)
    const move = 'update workforce.shifts set shift_id = $1 where shift_id = $2'
    await tx.update(move, [aside, a])
    await tx.update(move, [a, b])
    await tx.update(move, [b, aside])
  }),
  'flip-shift-nulls': act(5, (tx) =>
    tx.update(
      `update workforce.shifts set updated_at = clock_timestamp(),
        notes = case when notes is null then '' when notes = '' then 'Short note' when octet_length(notes) < 200 then null else notes end,
        tags = case when tags is null then '{}' when tags = '{}' then array['', null] else null end,
        employee_id = case when employee_id is null then md5(shift_id::text)::uuid end
        where ${range}`,
      where(tx, tx.rows),
    ),
  ),
  'nest-json': act(4, (tx) =>
    tx.update(
      `update workforce.shifts set updated_at = clock_timestamp(), plan = jsonb_build_object('big', 123456789012345678901234567890,
        'exact', 0.1234567890123456789012, 'id', shift_id, 'text', E'tab\\t"quote" \\\\ é 🙂', 'empty', '{}'::jsonb, 'was', plan -> 'id',
        'deep', jsonb_build_array(jsonb_build_array(1, null, jsonb_build_object('a', array[true, false])), 1e-7, -0.0)) where ${range}`,
      where(tx, tx.rows),
    ),
  ),
  'large-transaction': act(0, async (tx) => {
    await insertShifts(tx, 1_000)
    for (let part = 0; part < 3; part += 1) await tx.update(progress, where(tx, 1_000))
    await tx.delete(drop, where(tx, 1_000))
  }),
  'bad-row': act(0, async (tx) => {
    const inserted = tx.dice.roll(4) === 0
    const [id] = inserted ? [String(tx.lane.newShifts(1))] : await someIds(tx, 1)
    if (id === undefined) return
    if (inserted) await tx.insert(freshOf, [[id], salt(tx), tx.lane.lastShop, -1])
    else await tx.update('update workforce.shifts set break_minutes = -1 where shift_id = $1', [id])
    tx.lane.bad.push(id)
    if (tx.lane.bad.length > 100) tx.lane.bad.shift()
  }),
  'mend-row': act(0, async (tx) => {
    const id = tx.lane.bad.pop()
    if (id === undefined) return
    await tx.update(
      'update workforce.shifts set break_minutes = 30, updated_at = clock_timestamp() where shift_id = $1',
      [id],
    )
  }),
  abandon: {
    weight: 3,
    run: async (tx: Transaction) => {
      await tx.update(progress, where(tx, few(tx, 50)))
      await insertShifts(tx, few(tx, 20))
      await tx.delete(drop, where(tx, few(tx, 20)))
      return 'rollback' as const
    },
  },
  'second-thoughts': act(3, async (tx) => {
    await tx.update(progress, where(tx, few(tx, 20)))
    await tx.undone(async () => {
      await tx.delete(drop, where(tx, few(tx, 20)))
      await insertShifts(tx, few(tx, 20))
    })
    await tx.update(progress, where(tx, few(tx, 20)))
  }),
} as const satisfies Record<string, Action>
