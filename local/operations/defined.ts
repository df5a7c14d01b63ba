/** A value without the members that are undefined: what was not asked for takes its default. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  /* The entries are those of the value; only their types are lost on the way. */
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> }
}
