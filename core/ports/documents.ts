import type * as z from 'zod'

/** What a document may be: the members of a JSON object. */
export type DocumentBody = Readonly<Record<string, unknown>>

/**
 * Documents of the state by key, each a JSON object: objects of the bucket on AWS, items of the state file on a machine.
 * Durability: a document is durable, whole, when `put` resolves. Duplicates: the last put of a key wins. Order: `list` by
 * key, byte order. Concurrency: one writer for each document, any number of readers.
 * Limits: a document fits in memory; keys as those of `ObjectStore`.
 * Throws `objects/corrupt` on AWS, `run/damaged` and `run/bad-folder` on a machine, for a document that is not what was
 * written, or of another form.
 */
export interface Documents {
  get<S extends z.ZodType>(key: string, form: S): Promise<z.output<S> | undefined>
  /**
   * `parts` names a member that is a list: where a document is items, only those of its elements are written that are others
   * than in the last put, by identity. Who reads meanwhile may see some of them newer than the rest, each of them whole.
   */
  put(key: string, document: DocumentBody, parts?: string): Promise<void>
  list(prefix: string): Promise<readonly string[]>
}
