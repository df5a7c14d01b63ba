import { copyFile, cp, mkdir, open, readFile, rmdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Frame, FrameLog } from '../../../local/logs/frame-log.ts'
import { runs } from '../../support/budget.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const SEGMENT = '00000001.log'

function openLog(folder: string, mode: 'read' | 'write' = 'write', segmentBytes?: number) {
  return FrameLog.open(folder, mode, String, segmentBytes)
}

function frame(header: string, content: string | Buffer = `content of ${header}`): Frame<string> {
  return { header, content: Buffer.from(content) }
}

async function contents(log: FrameLog<string>): Promise<readonly (readonly [string, string])[]> {
  const all: [string, string][] = []
  for (let index = 0; index < log.length; index += 1) {
    const { header, content } = await log.read(index)
    all.push([header, content.toString()])
  }
  return all
}

async function reopened(folder: string, mode: 'read' | 'write' = 'write', segmentBytes?: number) {
  const log = await openLog(folder, mode, segmentBytes)
  try {
    return await contents(log)
  } finally {
    await log.close()
  }
}

/** Changes one byte of a file. */
async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 0x40]), 0, 1, at)
  await file.close()
}

const FIRST = [frame('a'), frame('b', Buffer.alloc(0))]
const SECOND = [frame('c', 'x'.repeat(40)), frame('d')]
const firstTexts = [
  ['a', 'content of a'],
  ['b', ''],
]

interface TwoAppends {
  readonly path: string
  readonly first: number
  readonly size: number
  /** Makes the second append one that was never acknowledged. */
  crash(): Promise<void>
}

async function twoAppends(folder: string): Promise<TwoAppends> {
  const log = await openLog(folder)
  const path = join(folder, SEGMENT)
  await log.append(FIRST)
  const { size: first } = await stat(path)
  const head = await readFile(join(folder, 'head'))
  await log.append(SECOND)
  await log.close()
  const crash = () => writeFile(join(folder, 'head'), head)
  return { path, first, size: (await stat(path)).size, crash }
}

describe('a frame log', () => {
  test('gives back what was appended, in order, also after it was opened again', async () => {
    const folder = await tempFolder()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 300 })), { maxLength: 3 }), {
          maxLength: 4,
        }),
        fc.nat(),
        async (appends, name) => {
          const own = join(folder, String(name))
          const before = await reopened(own)
          for (const frames of appends) {
            const log = await openLog(own)
            await log.append(frames.map(([header, bytes]) => frame(header, Buffer.from(bytes))))
            await log.close()
          }
          const added = appends.flat().map(([header, bytes]) => [header, Buffer.from(bytes).toString()])
          expect(await reopened(own)).toEqual([...before, ...added])
        },
      ),
      { numRuns: runs(30) },
    )
  })

  test('keeps the order of appends that overlap, and each append whole', async () => {
    const log = await openLog(await tempFolder())
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`)
    await Promise.all(names.map((name) => log.append([frame(name), frame(`${name}b`)])))
    const written = (await contents(log)).map(([header]) => header)
    expect(written).toEqual(names.flatMap((name) => [name, `${name}b`]))
    await log.close()
  })

  test('goes on in a new segment when one is full, and reads over all of them', async () => {
    const folder = await tempFolder()
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) {
      const log = await openLog(folder, 'write', 60)
      await log.append([frame(name)])
      await log.close()
    }
    expect((await stat(join(folder, '00000002.log'))).size).toBeGreaterThan(0)
    expect((await reopened(folder, 'write', 60)).map(([header]) => header)).toEqual(names)
  })

  test('shows a reader what was there when it opened, while another handle writes', async () => {
    const folder = await tempFolder()
    const writer = await openLog(folder)
    await writer.append(FIRST)
    const reader = await openLog(folder, 'read')
    await writer.append(SECOND)
    expect(await contents(reader)).toEqual(firstTexts)
    expect((await reopened(folder, 'read')).length).toBe(4)
    await reader.close()
    await writer.close()
  })

  test('leaves a torn tail alone when it is opened for reading: someone may be writing it', async () => {
    const folder = await tempFolder()
    const { path, size, crash } = await twoAppends(folder)
    await crash()
    await truncate(path, size - 1)
    expect((await reopened(folder, 'read')).map(([header]) => header)).toEqual(['a', 'b', 'c'])
    expect((await stat(path)).size).toBe(size - 1)
  })
})

describe('G10 a crash in an append', () => {
  test('at any byte costs only frames of that append, and the log goes on', async () => {
    const folder = await tempFolder()
    const { path, first, size, crash } = await twoAppends(folder)
    const whole = await readFile(path)
    for (let cut = first; cut < size; cut += 1) {
      await crash()
      await writeFile(path, whole.subarray(0, cut))
      const log = await openLog(folder)
      const kept = await contents(log)
      const names = kept.map(([header]) => header)
      expect(names.slice(0, 2)).toEqual(['a', 'b'])
      expect(names).toEqual(['a', 'b', 'c', 'd'].slice(0, log.length))
      expect(log.length).toBeLessThan(4)
      await log.append([frame('next')])
      await log.close()
      expect(await reopened(folder)).toEqual([...kept, ['next', 'content of next']])
    }
  })

  test('may leave any of its blocks unwritten, with sound ones behind: the append is cut where it breaks', async () => {
    const folder = await tempFolder()
    const { path, first, size, crash } = await twoAppends(folder)
    const whole = await readFile(path)
    for (let at = first; at < size; at += 1) {
      await crash()
      const torn = Buffer.from(whole)
      torn.fill(0, at, Math.min(at + 16, size))
      if (torn.equals(whole)) continue
      await writeFile(path, torn)
      const kept = await reopened(folder)
      expect(kept.slice(0, 2)).toEqual(firstTexts)
      expect(kept.length).toBeLessThan(4)
    }
  })

  test('that left more than the next append writes over does not bring anything back', async () => {
    const folder = await tempFolder()
    const { path, first, crash } = await twoAppends(folder)
    await crash()
    /* As after an append that failed and was never reported as stored: only its first frame is damaged. */
    await flip(path, first + 30)
    const log = await openLog(folder)
    await log.append([frame('e', '')])
    await log.close()
    expect((await reopened(folder)).map(([header]) => header)).toEqual(['a', 'b', 'e'])
  })
})

describe('damage in the middle of a log', () => {
  test('is reported at any byte of an earlier append, never skipped and never cut', async () => {
    const folder = await tempFolder()
    const { path, first, size } = await twoAppends(folder)
    const sound = join(folder, 'sound')
    await copyFile(path, sound)
    for (let at = 0; at < first; at += 1) {
      await copyFile(sound, path)
      await flip(path, at)
      await expect(reopened(folder), `byte ${at}`).rejects.toThrow(
        /damaged at byte|does not match its checksum/,
      )
      expect((await stat(path)).size).toBe(size)
    }
  })

  test('is reported in a segment that is not the last, also at its end', async () => {
    const folder = await tempFolder()
    const log = await openLog(folder, 'write', 10)
    await log.append(FIRST)
    await log.append(SECOND)
    await log.close()
    const path = join(folder, SEGMENT)
    await truncate(path, (await stat(path)).size - 1)
    await expect(openLog(folder, 'write', 10)).rejects.toThrow('damaged at byte')
  })

  test('is reported when a whole segment is missing', async () => {
    const folder = await tempFolder()
    const log = await openLog(join(folder, 'a'), 'write', 10)
    for (const name of ['a', 'b', 'c']) await log.append([frame(name)])
    await log.close()
    await cp(join(folder, 'a', '00000003.log'), join(folder, 'b', '00000003.log'), { recursive: true })
    await expect(openLog(join(folder, 'b'))).rejects.toThrow('00000001.log is missing')
  })

  test('is reported when a header is sound and not what the log holds', async () => {
    const folder = await tempFolder()
    await twoAppends(folder)
    const parse = (header: unknown) => {
      if (header === 'b') throw new Error('not a header')
      return header
    }
    await expect(FrameLog.open(folder, 'write', parse)).rejects.toThrow('not a header')
  })
})

describe('an append that fails', () => {
  test('is rejected, keeps nothing, and the next one is sound', async () => {
    const folder = await tempFolder()
    const log = await openLog(folder)
    await log.append([frame('a')])
    /* A header that is not JSON fails before the write; the calls around it do not notice. */
    const circular: { self?: unknown } = {}
    circular.self = circular
    const broken = { header: circular as unknown as string, content: Buffer.alloc(0) }
    const outcomes = await Promise.allSettled([
      log.append([frame('b')]),
      log.append([broken]),
      log.append([frame('c')]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await log.close()
    expect((await reopened(folder)).map(([header]) => header)).toEqual(['a', 'b', 'c'])
  })

  test('because its segment cannot be made is tried again by the next one', async () => {
    const folder = await tempFolder()
    const log = await openLog(folder, 'write', 10)
    await log.append([frame('a')])
    await mkdir(join(folder, '00000002.log'))
    await expect(log.append([frame('b')])).rejects.toThrow('EISDIR')
    await rmdir(join(folder, '00000002.log'))
    await log.append([frame('c')])
    await log.close()
    expect((await reopened(folder, 'write', 10)).map(([header]) => header)).toEqual(['a', 'c'])
  })
})
