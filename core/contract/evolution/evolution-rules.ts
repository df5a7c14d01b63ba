/**
 * What breaks when a released version changes, worst first: `query`: SQL over the lake; `file`: Parquet files that are
 * there have another type; `ingest`: rows are refused that passed before.
 */
export type Ladder = 'query' | 'file' | 'ingest'

export interface EvolutionRule {
  readonly ladder: Ladder
  readonly title: string
  readonly fix: string
}

const NEW_VERSION = 'Leave this file as it was released and write the change as a new file vN+1 beside it.'

/** Every way of breaking the readers or the source of a released contract version. Ids are stable. */
export const evolutionRules = {
  Q101: {
    ladder: 'query',
    title: 'A column is gone',
    fix: `${NEW_VERSION} List the column in retired.json, so that its name never comes back with another type.`,
  },
  Q102: {
    ladder: 'query',
    title: 'A column has another name',
    fix: `${NEW_VERSION} When only the source renamed it, keep the lake name and set \`from\`.`,
  },
  Q103: { ladder: 'query', title: 'Columns stand in another order', fix: 'Put the columns back in order.' },
  Q104: { ladder: 'query', title: 'The primary key changed', fix: NEW_VERSION },
  Q105: { ladder: 'query', title: 'The partitioning changed', fix: NEW_VERSION },
  Q106: {
    ladder: 'query',
    title: 'A column that never was null may be null',
    fix: `${NEW_VERSION} Queries that join or compare on the column lose rows silently.`,
  },
  Q107: {
    ladder: 'query',
    title: 'Class or treatment of personal data changed',
    fix: `${NEW_VERSION} Old rows keep the old treatment: a column that was clear stays clear in history.`,
  },
  Q108: {
    ladder: 'query',
    title: 'A new column stands before older ones',
    fix: 'Move the new column to the end of `columns`: there it is additive.',
  },
  Q109: {
    ladder: 'query',
    title: 'A released version is gone',
    fix: 'Bring the file back, or list the version under `versions` in retired.json with the day and the reason.',
  },
  Q110: { ladder: 'query', title: 'A column is read from another source column', fix: NEW_VERSION },
  Q111: {
    ladder: 'query',
    title: 'Unknown source fields no longer reach `_extra`',
    fix: `${NEW_VERSION} Queries that read \`_extra\` find nothing there any more.`,
  },
  F201: {
    ladder: 'file',
    title: 'A column has another type in the lake',
    fix: `${NEW_VERSION} Or add a second column at the end with the new type and stop using the old one.`,
  },
  F202: {
    ladder: 'file',
    title: 'A retired column came back with another type',
    fix: 'Choose another name: files of the lake still hold the old type under this one.',
  },
  F203: {
    ladder: 'file',
    title: 'A retired version came back',
    fix: 'Take the next free version number: the folder of this one still holds its files.',
  },
  I301: {
    ladder: 'ingest',
    title: 'A column that could be null must not be null',
    fix: `${NEW_VERSION} Rows with null would wait in quarantine, also those of a replay.`,
  },
  I302: {
    ladder: 'ingest',
    title: 'A new column must not be null',
    fix: 'Make it nullable and put it at the end: rows that are there have no value for it. Or write a new version.',
  },
  I303: { ladder: 'ingest', title: 'Bounds are tighter', fix: `${NEW_VERSION} Or keep the wider bound.` },
  I304: {
    ladder: 'ingest',
    title: 'Values of an enum are gone',
    fix: `${NEW_VERSION} Or keep the value: old rows have it.`,
  },
  I305: {
    ladder: 'ingest',
    title: 'A check was added or changed',
    fix: `${NEW_VERSION} A \`fail\` sample shows what it refuses.`,
  },
  I306: { ladder: 'ingest', title: 'The type takes fewer values', fix: NEW_VERSION },
  I307: { ladder: 'ingest', title: 'Unknown source fields are refused', fix: NEW_VERSION },
  I308: { ladder: 'ingest', title: 'The rows come from another source table', fix: NEW_VERSION },
  I309: { ladder: 'ingest', title: 'Another rule for its values changed', fix: NEW_VERSION },
} as const satisfies Readonly<Record<string, EvolutionRule>>

export type EvolutionRuleId = keyof typeof evolutionRules

/** One rule that a change breaks, and where: a column, or the table when there is none. */
export interface RuleHit {
  readonly rule: EvolutionRuleId
  readonly column?: string
  readonly message: string
}
