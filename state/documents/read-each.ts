const AT_ONCE = 16

/** What `read` finds of each key, in their order, some at once; without those that went meanwhile. */
export async function readEach<T>(
  keys: readonly string[],
  read: (key: string) => Promise<T | undefined>,
): Promise<readonly T[]> {
  const all: T[] = []
  for (let at = 0; at < keys.length; at += AT_ONCE)
    for (const found of await Promise.all(keys.slice(at, at + AT_ONCE).map(read)))
      if (found !== undefined) all.push(found)
  return all
}
