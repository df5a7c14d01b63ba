/** What a rule is about, and how a contract that breaks it is put right. */
export interface Rule {
  readonly title: string
  readonly fix: string
}

/**
 * Every rule of contracts. Ids are stable: messages carry them, and a rule that is given up leaves its id unused.
 * T1xx: the table, T2xx: its columns, T3xx: types, T4xx: conditions across columns.
 */
export const rules = {
  T101: {
    title: 'The lake name is domain.table in lower case',
    fix: 'Use a to z, 0 to 9 and _, from a letter, such as workforce.shifts.',
  },
  T102: { title: 'The version is a whole number from 1', fix: 'Use the number of the file name.' },
  T103: {
    title: 'A contract has an owner',
    fix: 'Write the address of the team that answers for the table.',
  },
  T104: { title: 'A table is described', fix: 'Say what one row is, in words an analyst knows.' },
  T105: {
    title: 'The source table is schema.table',
    fix: 'Write a part that holds a dot, a quote or a star in double quotes, as SQL does: "app.v2".users.',
  },
  T111: { title: 'There is a primary key', fix: 'Name the columns that tell one row from another.' },
  T112: { title: 'A key names a column once', fix: 'Take the second mention out.' },
  T113: {
    title: 'A key is made of columns of the contract',
    fix: 'Add the column, or correct the name in primaryKey.',
  },
  T114: {
    title: 'A key column is never null',
    fix: 'Take nullable off; a key that may be null is no key at the source.',
  },
  T115: {
    title: 'A key column has a type with one text for each value',
    fix: 'Lists, structs, documents and bytes cannot be keys; use another column.',
  },
  T116: {
    title: 'A key keeps its rows apart',
    fix: 'Use clear, hash or tokenise: a masked or dropped key merges rows.',
  },
  T117: {
    title: 'A key keeps its microseconds',
    fix: 'Use timestampMicros: two rows of one millisecond would be one.',
  },
  T118: { title: 'A key is not clamped', fix: 'Leave beyond out: clamped keys merge rows.' },
  T119: { title: 'A key has no default', fix: 'Take it out: rows without their key cannot be told apart.' },
  T121: {
    title: 'Partitions are made of columns of the contract',
    fix: 'Add the column, or correct the name in partitionBy.',
  },
  T122: {
    title: 'A partition column is never null and clear',
    fix: 'Choose another column: the folder of a partition shows its value.',
  },
  T123: { title: 'Days and months are of dates and timestamps', fix: 'Use { bucket: 16 } for other types.' },
  T124: { title: 'A partition has 1 to 1024 buckets', fix: 'Use a whole number, such as { bucket: 16 }.' },
  T125: {
    title: 'Buckets are of types that have one hash for each value',
    fix: 'Use an integer, decimal, text, UUID, bytes, date or timestamp column.',
  },
  T126: {
    title: 'A partition has a lake name of its own',
    fix: 'Rename the column that has the name of the partition.',
  },
  T201: {
    title: 'A column name is lower case letters, digits and _, from a letter, 63 at most',
    fix: 'Rename it, and give the name at the source as `from`.',
  },
  T202: {
    title: 'A column has a lake name of its own',
    fix: 'Rename one of the two; a timestampMicros x takes x and x_micros.',
  },
  T203: { title: 'A column is described', fix: 'Say what the value means, with its unit.' },
  T204: {
    title: 'A treatment has a class of personal data',
    fix: 'Say what the value is, such as pii: "name".',
  },
  T205: {
    title: 'What is hashed or tokenised has one text for each value',
    fix: 'Drop the column, or keep it clear.',
  },
  T206: { title: 'A mask fits its type', fix: 'Hash, tokenise or drop the column.' },
  T207: { title: 'A bound is a plain number', fix: 'Write it with digits, without an exponent.' },
  T208: { title: 'min is not above max', fix: 'Swap them.' },
  T209: { title: 'Bounds are of numbers', fix: 'Use check for other types.' },
  T211: {
    title: 'A rule for values beyond the type fits the type',
    fix: 'clamp is for numbers, dates and timestamps, null for those and varchar, text not for documents.',
  },
  T212: { title: 'beyond: null is for columns that may be null', fix: 'Add nullable: true.' },
  T213: {
    title: 'What values are clamped to is a value of the column',
    fix: 'Choose bounds that the type holds exactly.',
  },
  T214: { title: 'A default is a value of its column', fix: 'Write one that the type and the bounds hold.' },
  T301: {
    title: 'A decimal has 1 to 38 digits and no more decimals than that',
    fix: 'Use string for more digits: it keeps them all.',
  },
  T302: { title: 'The values of an enum are distinct, at least one', fix: 'List each value once.' },
  T303: { title: 'A text has a length of 1 or more', fix: 'Use a whole number, or string for any length.' },
  T304: {
    title: 'Microseconds are columns of their own',
    fix: 'Inside lists and structs use timestamp, or string to keep microseconds.',
  },
  T305: { title: 'A struct has fields', fix: 'Name one, or use json.' },
  T306: {
    title: 'A field name is lower case letters, digits and _, from a letter, 63 at most',
    fix: 'Rename it, and give the name of the member as `from`.',
  },
  T307: { title: 'A type is nested 8 levels deep at most', fix: 'Use json for the part below.' },
  T308: { title: 'A member of a JSON object is read once', fix: 'Take one of the two fields out.' },
  T401: { title: 'A check has a name of its own', fix: 'Say what holds, such as "ends after it starts".' },
  T402: { title: 'A check is about columns of the contract', fix: 'Add the column, or correct the name.' },
  T403: {
    title: 'A check compares like with like',
    fix: 'Exact numbers, floats, dates, timestamps, texts and so on have an order among themselves only.',
  },
  T404: { title: 'A check has one other side', fix: 'Give right or value, and not both.' },
  T405: { title: 'A literal is a value of its column', fix: 'Write one that the type of left holds.' },
  T406: { title: 'A check uses a known comparison', fix: 'Use one of = != < <= > >=.' },
} as const satisfies Record<string, Rule>

export type RuleId = keyof typeof rules
