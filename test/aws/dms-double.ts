import { type Exchange, errorAnswer, operationOf } from './fault-proxy.ts'
import { json } from './partial-faults.ts'

/** A table as the double reads it. */
export interface DoubleTable {
  readonly state: 'Before load' | 'Full load' | 'Table completed' | 'Table error'
  readonly rows: number
}

/**
 * A full-load task of DMS and its S3 endpoint, by DMS's rules of states: a task is changed only while it stands, started only
 * when it does not run, `start-replication` only the first time, an endpoint is changed for a while before it is active
 * (API reference, user guide). Statistics are those of the load before until the task has begun to read.
 */
export class DmsDouble {
  status = 'ready'
  folder = 'landing/loads'
  mappings = ''
  /** What it was told that changes something, in order. */
  readonly told: string[] = []
  tables = new Map<string, DoubleTable>()
  private hasRun = false
  private startedAt = 0
  private isEndpointModifying = false

  answer(exchange: Exchange) {
    const operation = operationOf(exchange)
    const body = JSON.parse(exchange.body.toString())
    const refuse = () => errorAnswer(exchange, 400, 'InvalidResourceStateFault')
    if (!operation.startsWith('Describe')) this.told.push(body.StartReplicationTaskType ?? operation)
    switch (operation) {
      case 'DescribeReplicationTasks': {
        const started = this.hasRun ? { ReplicationTaskStartDate: this.startedAt / 1_000 } : {}
        const task = { Status: this.status, MigrationType: 'full-load', ...started }
        if (this.status === 'modifying') this.status = 'stopped'
        return json({ ReplicationTasks: [task] })
      }
      case 'DescribeEndpoints': {
        const Status = this.isEndpointModifying ? 'modifying' : 'active'
        this.isEndpointModifying = false
        return json({ Endpoints: [{ Status, S3Settings: { BucketFolder: this.folder, BucketName: 'b' } }] })
      }
      case 'ModifyEndpoint':
        this.folder = body.S3Settings.BucketFolder
        this.isEndpointModifying = true
        return json({})
      case 'ModifyReplicationTask':
        if (!['ready', 'stopped', 'failed'].includes(this.status)) return refuse()
        this.mappings = body.TableMappings
        this.status = 'modifying'
        return json({})
      case 'StartReplicationTask': {
        const isFirst = body.StartReplicationTaskType === 'start-replication'
        if (!['ready', 'stopped', 'failed'].includes(this.status) || isFirst === this.hasRun) return refuse()
        this.status = 'running'
        this.hasRun = true
        this.startedAt = Date.now()
        return json({})
      }
      case 'StopReplicationTask':
        if (this.status !== 'running') return refuse()
        this.status = 'stopped'
        return json({})
      default: {
        const TableStatistics = [...this.tables].map(([name, { state, rows }]) => {
          const [SchemaName, TableName] = name.split('.')
          return { SchemaName, TableName, TableState: state, FullLoadRows: rows }
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

  /** The task ends, with what it did for each table. */
  finish(tables: Readonly<Record<string, DoubleTable>>): void {
    this.tables = new Map(Object.entries(tables))
    this.status = 'stopped'
  }
}
