import { type Action, committed as act, type Transaction } from './traffic-transaction.ts'

// $1 and $2 bound the lane's uuids, $3 rows.
const employeeRange = `employee_id = any(array(select employee_id from workforce.employees
  where employee_id between $1::uuid and $2::uuid order by employee_id limit $3))`
const absenceRange = `(employee_id, starts_on) in (select employee_id, starts_on from workforce.absences
  where employee_id between $1::uuid and $2::uuid order by employee_id, starts_on limit $3)`
const payslipRange = `payslip_id = any(array(select payslip_id from workforce.payslips
  where payslip_id between $1::uuid and $2::uuid order by payslip_id limit $3))`
const shopRange = `shop_id = any(array(select shop_id from workforce.shops
  where shop_id >= $1 and shop_id % 2 = $2 order by shop_id limit $3))`

const where = (tx: Transaction, rows: number) => [tx.dice.uuid(tx.lane.number), tx.lane.lastUuid, rows]
const few = (tx: Transaction, most: number) => 1 + tx.dice.roll(Math.min(tx.rows, most))
const anyShop = (tx: Transaction) => 1 + tx.dice.roll(tx.lane.lastShop)
const digits = (tx: Transaction) => String(tx.dice.roll(1_000_000))

/** What happens to people, their contracts, absences and pay, and to shops. */
export const peopleActions = {
  // A restart with the same seed draws the same people again: whom it knows, it leaves alone.
  hire: act(3, async (tx) => {
    const ids = Array.from({ length: few(tx, 8) }, () => tx.dice.uuid(tx.lane.number))
    await tx.insert(
      `insert into workforce.employees select id, $2, 'Zoë', 'O''Neill-' || left(id::text, 4), 'new@example.com', '', null, null,
        date '1990-02-28', current_date, array['till', 'a,b', '"'], null, 'Starts on Monday', clock_timestamp()
        from unnest($1::uuid[]) id on conflict do nothing`,
      [ids, anyShop(tx)],
    )
    await tx.insert(
      `insert into workforce.employment_contracts select id, 1, 'fixed_term', 24.5, 12.3456, current_date, current_date + 90, null, null
        from unnest($1::uuid[]) id where not exists (select 1 from workforce.employment_contracts c where c.employee_id = id)`,
      [ids],
    )
  }),
  leave: act(3, async (tx) => {
    const ids = await tx.select(
      'select employee_id from workforce.employees where employee_id between $1::uuid and $2::uuid order by employee_id limit $3',
      where(tx, few(tx, 8)),
    )
    for (const table of ['absences', 'employment_contracts', 'employees'])
      await tx.delete(`delete from workforce.${table} where employee_id = any($1::uuid[])`, [ids])
  }),
  'move-employees': act(5, (tx) =>
    tx.update(
      `update workforce.employees set shop_id = $4, performance_score = 37.1, updated_at = clock_timestamp() where ${employeeRange}`,
      [...where(tx, tx.rows), anyShop(tx)],
    ),
  ),
  'rewrite-about': act(2, (tx) =>
    tx.update(
      `update workforce.employees set updated_at = clock_timestamp(),
        about = (select string_agg(md5(employee_id::text || $4 || i), ' ') from generate_series(1, 290) i) where ${employeeRange}`,
      [...where(tx, few(tx, 3)), digits(tx)],
    ),
  ),
  'flip-employee-nulls': act(4, (tx) =>
    tx.update(
      `update workforce.employees set updated_at = clock_timestamp(),
        phone = case when phone is null then '' when phone = '' then '+33600000000' end,
        email = case when email is null then '' when email = '' then left(employee_id::text, 8) || '@example.com' end,
        birth_date = case when birth_date is null then date '1999-12-31' end,
        skills = case when skills = '{}' then array['', 'keys'] else '{}' end where ${employeeRange}`,
      where(tx, few(tx, 100)),
    ),
  ),
  // Whole people at a time: contracts of one person never meet on one number.
  'renumber-contract': act(3, (tx) =>
    tx.update(
      `update workforce.employment_contracts set contract_no = case when contract_no > 30000 then contract_no % 10 else contract_no + 10 end
        where ${employeeRange}`,
      where(tx, few(tx, 20)),
    ),
  ),
  'raise-wages': act(4, (tx) =>
    tx.update(
      `update workforce.employment_contracts set hourly_rate = hourly_rate % 90 + 0.0125, clauses = case when clauses is null
        then array['mobility', null] else null end where ${employeeRange}`,
      where(tx, tx.rows),
    ),
  ),
  'plan-absences': act(5, (tx) =>
    tx.insert(
      `insert into workforce.absences select employee_id, current_date + $4::int, current_date + $4::int + 2, 'paid_leave', 14.25, null,
        case when $4::int % 2 = 0 then 'Family matter' end, clock_timestamp() from workforce.employees where ${employeeRange}
        on conflict do nothing`,
      [...where(tx, tx.rows), tx.dice.roll(300)],
    ),
  ),
  'approve-absences': act(4, (tx) =>
    tx.update(
      `update workforce.absences set approved = case when approved then null else true end, updated_at = clock_timestamp(),
        reason = case when reason is null then '' when reason = '' then E'Line\\nbreak' end where ${absenceRange}`,
      where(tx, tx.rows),
    ),
  ),
  'move-absences': act(4, (tx) =>
    tx.update(
      `update workforce.absences a set starts_on = starts_on + $4::int, ends_on = ends_on + $4::int, updated_at = clock_timestamp()
        where ${absenceRange} and not exists (select 1 from workforce.absences b
          where b.employee_id = a.employee_id and b.starts_on = a.starts_on + $4::int)`,
      [...where(tx, few(tx, 50)), 1 + tx.dice.roll(6)],
    ),
  ),
  'drop-absences': act(5, (tx) =>
    tx.delete(`delete from workforce.absences where ${absenceRange}`, where(tx, tx.rows)),
  ),
  'issue-payslips': act(4, (tx) =>
    tx.insert(
      `insert into workforce.payslips select ($1 || substr(md5($2 || n), 9))::uuid,
        coalesce((select employee_id from workforce.employees where employee_id >= md5($2 || n)::uuid order by employee_id limit 1),
          '00000000-0000-0000-0000-000000000000'), date_trunc('month', current_date)::date, 2000 + n + 0.01, 1500 + n + 0.99,
        9007199254740993 + n, n, 'EUR', jsonb_build_object('n', n, 'ytd', 12345678901234567890), null,
        case when n % 10 = 0 then decode(md5($2 || n) || '00', 'hex') end
        from generate_series(1, $3::int) n on conflict do nothing`,
      [tx.dice.uuid(tx.lane.number).slice(0, 8), digits(tx), tx.rows],
    ),
  ),
  'pay-payslips': act(4, (tx) =>
    tx.update(
      `update workforce.payslips set paid_at = case when paid_at is null then clock_timestamp() end,
        overtime_minutes = (overtime_minutes + 13) % 900 where ${payslipRange}`,
      where(tx, tx.rows),
    ),
  ),
  'void-payslips': act(4, (tx) =>
    tx.delete(`delete from workforce.payslips where ${payslipRange}`, where(tx, tx.rows)),
  ),
  'shop-hours': act(2, (tx) =>
    tx.update(
      `update workforce.shops set is_open = not is_open, updated_at = clock_timestamp(), latitude = -latitude,
        city = case when city is null then '' when city = '' then 'Nîmes' end,
        opening_hours = case when opening_hours is null then '{"mon": [["09:00", "19:00"]], "note": ""}'::jsonb end where ${shopRange}`,
      [anyShop(tx), tx.lane.number, few(tx, 4)],
    ),
  ),
  'open-close-shop': act(1, async (tx) => {
    const { lane } = tx
    await tx.delete(`delete from workforce.shops where ${shopRange}`, [lane.lastShop + 1, lane.number, 1])
    const shop = lane.newShop()
    await tx.insert(
      `insert into workforce.shops values ($1::int, 'POP-' || $1, 'Pop-up', null, 'FR', 43.5, -1.5, current_date, true, null, clock_timestamp())`,
      [shop],
    )
  }),
} as const satisfies Record<string, Action>
