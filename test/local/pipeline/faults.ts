import { setImmediate as breathe } from 'node:timers/promises'
import type { Catalog, ObjectStore, Quarantine } from '../../../core/ports/ports.ts'
import type { FolderLedger } from '../../../local/ledger/folder-ledger.ts'

/**
 * What happens to one call of a port: `reject` before anything is done, `fail after` it is done and nobody learns of
 * it, `slow`, or `stop`: from then on the machine is without power and no call ever returns.
 */
export type Fault = 'ok' | 'slow' | 'reject' | 'fail after' | 'stop'

export class Injected extends Error {}

/** The power supply of one life of a process: it gives every call its fault, in order, then `ok`. */
export class Power {
  private readonly faults: Fault[]
  private readonly underWay = new Set<Promise<unknown>>()
  private isOff = false
  private cut: () => void = () => undefined
  /** Resolves when the power goes. */
  readonly off: Promise<void>

  constructor(faults: readonly Fault[]) {
    this.faults = [...faults]
    this.off = new Promise((resolve) => {
      this.cut = resolve
    })
  }

  async call<T>(work: () => Promise<T>): Promise<T> {
    const fault = this.faults.shift() ?? 'ok'
    if (fault === 'stop') this.turnOff()
    if (this.isOff) return new Promise(() => undefined)
    if (fault === 'slow') for (let turn = 0; turn < 20; turn += 1) await breathe()
    /* A call that was only about to begin must not reach into the next life. */
    if (this.isOff) return new Promise(() => undefined)
    if (fault === 'reject') throw new Injected('before')
    const result = await this.watch(work())
    if (this.isOff) return new Promise(() => undefined)
    if (fault === 'fail after') throw new Injected('after')
    return result
  }

  /** Ends the life. Resolves when what the system had begun is done, as a kernel would finish it. */
  async end(): Promise<void> {
    this.turnOff()
    await Promise.allSettled([...this.underWay])
  }

  private turnOff(): void {
    this.isOff = true
    this.cut()
  }

  private async watch<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work)
    try {
      return await work
    } finally {
      this.underWay.delete(work)
    }
  }
}

export function faultyObjects(inner: ObjectStore, power: Power): ObjectStore {
  return {
    put: (key, content) => power.call(() => inner.put(key, content)),
    get: (key) => power.call(() => inner.get(key)),
    list: (prefix) => power.call(() => inner.list(prefix)),
    delete: (key) => power.call(() => inner.delete(key)),
  }
}

export function faultyCatalog(inner: Catalog, power: Power): Catalog {
  return {
    registerTables: (tables) => power.call(() => inner.registerTables(tables)),
    registerPartition: (table, version, date) =>
      power.call(() => inner.registerPartition(table, version, date)),
    addFloor: (table, floor) => power.call(() => inner.addFloor(table, floor)),
    publishRevision: (table, version, revision) =>
      power.call(() => inner.publishRevision(table, version, revision)),
    publishBase: (table, version, base, before) =>
      power.call(() => inner.publishBase(table, version, base, before)),
    dropPartitions: (table, version, dates) => power.call(() => inner.dropPartitions(table, version, dates)),
    entries: () => power.call(() => inner.entries()),
  }
}

export function faultyQuarantine(inner: Quarantine, power: Power): Quarantine {
  return {
    put: (entries) => power.call(() => inner.put(entries)),
    list: (filter) => inner.list(filter),
    release: (ids, how) => power.call(() => inner.release(ids, how)),
    purge: () => power.call(() => inner.purge()),
  }
}

/** What the stages need of a ledger. */
export type StageLedger = Pick<
  FolderLedger,
  'delivered' | 'passTo' | 'checkpoint' | 'redriven' | 'landed' | 'setAside' | 'mark' | 'caughtUp'
>

export function faultyLedger(inner: FolderLedger, power: Power): StageLedger {
  return {
    delivered: (object, blocks) => power.call(() => inner.delivered(object, blocks)),
    passTo: (checkpoint, pages) => power.call(() => inner.passTo(checkpoint, pages)),
    get checkpoint() {
      return inner.checkpoint
    },
    redriven: (blocks) => power.call(() => inner.redriven(blocks)),
    landed: (object) => power.call(() => inner.landed(object)),
    setAside: (object) => power.call(() => inner.setAside(object)),
    mark: () => inner.mark(),
    caughtUp: (mark) => inner.caughtUp(mark),
  }
}
