import { join } from 'node:path'

/** Where everything of a run lies below its folder. */
export interface RunFolder {
  readonly root: string
  readonly postgres: string
  /** The items of the state: raw pages, the ledger, quarantine, the catalog, and documents, the run's own among them. */
  readonly items: string
  readonly maskKey: string
  /** What tells the masking key from every other. */
  readonly maskCheck: string
  readonly status: string
  readonly meter: string
  readonly contracts: string
  readonly drift: string
  /** What the source's tables were like when their changes were read last. */
  readonly tables: string
  /** How far the slot was told that everything is durable. */
  readonly acknowledged: string
  /** Which of these files there are. */
  readonly inventory: string
  /** Where damaged files are kept that were made again. */
  readonly damaged: string
  /** Files being written and what engines spill; nothing in it outlives a run. */
  readonly scratch: string
}

export function runFolder(root: string): RunFolder {
  return {
    root,
    postgres: join(root, 'postgres'),
    items: join(root, 'state.db'),
    maskKey: join(root, 'keys', 'mask.hex'),
    maskCheck: join(root, 'mask-check.json'),
    status: join(root, 'status.json'),
    meter: join(root, 'meter.json'),
    contracts: join(root, 'contracts.json'),
    drift: join(root, 'drift.json'),
    tables: join(root, 'tables.json'),
    acknowledged: join(root, 'acknowledged.json'),
    inventory: join(root, 'inventory.json'),
    damaged: join(root, 'damaged'),
    scratch: join(root, 'scratch'),
  }
}
