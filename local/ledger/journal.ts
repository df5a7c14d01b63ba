import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LedgerLine } from '../../core/ledger/ledger.ts'
import { damageText, FrameLog } from '../logs/frame-log.ts'
import { ledgerLine } from './ledger-schema.ts'

/**
 * What was written down since the books were last stored: a frame log of its own for each time, one frame for each line.
 * Durability: as `FrameLog`. Memory: one small header for each line.
 */
export class Journal {
  private readonly log: FrameLog<null>
  /** Of the frames. */
  bytes = 0

  private constructor(log: FrameLog<null>) {
    this.log = log
  }

  /** Throws `ledger/corrupt` for damage that no crash explains. */
  static async open(folder: string, number: number, mode: 'read' | 'write'): Promise<Journal> {
    const path = journalFolder(folder, number)
    try {
      return new Journal(await FrameLog.open(path, mode, () => null))
    } catch (cause) {
      throw new PipelineError('ledger/corrupt', damageText(cause), { cause })
    }
  }

  /** Every line in the order of the appends. */
  async *lines(): AsyncIterable<LedgerLine> {
    for (let index = 0; index < this.log.length; index += 1) {
      const { content } = await this.log.read(index).catch((cause: unknown) => {
        throw new PipelineError('ledger/corrupt', damageText(cause), { cause })
      })
      this.bytes += content.length
      yield lineOf(content, index)
    }
  }

  /** On disk when it resolves. */
  async append(lines: readonly LedgerLine[]): Promise<void> {
    const frames = lines.map((line) => ({ header: null, content: Buffer.from(JSON.stringify(line)) }))
    try {
      await this.log.append(frames)
    } catch (cause) {
      throw new PipelineError('ledger/unavailable', 'the ledger cannot be written', { cause })
    }
    for (const { content } of frames) this.bytes += content.length
  }

  close(): Promise<void> {
    return this.log.close()
  }
}

/** Removes a journal whose lines are in the stored books. */
export function dropJournal(folder: string, number: number): Promise<void> {
  return rm(journalFolder(folder, number), { recursive: true, force: true })
}

function journalFolder(folder: string, number: number): string {
  return join(folder, `journal-${String(number).padStart(8, '0')}`)
}

function lineOf(content: Buffer, index: number): LedgerLine {
  try {
    return ledgerLine.parse(JSON.parse(content.toString('utf8')))
  } catch (cause) {
    throw new PipelineError('ledger/corrupt', `line ${index} of the journal is of another version`, { cause })
  }
}
