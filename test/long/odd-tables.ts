/** A table of a database that is followed, or that must be left out while its application goes on. */
export interface OddTable {
  /** As SQL writes it. */
  readonly name: string
  /** Its current state in the lake, as SQL writes it; undefined for a table that is left out. */
  readonly lake?: string
  /** What its rows are read from, where not from its name. */
  readonly from?: string
  /** Makes it with its first rows. */
  readonly create: readonly string[]
  /** One of the application's statements, each in a transaction of its own; none may ever fail. */
  readonly write: (dice: Dice) => string
  /** What the two sides are compared by: SQL of one text for each, the source's and the lake's. */
  readonly compared?: readonly (readonly [source: string, lake: string])[]
  /** Rows of the source that a contract of the start cannot hold: they wait in quarantine, and are in the lake not at all or as they were. */
  readonly refused?: string
  /** Data definition while the run goes on, in order, spread over its time. */
  readonly meanwhile?: readonly string[]
}

/** Whole numbers from 0 to below `sides`, from a seed: a run can be done again. */
export type Dice = (sides: number) => number

const key = (dice: Dice) => 1 + dice(300)
const word = (dice: Dice) => `'w${dice(1_000_000)}'`

/** Inserts, updates, key changes and deletes of a table with columns `id` and `v`. */
function usual(name: string, more: (dice: Dice) => string = () => 'SELECT 1'): (dice: Dice) => string {
  return (dice) => {
    switch (dice(7)) {
      case 0:
      case 1:
        return `INSERT INTO ${name} (id, v) VALUES (${key(dice)}, ${word(dice)}) ON CONFLICT DO NOTHING`
      case 2:
      case 3:
        return `UPDATE ${name} SET v = ${word(dice)} WHERE id = ${key(dice)}`
      case 4:
        return `DELETE FROM ${name} WHERE id = ${key(dice)}`
      case 5:
        return `UPDATE ${name} SET id = id + 100000 WHERE id = ${key(dice)} AND NOT EXISTS (SELECT FROM ${name} o WHERE o.id = ${name}.id + 100000)`
      default:
        return more(dice)
    }
  }
}

const rows = (name: string) =>
  `INSERT INTO ${name} (id, v) SELECT i, 'v' || i FROM generate_series(1, 200) i ON CONFLICT DO NOTHING`

/** Writes of a table that is left out: the application's UPDATE and DELETE must go on. */
function others(name: string): (dice: Dice) => string {
  return (dice) =>
    dice(3) === 0
      ? `DELETE FROM ${name} WHERE id = ${key(dice)}`
      : `UPDATE ${name} SET v = ${word(dice)} WHERE id = ${key(dice)}`
}

function plain(name: string, lake: string, more: Partial<OddTable> = {}): OddTable {
  return {
    name,
    lake,
    create: [`CREATE TABLE ${name} (id int PRIMARY KEY, v text)`, rows(name)],
    write: usual(name),
    ...more,
  }
}

function leftOut(name: string, create: readonly string[], write = others(name)): OddTable {
  return { name, create, write }
}

/* A range-partitioned table of two leaves. */
function partitioned(name: string, leaf: string): readonly string[] {
  return [
    `CREATE TABLE ${name} (id int, v text, code int NOT NULL DEFAULT 0, PRIMARY KEY (id)) PARTITION BY RANGE (id)`,
    `CREATE TABLE ${leaf}_1 PARTITION OF ${name} FOR VALUES FROM (0) TO (150)`,
    `CREATE TABLE ${leaf}_2 PARTITION OF ${name} FOR VALUES FROM (150) TO (100000000)`,
    `INSERT INTO ${name} (id, v, code) SELECT i, 'v' || i, i FROM generate_series(1, 200) i`,
  ]
}

const wide = Array.from({ length: 600 }, (_, index) => `c${index}`)

/** Tables side by side in the schemas `odd`, `"app.v2"`, `"a.b"` and `a`, for a server of this major version. */
export function oddTables(major: number): readonly OddTable[] {
  return [
    plain('odd.plain', 'odd.plain', {
      meanwhile: [
        'ALTER TABLE odd.plain ADD COLUMN later int DEFAULT 7',
        'ALTER TABLE odd.plain DROP COLUMN later',
        'CREATE INDEX ON odd.plain (v)',
      ],
    }),
    plain('"app.v2".users', 'app_v2.users'),
    plain('"a.b".c', 'a_b.c'),
    plain('a."b.c"', 'a.b_c'),
    plain('odd."Mixed Case"', 'odd.mixed_case'),
    plain('odd.retyped', 'odd.retyped', {
      meanwhile: [
        'ALTER TABLE odd.retyped ALTER id TYPE bigint',
        'ALTER TABLE odd.retyped ALTER v TYPE varchar(300)',
        'ALTER TABLE odd.retyped ALTER v TYPE text',
      ],
    }),
    plain('odd.rewritten', 'odd.rewritten', {
      meanwhile: [
        'ALTER TABLE odd.rewritten ADD COLUMN at timestamptz DEFAULT clock_timestamp()',
        'VACUUM FULL odd.rewritten',
        `ALTER TABLE odd.rewritten ALTER v TYPE text USING v || ''`,
      ],
    }),
    plain('odd.emptied', 'odd.emptied', {
      meanwhile: ['TRUNCATE odd.emptied', rows('odd.emptied'), 'TRUNCATE odd.emptied', rows('odd.emptied')],
    }),
    plain('odd.whole', 'odd.whole', {
      create: [
        'CREATE TABLE odd.whole (id int PRIMARY KEY, v text)',
        rows('odd.whole'),
        'ALTER TABLE odd.whole REPLICA IDENTITY FULL',
      ],
    }),
    plain('odd.toasted', 'odd.toasted', {
      create: [
        'CREATE TABLE odd.toasted (id int PRIMARY KEY, v text, n int)',
        'ALTER TABLE odd.toasted ALTER v SET STORAGE EXTERNAL',
        `INSERT INTO odd.toasted SELECT i, repeat(md5(i::text), 200), 0 FROM generate_series(1, 200) i`,
      ],
      write: usual(
        'odd.toasted',
        (dice) => `UPDATE odd.toasted SET n = ${dice(1000)} WHERE id = ${key(dice)}`,
      ),
      compared: [
        ['id::text', 'id::VARCHAR'],
        ['v', 'v'],
        ['n::text', 'n::VARCHAR'],
      ],
    }),
    {
      name: 'odd.labels',
      lake: 'odd.labels',
      create: [
        `CREATE TYPE odd.mood AS ENUM ('good', 'bad')`,
        'CREATE TABLE odd.labels (id int PRIMARY KEY, v text, m odd.mood)',
        'ALTER TABLE odd.labels ALTER v SET STORAGE EXTERNAL',
        `INSERT INTO odd.labels SELECT i, repeat('x', 4000), 'good' FROM generate_series(1, 200) i`,
      ],
      write: usual('odd.labels', (dice) => `UPDATE odd.labels SET m = 'bad' WHERE id = ${key(dice)}`),
      refused: `m::text = 'new' OR id = 5001`,
      meanwhile: [
        `ALTER TYPE odd.mood ADD VALUE 'new'`,
        `INSERT INTO odd.labels VALUES (5000, repeat('y', 5000), 'new'), (5001, repeat('y', 5000), 'new')`,
        `UPDATE odd.labels SET m = 'bad' WHERE id = 5001`,
      ],
    },
    plain('odd.parts', 'odd.parts', {
      create: partitioned('odd.parts', 'odd.part'),
      meanwhile: [
        `CREATE TABLE odd.part_3 (id int PRIMARY KEY, v text, code int NOT NULL DEFAULT 0); INSERT INTO odd.part_3 SELECT i, 'a' || i, i FROM generate_series(200000000, 200000050) i`,
        'ALTER TABLE odd.parts ATTACH PARTITION odd.part_3 FOR VALUES FROM (200000000) TO (300000000)',
        'ALTER TABLE odd.parts DETACH PARTITION odd.part_3',
        `UPDATE odd.part_3 SET v = 'while away' WHERE id % 2 = 0`,
        'ALTER TABLE odd.parts ATTACH PARTITION odd.part_3 FOR VALUES FROM (200000000) TO (300000000)',
        'TRUNCATE odd.part_3',
      ],
    }),
    plain('odd.identity', 'odd.identity', {
      create: [
        'CREATE TABLE odd.identity (id int PRIMARY KEY, v text, code int NOT NULL DEFAULT 0)',
        `INSERT INTO odd.identity SELECT i, 'v' || i, i FROM generate_series(1, 200) i`,
      ],
      write: (dice) =>
        dice(2) === 0
          ? `UPDATE odd.identity SET v = ${word(dice)} WHERE id = ${key(dice)}`
          : `UPDATE odd.identity SET id = id + 100000 WHERE id = ${key(dice)}`,
      meanwhile: [
        'CREATE UNIQUE INDEX identity_code ON odd.identity (code)',
        'ALTER TABLE odd.identity REPLICA IDENTITY USING INDEX identity_code',
        'ALTER TABLE odd.identity REPLICA IDENTITY DEFAULT',
      ],
    }),
    plain('odd.orders', 'odd.orders'),
    plain('odd.wide', 'odd.wide', {
      create: [
        `CREATE TABLE odd.wide (id int PRIMARY KEY, v text, ${wide.map((name) => `${name} int`).join(', ')})`,
        `INSERT INTO odd.wide (id, v, c0, c599) SELECT i, 'v' || i, i, -i FROM generate_series(1, 50) i`,
      ],
      compared: [
        ['id::text', 'id::VARCHAR'],
        ['v', 'v'],
        ['c599::text', 'c599::VARCHAR'],
      ],
    }),
    plain('odd.parent', 'odd.parent', {
      create: [
        'CREATE TABLE odd.parent (id int PRIMARY KEY, v text)',
        rows('odd.parent'),
        'CREATE TABLE odd.child (PRIMARY KEY (id)) INHERITS (odd.parent)',
        'INSERT INTO odd.child SELECT i, $$child$$ FROM generate_series(1000, 1010) i',
      ],
      from: 'ONLY odd.parent',
      write: inherited,
    }),
    ...(major >= 18
      ? [
          plain('odd.nullable', 'odd.nullable', {
            write: (dice) =>
              dice(2) === 0
                ? `UPDATE odd.nullable SET v = ${word(dice)} WHERE id = ${key(dice)}`
                : `DELETE FROM odd.nullable WHERE id = ${key(dice)} AND id % 10 = 0`,
            create: [
              'CREATE TABLE odd.nullable (id int PRIMARY KEY, v text)',
              `INSERT INTO odd.nullable SELECT i, CASE WHEN i % 2 = 0 THEN 'v' END FROM generate_series(1, 200) i`,
              'ALTER TABLE odd.nullable ADD CONSTRAINT nn NOT NULL v NOT VALID',
            ],
          }),
        ]
      : []),
    leftOut('odd.keyless', ['CREATE TABLE odd.keyless (id int, v text)', rows('odd.keyless')]),
    leftOut('odd.deferred', [
      'CREATE TABLE odd.deferred (id int PRIMARY KEY DEFERRABLE, v text)',
      `INSERT INTO odd.deferred SELECT i, 'v' || i FROM generate_series(1, 200) i`,
    ]),
    leftOut(
      'odd.shifted',
      [
        'CREATE TABLE odd.shifted (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text)',
        `INSERT INTO odd.shifted SELECT i, 'v' || i FROM generate_series(1, 20) i`,
        'ALTER TABLE odd.shifted REPLICA IDENTITY FULL',
      ],
      () => 'UPDATE odd.shifted SET id = id + 1',
    ),
    leftOut('odd.silent', [
      ...partitioned('odd.silent', 'odd.silent'),
      'ALTER TABLE odd.silent_1 REPLICA IDENTITY NOTHING',
    ]),
    leftOut('odd.unlogged_leaf', [
      'CREATE TABLE odd.unlogged_leaf (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id)',
      'CREATE TABLE odd.leaf_1 PARTITION OF odd.unlogged_leaf FOR VALUES FROM (0) TO (100)',
      'CREATE UNLOGGED TABLE odd.leaf_2 PARTITION OF odd.unlogged_leaf FOR VALUES FROM (100) TO (100000)',
      rows('odd.unlogged_leaf'),
    ]),
    leftOut('odd.other_index', [
      ...partitioned('odd.other_index', 'odd.other_index'),
      'CREATE UNIQUE INDEX other_code ON odd.other_index_1 (code)',
      'ALTER TABLE odd.other_index_1 REPLICA IDENTITY USING INDEX other_code',
    ]),
    leftOut('odd.nothing', [
      'CREATE TABLE odd.nothing (id int PRIMARY KEY, v text)',
      rows('odd.nothing'),
      'ALTER TABLE odd.nothing REPLICA IDENTITY NOTHING',
    ]),
    leftOut('odd.generated_key', [
      'CREATE TABLE odd.generated_key (id int NOT NULL, v text, g int GENERATED ALWAYS AS (id * 2) STORED PRIMARY KEY)',
      rows('odd.generated_key'),
    ]),
    leftOut('odd.generated_full', [
      'CREATE TABLE odd.generated_full (id int PRIMARY KEY, v text, g int GENERATED ALWAYS AS (id * 2) STORED)',
      rows('odd.generated_full'),
      'ALTER TABLE odd.generated_full REPLICA IDENTITY FULL',
    ]),
    ...(major >= 18
      ? [
          leftOut('odd.virtual_full', [
            'CREATE TABLE odd.virtual_full (id int PRIMARY KEY, v text, g int GENERATED ALWAYS AS (id * 2) VIRTUAL)',
            rows('odd.virtual_full'),
            'ALTER TABLE odd.virtual_full REPLICA IDENTITY FULL',
          ]),
        ]
      : []),
    leftOut('odd."Orders"', ['CREATE TABLE odd."Orders" (id int PRIMARY KEY, v text)', rows('odd."Orders"')]),
    leftOut('odd.unlogged', [
      'CREATE UNLOGGED TABLE odd.unlogged (id int PRIMARY KEY, v text)',
      rows('odd.unlogged'),
    ]),
  ]
}

function inherited(dice: Dice): string {
  return dice(2) === 0
    ? `UPDATE odd.parent SET v = ${word(dice)} WHERE id = ${key(dice)}`
    : `DELETE FROM odd.parent WHERE id = ${key(dice)}`
}
