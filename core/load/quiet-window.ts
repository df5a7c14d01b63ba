import { PipelineError } from '../failures/failures.ts'

/** Times of a day between which loads may begin to read, in minutes of the machine's local time; may pass midnight. */
export interface QuietWindow {
  readonly from: number
  readonly to: number
}

const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/

/** Reads `12:00-14:00` or `22:00-04:00`. Throws `usage/invalid` for anything else. */
export function parseWindow(text: string): QuietWindow {
  const [, fromHour, fromMinute, toHour, toMinute] = WINDOW.exec(text) ?? []
  const from = Number(fromHour) * 60 + Number(fromMinute)
  const to = Number(toHour) * 60 + Number(toMinute)
  if (fromHour === undefined || from === to)
    throw new PipelineError('usage/invalid', `a window is 12:00-14:00 or 22:00-04:00, not ${text}`)
  return { from, to }
}

/** Whether a moment (epoch milliseconds) lies in the window; its end does not. */
export function isInWindow({ from, to }: QuietWindow, now: number): boolean {
  const date = new Date(now)
  const minute = date.getHours() * 60 + date.getMinutes()
  return from < to ? minute >= from && minute < to : minute >= from || minute < to
}
