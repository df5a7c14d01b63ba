/** The lines that differ between two texts, `- ` before those that go and `+ ` before those that come, in their order. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const common = commonLengths(before, after)
  const lines: string[] = []
  let i = 0
  let j = 0
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      i += 1
      j += 1
    } else if (j >= after.length || (i < before.length && at(common, i + 1, j) >= at(common, i, j + 1))) {
      lines.push(`- ${before[i] ?? ''}`)
      i += 1
    } else {
      lines.push(`+ ${after[j] ?? ''}`)
      j += 1
    }
  }
  return lines
}

/* Length of the longest common subsequence of what is left from line i and line j on. Tables have a few thousand lines at most. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly Uint16Array[] {
  const rows = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1))
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = rows[i]
      if (row === undefined) continue
      row[j] =
        before[i] === after[j] ? at(rows, i + 1, j + 1) + 1 : Math.max(at(rows, i + 1, j), at(rows, i, j + 1))
    }
  return rows
}

function at(rows: readonly Uint16Array[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0
}
