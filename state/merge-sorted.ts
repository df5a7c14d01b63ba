/** The items of sorted sources in one order; holds one item of each source beside what the sources hold. */
export async function* mergeSorted<T>(
  sources: readonly AsyncGenerator<T>[],
  compare: (left: T, right: T) => number,
): AsyncGenerator<T> {
  try {
    const heads = await Promise.all(sources.map(async (source) => ({ source, head: await source.next() })))
    for (;;) {
      const least = heads
        .filter(({ head }) => head.done !== true)
        .reduce<(typeof heads)[number] | undefined>(
          (best, one) => (best === undefined || compare(one.head.value, best.head.value) < 0 ? one : best),
          undefined,
        )
      if (least === undefined) return
      yield least.head.value
      least.head = await least.source.next()
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)))
  }
}
