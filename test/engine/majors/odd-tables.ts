/** A table that PostgreSQL or the lake asks more of than it seems: how it is made, and what a start makes of it. */
export interface OddTable {
  /** From this major on; 13 when left out, for PostgreSQL 12 publishes no partitioned table. */
  readonly from?: number
  readonly until?: number
  /** In the schema `odd_<name>`: makes the table `t` and whatever belongs to it. */
  readonly ddl: string
  /** The code with which it is left out; undefined when it is followed. */
  readonly code?: string | ((major: number) => string | undefined)
  /** Whether what is printed makes it followable; without, the table is to be left out. */
  readonly isMended?: boolean
  /** A column whose updates are tried; `v` when left out. */
  readonly column?: string
}

const ROOT = 'create table t (id int, d int, v int, primary key (id, d)) partition by range (d);'
const LEAF = 'create table t_1 partition of t for values from (0) to (10);'

/* Each has the columns id, d and v, and takes a row (1, 1, 1). */
export const oddTables: Readonly<Record<string, OddTable>> = {
  plain: { ddl: 'create table t (id int primary key, d int, v int)' },
  keyless: { ddl: 'create table t (id int, d int, v int)', code: 'source/no-primary-key' },
  nothing: {
    ddl: 'create table t (id int primary key, d int, v int); alter table t replica identity nothing',
    code: 'source/replica-identity',
    isMended: true,
  },
  deferrable: {
    ddl: 'create table t (id int primary key deferrable, d int, v int)',
    code: 'source/deferrable-key',
    isMended: true,
  },
  deferrable_full: {
    ddl: 'create table t (id int primary key deferrable initially deferred, d int, v int); alter table t replica identity full',
    code: 'source/deferrable-key',
    isMended: true,
  },
  deferrable_beside: {
    ddl: 'create table t (id int primary key deferrable, d int, v int); create unique index t_at_once on t (id); alter table t replica identity using index t_at_once',
  },
  deferrable_beside_partial: {
    ddl: 'create table t (id int primary key deferrable, d int, v int); create unique index t_some on t (id) where v > 0; create unique index t_sum on t ((id + 1))',
    code: 'source/deferrable-key',
    isMended: true,
  },
  identity_of_other_column: {
    ddl: 'create table t (id int primary key, d int not null unique, v int); alter table t replica identity using index t_d_key',
    code: 'source/replica-identity',
    isMended: true,
  },
  identity_index_gone: {
    ddl: 'create table t (id int primary key, d int, v int); create unique index t_x on t (id); alter table t replica identity using index t_x; drop index t_x',
    code: 'source/replica-identity',
    isMended: true,
  },
  identity_with_more: {
    ddl: 'create table t (id int primary key, d int not null, v int); create unique index t_x on t (id, d); alter table t replica identity using index t_x',
  },
  full: { ddl: 'create table t (id int primary key, d int, v int); alter table t replica identity full' },
  full_stored: {
    ddl: 'create table t (id int primary key, d int, v int, g int generated always as (d * 2) stored); alter table t replica identity full',
    code: (major) => (major >= 18 ? 'source/replica-identity' : undefined),
    isMended: true,
  },
  full_virtual: {
    from: 18,
    ddl: 'create table t (id int primary key, d int, v int, g int generated always as (d * 2) virtual); alter table t replica identity full',
    code: 'source/replica-identity',
    isMended: true,
  },
  default_stored: {
    ddl: 'create table t (id int primary key, d int, v int, g int generated always as (d * 2) stored)',
  },
  generated_key: {
    ddl: 'create table t (id int, d int, v int, g int generated always as (id * 2) stored primary key)',
    code: 'source/no-primary-key',
  },
  identity_with_generated: {
    ddl: 'create table t (id int primary key, d int, v int, g int generated always as (id * 2) stored not null); create unique index t_x on t (id, g); alter table t replica identity using index t_x',
    code: (major) => (major >= 18 ? 'source/replica-identity' : undefined),
    isMended: true,
  },
  partitioned: { from: 13, ddl: ROOT + LEAF },
  no_leaf: { from: 13, ddl: `${ROOT} create table t_1 partition of t default` },
  leaf_nothing: {
    from: 13,
    ddl: `${ROOT}${LEAF} alter table t_1 replica identity nothing`,
    code: 'source/replica-identity',
    isMended: true,
  },
  leaf_of_leaf_nothing: {
    from: 13,
    ddl: `${ROOT} create table t_1 partition of t for values from (0) to (10) partition by range (id); create table t_1_1 partition of t_1 for values from (0) to (100); alter table t_1_1 replica identity nothing`,
    code: 'source/replica-identity',
    isMended: true,
  },
  leaf_by_other_index: {
    from: 13,
    ddl: `create table t (id int, d int, v int not null, primary key (id, d)) partition by range (d);${LEAF} create unique index t_1_v on t_1 (v); alter table t_1 replica identity using index t_1_v`,
    code: 'source/replica-identity',
    isMended: true,
  },
  leaf_unlogged: {
    from: 13,
    ddl: `${ROOT} create unlogged table t_1 partition of t for values from (0) to (10)`,
    code: 'source/not-logged',
    isMended: true,
  },
  root_nothing: {
    from: 13,
    ddl: `${ROOT}${LEAF} alter table t replica identity nothing`,
    code: 'source/replica-identity',
    isMended: true,
  },
  root_full: {
    from: 13,
    ddl: `${ROOT}${LEAF} alter table t replica identity full`,
    code: 'source/replica-identity',
    isMended: true,
  },
  root_deferrable: {
    from: 13,
    ddl: `create table t (id int, d int, v int, primary key (id, d) deferrable) partition by range (d);${LEAF}`,
    code: 'source/deferrable-key',
    isMended: true,
  },
  root_key_not_on_each: {
    from: 13,
    ddl: `create table t (id int not null, d int not null, v int) partition by range (d);${LEAF} alter table only t add primary key (id, d)`,
    code: 'source/no-primary-key',
    isMended: true,
  },
  keys_of_leaves: {
    from: 13,
    ddl: `create table t (id int not null, d int not null, v int) partition by range (d);${LEAF} create table t_2 partition of t for values from (10) to (20); alter table t_1 add primary key (id); alter table t_2 add primary key (id)`,
    code: 'source/no-primary-key',
    isMended: true,
  },
  whole_keys_of_leaves: {
    from: 13,
    ddl: `create table t (id int not null, d int not null, v int) partition by range (d);${LEAF} alter table t_1 add primary key (id, d)`,
    code: 'source/no-primary-key',
    isMended: true,
  },
  by_expression: {
    from: 13,
    ddl: 'create table t (id int, d int, v int) partition by range ((d + 1)); create table t_1 partition of t for values from (0) to (10)',
    code: 'source/no-primary-key',
  },
  root_of_12: {
    from: 12,
    until: 12,
    ddl: ROOT + LEAF,
    code: 'source/unsupported-version',
  },
  with_rules_of_time: {
    from: 18,
    ddl: `create table t (id int4range, d int4range, v int, primary key (id, d without overlaps))`,
    column: 'v',
  },
}
