import fc from 'fast-check'
import type { RawChange } from '../../core/page.ts'
import { formatPosition, type PositionParts } from '../../core/position.ts'

/** Parts of a position; small numbers and both ends of each width come often, so that ties do too. */
export const anyPositionParts: fc.Arbitrary<PositionParts> = fc.record({
  epoch: fc.oneof(fc.constantFrom(0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff })),
  lsn: fc.oneof(
    fc.constantFrom(0n, 1n, 0xffff_ffffn, 2n ** 64n - 1n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ),
  ordinal: fc.oneof(fc.constantFrom(0, 1, 15, 16, 2 ** 36 - 1), fc.integer({ min: 0, max: 2 ** 36 - 1 })),
  step: fc.constantFrom(0 as const, 1 as const),
})

export const anyPosition: fc.Arbitrary<string> = anyPositionParts.map(formatPosition)

/** Any UTF-16 text: control characters, quotes, escapes, emoji and lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\u0000', '/', 'é', '😀', '\ud83d', '\ude00', '\u2028'),
    maxLength: 8,
  }),
)

/** Text that PostgreSQL can hold: well-formed, no NUL. */
export const anySourceText: fc.Arbitrary<string> = anyText.map((text) =>
  text.toWellFormed().replaceAll('\u0000', '·'),
)

/** A JSON number with any digits, far beyond what a JavaScript number holds. */
export const anyNumberText: fc.Arbitrary<string> = fc.oneof(
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,35})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/),
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.constantFrom('-0', '0', '-0.0', '999999999999999', '1000000000000000', '1e308', '1E+400'),
)

const anyName = fc.oneof(
  anyText.map((text) => `k${text}`),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', ''),
)

interface JsonTexts {
  readonly compact: string
  readonly spaced: string
}

const blank = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n')

/** The text of any JSON value without blanks, and the same value with blanks between its tokens; names are distinct. */
export const anyJsonTexts: fc.Arbitrary<JsonTexts> = fc.letrec<{ value: JsonTexts; scalar: JsonTexts }>(
  (tie) => ({
    scalar: fc
      .oneof(
        anyNumberText,
        anyText.map((text) => JSON.stringify(text)),
        fc.constantFrom('null', 'true', 'false'),
      )
      .map((text) => ({ compact: text, spaced: text })),
    value: fc.oneof(
      { maxDepth: 4 },
      tie('scalar'),
      fc.tuple(fc.array(tie('value'), { maxLength: 4 }), blank).map(([items, gap]) => ({
        compact: `[${items.map(({ compact }) => compact).join(',')}]`,
        spaced: `[${gap}${items.map(({ spaced }) => spaced).join(`${gap},${gap}`)}${gap}]`,
      })),
      fc
        .tuple(
          fc.uniqueArray(fc.tuple(anyName, tie('value')), { selector: ([name]) => name, maxLength: 4 }),
          blank,
        )
        .map(([members, gap]) => ({
          compact: `{${members.map(([name, { compact }]) => `${JSON.stringify(name)}:${compact}`).join(',')}}`,
          spaced: `{${gap}${members
            .map(([name, { spaced }]) => `${JSON.stringify(name)}${gap}:${gap}${spaced}`)
            .join(`${gap},${gap}`)}${gap}}`,
        })),
    ),
  }),
).value

/** Members of a row as DMS writes them: flat, with numbers of any digits. */
export const anyImageText: fc.Arbitrary<string> = fc
  .uniqueArray(
    fc.tuple(
      anyName,
      fc.oneof(
        anyNumberText,
        anyText.map((text) => JSON.stringify(text)),
        fc.constantFrom('null', 'true'),
      ),
    ),
    { selector: ([name]) => name, maxLength: 6 },
  )
  .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`)

/** A change as capture keeps it. */
export const anyRawChange: fc.Arbitrary<RawChange> = fc
  .record({
    operation: fc.constantFrom('load' as const, 'insert' as const, 'update' as const, 'delete' as const),
    position: anyPosition,
    committedAt: fc.constantFrom('2026-03-02T08:15:31.000001Z', '0001-01-01T00:00:00Z'),
    data: anyImageText,
    before: fc.option(anyImageText, { nil: undefined }),
  })
  .map(({ operation, position, committedAt, data, before }) => ({
    operation,
    position,
    committedAt: operation === 'load' ? null : committedAt,
    members: Buffer.from(`"data":${data}${before === undefined ? '' : `,"before-image":${before}`}`),
  }))

/** Changes in position order, as a page holds them. */
export const anyRawChanges: fc.Arbitrary<readonly RawChange[]> = fc
  .array(anyRawChange, { maxLength: 12 })
  .map((changes) => changes.sort((left, right) => (left.position < right.position ? -1 : 1)))
