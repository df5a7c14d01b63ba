import type { Clock } from '../../core/ports/ports.ts'
import { tableMetrics } from '../../core/table-metrics.ts'

type Unit = 'Count' | 'Milliseconds' | 'Seconds'

interface Measured {
  readonly counts: Map<string, number>
  readonly ages: Map<string, number[]>
  readonly levels: Map<string, Level>
}

/** A value as it stands, 0 too: a metric that stays away would keep an alarm where it is. */
interface Level {
  readonly value: number
  readonly unit: Unit
}

/** CloudWatch takes at most 100 values of one metric in a line. */
const MAX_VALUES = 100
const NAMESPACE = 'Tidemark'

/**
 * Metrics of one invocation in CloudWatch's embedded format: a log line for each table, read by CloudWatch as metrics by
 * stage and, those of `tableMetrics`, by stage and table, and one for each service that was called, by stage and service.
 * Names and numbers only.
 */
export class StageMetrics {
  private readonly stage: string
  private readonly write: (line: string) => void
  private readonly now: Clock
  private readonly tables = new Map<string | undefined, Measured>()
  private readonly services = new Map<string, { calls: number; bytes: number }>()

  constructor(stage: string, write: (line: string) => void, now: Clock) {
    this.stage = stage
    this.write = write
    this.now = now
  }

  /** Adds to a count, of a table or of the stage alone. */
  count(name: string, amount: number, table?: string): void {
    if (amount === 0) return
    const { counts } = this.of(table)
    counts.set(name, (counts.get(name) ?? 0) + amount)
  }

  /** Adds how long ago each of some instants (epoch milliseconds) was. */
  ages(name: string, instants: Iterable<number>, table?: string): void {
    const now = this.now()
    const { ages } = this.of(table)
    const known = ages.get(name) ?? []
    /* Clocks differ by milliseconds: nothing is younger than now. */
    for (const instant of instants) known.push(Math.max(0, now - instant))
    ages.set(name, known)
  }

  /** Sets a value as it stands now, of a table or of the stage alone. */
  level(name: string, value: number, unit: Unit = 'Count', table?: string): void {
    this.of(table).levels.set(name, { value, unit })
  }

  /** Counts a request to a service, and its bytes. */
  call(service: string, bytes: number): void {
    const known = this.services.get(service) ?? { calls: 0, bytes: 0 }
    this.services.set(service, { calls: known.calls + 1, bytes: known.bytes + bytes })
  }

  /** Writes what was measured since the last time. */
  flush(requestId: string): void {
    for (const [service, counts] of this.services) {
      const Metrics = [
        { Name: 'calls', Unit: 'Count' },
        { Name: 'bytes', Unit: 'Bytes' },
      ]
      const directive = { Namespace: NAMESPACE, Dimensions: [['stage', 'service']], Metrics }
      const _aws = { Timestamp: this.now(), CloudWatchMetrics: [directive] }
      this.write(`${JSON.stringify({ _aws, stage: this.stage, service, requestId, ...counts })}\n`)
    }
    this.services.clear()
    for (const [table, { counts, ages, levels }] of this.tables) {
      const samples = [...ages].flatMap(([name, values]) =>
        values.length === 0 ? [] : [[name, sample(values)]],
      )
      const names: readonly { Name: string; Unit: Unit }[] = [
        ...[...counts.keys()].map((Name) => ({ Name, Unit: 'Count' as const })),
        ...samples.map(([name]) => ({ Name: String(name), Unit: 'Milliseconds' as const })),
        ...[...levels].map(([Name, { unit }]) => ({ Name, Unit: unit })),
      ]
      if (names.length === 0) continue
      const kept = tableMetrics[this.stage] ?? []
      const own = table === undefined ? [] : names.filter(({ Name }) => kept.includes(Name))
      const directives = [
        { Namespace: NAMESPACE, Dimensions: [['stage']], Metrics: names },
        { Namespace: NAMESPACE, Dimensions: [['stage', 'table']], Metrics: own },
      ]
      const line = {
        _aws: {
          Timestamp: this.now(),
          CloudWatchMetrics: directives.filter(({ Metrics }) => Metrics.length > 0),
        },
        stage: this.stage,
        ...(table === undefined ? {} : { table }),
        requestId,
        ...Object.fromEntries(counts),
        ...Object.fromEntries(samples),
        ...Object.fromEntries([...levels].map(([name, { value }]) => [name, value])),
      }
      this.write(`${JSON.stringify(line)}\n`)
    }
    this.tables.clear()
  }

  private of(table: string | undefined): Measured {
    const known = this.tables.get(table) ?? { counts: new Map(), ages: new Map(), levels: new Map() }
    this.tables.set(table, known)
    return known
  }
}

/* Evenly spread over the sorted values, so that quantiles stay; smallest and largest are among them. */
function sample(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((left, right) => left - right)
  if (sorted.length <= MAX_VALUES) return sorted
  return Array.from(
    { length: MAX_VALUES },
    (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (MAX_VALUES - 1))] ?? 0,
  )
}
