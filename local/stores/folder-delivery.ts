import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Block } from '../../core/block.ts'
import { nameOfBlock } from '../../core/ledger/ledger.ts'
import type { Clock, Delivery, Ledger, ObjectStore } from '../../core/ports/ports.ts'
import { MAX_ROW_JSON_BYTES } from '../../core/row-limit.ts'

/** When an object is closed: whichever comes first, as Firehose's buffering hints. Bytes are before compression. */
export interface BufferingHints {
  readonly bytes: number
  readonly milliseconds: number
}

export interface FolderDeliveryDeps {
  readonly objects: ObjectStore
  readonly now: Clock
  readonly hints: BufferingHints
  /** Told which blocks an object holds before their `put` resolves. */
  readonly ledger?: Pick<Ledger, 'delivered'>
  /** Told of the blocks of an object that is written, and its bytes. */
  readonly delivered?: (blocks: readonly Block[], objectBytes: number) => void
}

const compress = promisify(gzip)
/* Each further piece is another turn of the event loop. */
const PIECE_BYTES = 1 << 20

/**
 * Plays Firehose: gathers blocks of all tables and writes them as one gzip object under
 * `landing/changes/yyyy/MM/dd/HH/`. `put` resolves when the object that holds its blocks is durable, so callers
 * keep several puts open. Holds at most `hints.bytes` and one object being written.
 */
export class FolderDelivery implements Delivery {
  readonly maxBlockBytes = MAX_ROW_JSON_BYTES
  private readonly deps: FolderDeliveryDeps
  private held: Block[] = []
  private heldBytes = 0
  private waiters: { resolve: () => void; reject: (error: unknown) => void }[] = []
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()
  private serial = 0

  constructor(deps: FolderDeliveryDeps) {
    this.deps = deps
  }

  put(blocks: readonly Block[]): Promise<void> {
    if (blocks.length === 0) return Promise.resolve()
    const { hints } = this.deps
    for (const block of blocks) {
      this.held.push(block)
      this.heldBytes += block.text.length
    }
    const durable = new Promise<void>((resolve, reject) => this.waiters.push({ resolve, reject }))
    if (this.heldBytes >= hints.bytes) this.close()
    else this.timer ??= setTimeout(() => this.close(), hints.milliseconds)
    return durable
  }

  /** Closes the open object now and waits until everything put so far is durable. */
  async flush(): Promise<void> {
    this.close()
    await this.writing
  }

  private close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.held.length === 0) return
    const blocks = this.held
    const waiters = this.waiters
    this.held = []
    this.heldBytes = 0
    this.waiters = []
    this.writing = this.writing.then(async () => {
      try {
        await this.write(blocks)
        for (const { resolve } of waiters) resolve()
      } catch (error) {
        for (const { reject } of waiters) reject(error)
      }
    })
  }

  private async write(blocks: readonly Block[]): Promise<void> {
    const { objects, now, ledger, delivered } = this.deps
    const stamp = new Date(now()).toISOString()
    this.serial += 1
    /* Random, for a clock may be set back: the name of an object decides which history file it becomes. */
    const unique = `${String(this.serial).padStart(6, '0')}-${randomBytes(4).toString('hex')}`
    const name = `${stamp.replace(/[:.]/g, '-')}-${unique}`
    const folder = stamp.slice(0, 13).replace(/[-T]/g, '/')
    const key = `landing/changes/${folder}/${name}.ndjson.gz`
    const parts = blocks.map(({ text }) => text)
    const object = await compress(Buffer.concat(parts), { level: 1, chunkSize: PIECE_BYTES })
    await objects.put(key, object)
    delivered?.(blocks, object.length)
    await ledger?.delivered(
      key,
      blocks.flatMap((block) => nameOfBlock(block) ?? []),
    )
  }
}
