import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FrameLog } from '../../../local/logs/frame-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const SEGMENT = '00000001.log'

async function twoAppends(folder: string): Promise<{ readonly path: string; readonly first: number }> {
  const log = await FrameLog.open(folder, 'write', String)
  const path = join(folder, SEGMENT)
  await log.append([{ header: 'a', content: Buffer.from('content of a') }])
  const { length: first } = await readFile(path)
  await log.append([{ header: 'b', content: Buffer.from('content of b') }])
  await log.close()
  return { path, first }
}

async function framesIn(folder: string): Promise<number> {
  const log = await FrameLog.open(folder, 'write', String)
  await log.close()
  return log.length
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0x40
  return copy
}

test('damage at any byte of an append that was acknowledged is reported, and nothing is cut away', async () => {
  const folder = await tempFolder()
  const { path, first } = await twoAppends(folder)
  const whole = await readFile(path)
  for (let at = first; at < whole.length; at += 1)
    for (const bytes of [whole.subarray(0, at), flipped(whole, at)]) {
      await writeFile(path, bytes)
      await expect(framesIn(folder), `byte ${at}`).rejects.toThrow('damaged at byte')
      expect(await readFile(path)).toEqual(bytes)
    }
  await rm(path)
  await expect(framesIn(folder)).rejects.toThrow('2 of 2 frames are missing')
})

test('a log whose disk is gone when it is closed says so, and leaves no file open', async () => {
  const folder = await tempFolder()
  await twoAppends(folder)
  const log = await FrameLog.open(folder, 'write', String)
  await log.append([{ header: 'c', content: Buffer.from('content of c') }])
  const probe = await open(folder, 'r')
  const prototype: FileHandle = Object.getPrototypeOf(probe)
  await probe.close()
  const { read } = prototype
  const seen: FileHandle[] = []
  vi.spyOn(prototype, 'datasync').mockImplementationOnce(async function (this: FileHandle) {
    seen.push(this)
    throw new Error('the disk is gone')
  })
  Object.assign(prototype, {
    read(this: FileHandle, ...options: Parameters<typeof read>) {
      seen.push(this)
      return Reflect.apply(read, this, options)
    },
  })
  onTestFinished(() => {
    vi.restoreAllMocks()
    Object.assign(prototype, { read })
  })
  await log.read(0)
  await expect(log.close()).rejects.toThrow('the disk is gone')
  expect(seen.map(({ fd }) => fd)).toEqual([-1, -1])
})

test('damage of the head alone costs nothing: the log is whole and gets a head again', async () => {
  const folder = await tempFolder()
  await twoAppends(folder)
  const path = join(folder, 'head')
  const head = await readFile(path)
  for (const damaged of [head.subarray(0, 20), flipped(head, 8), Buffer.alloc(0)]) {
    await writeFile(path, damaged)
    expect(await framesIn(folder)).toBe(2)
    expect(await readFile(path)).toEqual(head)
  }
})

test('a log of before there were heads opens, and has one from then on', async () => {
  const folder = await tempFolder()
  const { path, first } = await twoAppends(folder)
  await rm(join(folder, 'head'))
  const whole = await readFile(path)
  await writeFile(path, whole.subarray(0, first + 5))
  expect(await framesIn(folder)).toBe(1)
  await writeFile(path, whole.subarray(0, first - 1))
  await expect(framesIn(folder)).rejects.toThrow('damaged at byte')
})
