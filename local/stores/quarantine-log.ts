import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import { syncFolder } from '../../engine/files/durable.ts'
import { damageText, FrameLog } from '../logs/frame-log.ts'
import { type FrameHeader, frameHeader } from './quarantine-frame.ts'

const OPEN_ATTEMPTS = 50

/** The log of a quarantine. Throws `run/damaged`, and `quarantine/unavailable` for what the system refuses. */
export function openLog(folder: string, mode: 'read' | 'write'): Promise<FrameLog<FrameHeader>> {
  return FrameLog.open(folder, mode, (header) => frameHeader.parse(header)).catch(unreadable)
}

/**
 * For a reader beside the process that writes. A purge there renames folders: what was opened counts only when its
 * folder was the right one before and after, and its files stay open, for their names may go.
 */
export async function openBeside(folder: string): Promise<FrameLog<FrameHeader>> {
  for (let attempt = 1; ; attempt += 1) {
    const next = `${folder}.next`
    const nextId = await folderId(next)
    const place = nextId === undefined ? folder : next
    const before = nextId ?? (await folderId(folder))
    /* In this order: once there is no next log, the folder has its place. */
    const isSame = async () =>
      (place === next || (await folderId(next)) === undefined) && (await folderId(place)) === before
    let log: FrameLog<FrameHeader> | undefined
    try {
      log = await openLog(place, 'read')
      await log.hold()
      if ((await isSame()) && (before !== undefined || attempt > 2)) return log
    } catch (error) {
      if (await isSame()) throw error
    }
    await log?.close()
    if (attempt >= OPEN_ATTEMPTS) throw new Error(`${folder} is purged again and again`)
    await sleep(attempt)
  }
}

/* With the time it was made: the number alone may come again. */
async function folderId(folder: string): Promise<string | undefined> {
  const found = await stat(folder, { bigint: true }).catch(() => undefined)
  return found === undefined ? undefined : `${found.ino} ${found.birthtimeNs}`
}

/** A whole new log is named `.next`: from then on it counts, and the old one may go. */
export async function finishPurge(folder: string): Promise<void> {
  const next = `${folder}.next`
  if ((await stat(next).catch(() => undefined)) === undefined) return
  /* The new log must keep its name through a power cut before the old log goes. */
  await syncFolder(dirname(folder))
  await rm(folder, { recursive: true, force: true })
  await rename(next, folder)
  await syncFolder(dirname(folder))
}

/** Throws `quarantine/unavailable`. */
export function unavailable(cause: unknown): never {
  throw new PipelineError('quarantine/unavailable', 'quarantine cannot be read or written', { cause })
}

/** The system's own errors have a code; damage has none. */
export function unreadable(cause: unknown): never {
  if (cause instanceof Error && 'code' in cause) unavailable(cause)
  throw new PipelineError('run/damaged', damageText(cause), { cause })
}
