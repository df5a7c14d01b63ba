import { expect, test } from 'vitest'
import { isInWindow, parseWindow } from '../../core/load/quiet-window.ts'

function at(time: string): number {
  return new Date(`2026-03-02T${time}:00`).getTime()
}

test('a window holds its begin, not its end, and may pass midnight', () => {
  const noon = parseWindow('12:00-14:00')
  const night = parseWindow('22:30-04:00')
  const inside = (window: typeof noon, times: readonly string[]) =>
    times.map((time) => isInWindow(window, at(time)))
  expect(inside(noon, ['11:59', '12:00', '13:59', '14:00'])).toEqual([false, true, true, false])
  expect(inside(night, ['22:29', '22:30', '00:00', '03:59', '04:00'])).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
})

test.each(['12-14', '24:00-01:00', '12:00-12:00', '12:00', '1:00-2:00', '12:60-13:00'])(
  '%s is no window',
  (text) => {
    expect(() => parseWindow(text)).toThrow(expect.objectContaining({ code: 'usage/invalid' }))
  },
)
