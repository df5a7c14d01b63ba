import * as z from 'zod'

/** Everything that has a price, by the name that a price sheet gives it. */
export const priceIds = [
  'dms.hour',
  'dms.storage',
  'kinesis.stream-hour',
  'kinesis.in',
  'kinesis.out',
  'kinesis.retention',
  'lambda.request',
  'lambda.x86',
  'lambda.arm',
  'dynamodb.write',
  'dynamodb.read',
  'dynamodb.storage',
  'dynamodb.backup',
  'firehose.in',
  's3.put',
  's3.get',
  's3.storage',
  'sqs.request',
  'glue.request',
  'athena.scan',
  'kms.key',
  'kms.request',
  'secrets.secret',
  'secrets.request',
  'logs.in',
  'logs.storage',
  'metrics.metric',
  'metrics.alarm',
  'metrics.dashboard',
  'scheduler.call',
  'endpoint.hour',
  'endpoint.data',
  'zone.data',
] as const
export type PriceId = (typeof priceIds)[number]

const price = z.strictObject({
  /** US dollars for `per` units. */
  usd: z.number().nonnegative(),
  per: z.number().positive(),
  unit: z.string().min(1),
  /** Where AWS states it. */
  source: z.string().min(1),
  /** What was read that shows the price itself; null for one that is only remembered or derived: it is unverified. */
  seen: z.string().min(1).nullable(),
  /** When it was read. */
  date: z.iso.date(),
})
export type Price = z.infer<typeof price>

/** Prices of one region. Free tiers, volume tiers, savings plans, credits and taxes are left out. */
export interface PriceSheet {
  readonly region: string
  /** Of the oldest price. */
  readonly date: string
  readonly prices: Readonly<Record<PriceId, Price>>
}

/** A file of `--prices`: prices of one's own, each for as many units as the sheet says, and what the region is called. */
export const priceOverrides = z.strictObject({
  region: z.string().min(1).optional(),
  /** When these prices were read. */
  date: z.iso.date(),
  /** Where they are from. */
  source: z.string().min(1).default('--prices'),
  usd: z.partialRecord(z.enum(priceIds), z.number().nonnegative()),
})
export type PriceOverrides = z.infer<typeof priceOverrides>

/** The sheet with prices of one's own in it. */
export function withOverrides(sheet: PriceSheet, { region, date, source, usd }: PriceOverrides): PriceSheet {
  const prices = { ...sheet.prices }
  for (const id of priceIds) {
    const given = usd[id]
    if (given !== undefined) prices[id] = { ...prices[id], usd: given, source, seen: source, date }
  }
  return { region: region ?? sheet.region, date: oldestOf(prices), prices }
}

/** The date of the oldest price. */
export function oldestOf(prices: Readonly<Record<PriceId, Price>>): string {
  return priceIds.map((id) => prices[id].date).toSorted()[0] ?? ''
}

const DAY_MS = 86_400_000
/** Older sheets are said to be old. */
export const STALE_DAYS = 180

/** Whole days since the sheet was made. */
export function ageInDays({ date }: PriceSheet, now: number): number {
  return Math.floor((now - Date.parse(date)) / DAY_MS)
}

/** US dollars of some units. */
export function dollars({ prices }: PriceSheet, id: PriceId, units: number): number {
  const { usd, per } = prices[id]
  return (units * usd) / per
}
