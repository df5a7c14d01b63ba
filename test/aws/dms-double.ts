import { type Exchange, errorAnswer, operationOf } from './fault-proxy.ts'
import { json } from './partial-faults.ts'

/** A table as the double reads it. */
export interface DoubleTable {
  readonly state: 'Before load' | 'Full load' | 'Table completed' | 'Table error'
  readonly rows: number
  /** When its load ended, epoch seconds by the double's clock; of one that is completed now when left out. */
  readonly loadedAt?: number
}

/**
 * A full-load task of DMS and its S3 endpoint, by DMS's rules of states: a task is changed only while it stands, started only
 * when it does not run, `start-replication` only the first time, an endpoint is changed for a while before it is active
 * (API reference, user guide). Statistics are those of the load before until the task has begun to read. ModifyEndpoint
 * keeps no setting that it is not given again. Its clock, in seconds, moves with every start and end.
 */
export class DmsDouble {
  status = 'ready'
  settings: Readonly<Record<string, unknown>> = { BucketName: 'lake', BucketFolder: 'landing/loads' }
  stopReason: string | undefined
  mappings = ''
  /** What it was told that changes something, in order. */
  readonly told: string[] = []
  tables = new Map<string, DoubleTable>()
  private hasRun = false
  private clock = 1_795_000_000
  private startedAt = 0
  private isEndpointModifying = false

  /** Where its files go. */
  get folder(): unknown {
    return this.settings['BucketFolder']
  }

  answer(exchange: Exchange) {
    const operation = operationOf(exchange)
    const body = JSON.parse(exchange.body.toString())
    const refuse = () => errorAnswer(exchange, 400, 'InvalidResourceStateFault')
    if (!operation.startsWith('Describe')) this.told.push(body.StartReplicationTaskType ?? operation)
    switch (operation) {
      case 'DescribeReplicationTasks': {
        const { startedAt, stopReason: StopReason } = this
        const stats = { ReplicationTaskStats: { FreshStartDate: startedAt } }
        const started = this.hasRun ? { ReplicationTaskStartDate: startedAt, ...stats } : {}
        const stopped = StopReason === undefined ? {} : { StopReason }
        const task = { Status: this.status, MigrationType: 'full-load', ...started, ...stopped }
        if (this.status === 'modifying') this.status = 'stopped'
        if (this.status === 'starting') this.status = 'running'
        return json({ ReplicationTasks: [task] })
      }
      case 'DescribeEndpoints': {
        const Status = this.isEndpointModifying ? 'modifying' : 'active'
        this.isEndpointModifying = false
        return json({ Endpoints: [{ Status, S3Settings: this.settings }] })
      }
      case 'ModifyEndpoint':
        if (!this.isIdle) return refuse()
        this.settings = body.S3Settings
        this.isEndpointModifying = true
        return json({})
      case 'ModifyReplicationTask':
        if (!this.isIdle) return refuse()
        this.mappings = body.TableMappings
        this.status = 'modifying'
        return json({})
      case 'StartReplicationTask': {
        const isFirst = body.StartReplicationTaskType === 'start-replication'
        if (!this.isIdle || isFirst === this.hasRun) return refuse()
        this.status = 'starting'
        this.stopReason = undefined
        this.hasRun = true
        this.clock += 10
        this.startedAt = this.clock
        return json({})
      }
      case 'StopReplicationTask':
        if (this.status !== 'running' && this.status !== 'starting') return refuse()
        this.status = 'stopped'
        this.stopReason = 'Stop Reason NORMAL'
        return json({})
      default: {
        const TableStatistics = [...this.tables].map(([name, { state, rows, loadedAt }]) => {
          const [SchemaName, TableName] = name.split('.')
          const ended = loadedAt === undefined ? {} : { FullLoadEndTime: loadedAt }
          return { SchemaName, TableName, TableState: state, FullLoadRows: rows, ...ended }
        })
        return json({ TableStatistics })
      }
    }
  }

  /** The source tables that its mappings select. */
  selected(): readonly string[] {
    const { rules } = JSON.parse(this.mappings)
    return rules.map(
      (rule: { 'object-locator': Record<string, string> }) =>
        `${rule['object-locator']['schema-name']}.${rule['object-locator']['table-name']}`,
    )
  }

  /** What the task says of its tables while it reads. */
  report(tables: Readonly<Record<string, DoubleTable>>): void {
    this.clock += 10
    this.tables = new Map(
      Object.entries(tables).map(([name, table]) => [
        name,
        table.state === 'Table completed' ? { loadedAt: this.clock, ...table } : table,
      ]),
    )
  }

  /** The task ends by itself, with what it did for each table. */
  finish(tables: Readonly<Record<string, DoubleTable>>): void {
    this.report(tables)
    this.status = 'stopped'
    this.stopReason = 'Stop Reason FULL_LOAD_ONLY_FINISHED'
  }

  private get isIdle(): boolean {
    return ['ready', 'stopped', 'failed'].includes(this.status)
  }
}
