import { expect, test } from 'vitest'
import { Mutex } from '../../core/mutex.ts'

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

test('work runs one after another in the order it was asked for, whatever it takes', async () => {
  const mutex = new Mutex()
  const seen: string[] = []
  const gates = [gate(), gate()]
  const work = gates.map(({ opened }, index) =>
    mutex.run(async () => {
      seen.push(`begin ${index}`)
      await opened
      seen.push(`end ${index}`)
      return index
    }),
  )
  const idle = mutex.idle().then(() => seen.push('idle'))
  for (const { open } of gates.toReversed()) open()
  expect(await Promise.all(work)).toEqual([0, 1])
  await idle
  expect(seen).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1', 'idle'])
})

test('what fails is the failure of its own caller, and of nobody behind it', async () => {
  const mutex = new Mutex()
  const failed = mutex.run(() => Promise.reject(new Error('first')))
  /* Nobody awaits this one. */
  void mutex.run(() => {
    throw new Error('second')
  })
  const third = mutex.run(() => 'third')
  await expect(failed).rejects.toThrow('first')
  expect(await third).toBe('third')
  await mutex.idle()
})
