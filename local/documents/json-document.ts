import { dirname } from 'node:path'
import { Mutex } from '../../core/mutex.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { sealedJson, writeSealed } from './json-file.ts'
import { dropJournal, type Edit, JsonJournal, journalsOf } from './json-journal.ts'

const WHOLE_BYTES = 64 << 10

/**
 * A JSON file of the run folder that one process changes a little at a time. While it is small it is replaced as a whole; a
 * larger one is continued in a journal, which is folded into it when it has grown as large: a change costs what it changes.
 * `readJsonFile` reads both, beside the writer too. Each change is on disk when it resolves; changes are taken in turn.
 */
export class JsonDocument {
  private readonly path: string
  private readonly wholeBytes: number
  private journal: JsonJournal | undefined
  private fileBytes = 0
  private readonly changes = new Mutex()

  /** `wholeBytes`: a file that is no larger has no journal. */
  constructor(path: string, wholeBytes = WHOLE_BYTES) {
    this.path = path
    this.wholeBytes = wholeBytes
  }

  /** Replaces the document. */
  write(value: object): Promise<void> {
    return this.changes.run(() => this.replace(value))
  }

  /** Makes `edits`, which make `value` of what the document was. */
  edit(value: object, edits: readonly Edit[]): Promise<void> {
    return this.changes.run(async () => {
      const { journal } = this
      if (journal === undefined || journal.bytes > Math.max(this.fileBytes, this.wholeBytes))
        return this.replace(value)
      try {
        await journal.append(edits)
      } catch (error) {
        /* What is in it now nobody knows: the next change writes all. */
        await this.letGo()
        throw error
      }
    })
  }

  /** Closes the journal; the next change begins a new one. */
  close(): Promise<void> {
    return this.changes.run(() => this.letGo())
  }

  private async letGo(): Promise<void> {
    const { journal } = this
    this.journal = undefined
    await journal?.close().catch(() => undefined)
  }

  /* The new journal, the file that names it, then the old one goes: cut off between them, a file has the journal that it names. */
  private async replace(value: object): Promise<void> {
    await this.letGo()
    const others = await journalsOf(this.path)
    const number = Math.max(0, ...others) + 1
    const whole = sealedJson(value)
    if (whole.length <= this.wholeBytes) await writeSealed(this.path, whole)
    else {
      await makeFolder(dirname(this.path))
      const journal = await JsonJournal.begin(this.path, number)
      const text = sealedJson({ ...value, continued: number })
      try {
        await writeSealed(this.path, text)
      } catch (error) {
        await journal.close()
        throw error
      }
      this.journal = journal
      this.fileBytes = text.length
    }
    for (const other of others) await dropJournal(this.path, other)
  }
}
