-- Shift planning of a retail company: the source that a fresh Tidemark replicates.
-- Keys and foreign keys follow the rows, in sample-keys.sql: loading without them is twice as fast.
create schema workforce;

create type workforce.contract_kind as enum ('permanent', 'fixed_term', 'apprentice', 'interim');
create type workforce.shift_status as enum ('draft', 'published', 'confirmed', 'done', 'cancelled');
create type workforce.absence_kind as enum ('paid_leave', 'sick', 'unpaid', 'training', 'parental');

create table workforce.shops (
  shop_id integer not null,
  code text not null,
  name text not null,
  city text,
  country_code char(2) not null,
  latitude double precision,
  longitude double precision,
  opened_on date not null,
  is_open boolean not null,
  opening_hours jsonb,
  updated_at timestamptz not null
);

create table workforce.employees (
  employee_id uuid not null,
  shop_id integer not null,
  first_name text,
  last_name text,
  email text,
  phone text,
  iban text,
  national_id text,
  birth_date date,
  hired_on date not null,
  skills text[] not null,
  performance_score real,
  about text,
  updated_at timestamptz not null
);

create table workforce.employment_contracts (
  employee_id uuid not null,
  contract_no smallint not null,
  kind workforce.contract_kind not null,
  weekly_hours numeric(5, 2) not null,
  hourly_rate numeric(10, 4) not null,
  starts_on date not null,
  ends_on date,
  signed_at timestamptz,
  clauses text[]
);

-- Ids lie beyond 2^53: whoever reads them as a double gets another shift.
create table workforce.shifts (
  shift_id bigint not null,
  shop_id integer not null,
  employee_id uuid,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  break_minutes smallint not null,
  status workforce.shift_status not null,
  labour_cost numeric(12, 2),
  tags text[],
  plan jsonb,
  notes text,
  updated_at timestamptz not null
);
-- Long notes go out of line whole; employees.about is compressed first. Both ways occur in practice.
alter table workforce.shifts alter column notes set storage external;

create table workforce.absences (
  employee_id uuid not null,
  starts_on date not null,
  ends_on date not null,
  kind workforce.absence_kind not null,
  hours numeric(6, 2) not null,
  approved boolean,
  reason text,
  updated_at timestamptz not null
);

create table workforce.payslips (
  payslip_id uuid not null,
  employee_id uuid not null,
  period date not null,
  gross numeric(12, 2) not null,
  net numeric(12, 2) not null,
  worked_minutes bigint not null,
  overtime_minutes integer not null,
  currency char(3) not null,
  details jsonb,
  paid_at timestamptz,
  document bytea
);
