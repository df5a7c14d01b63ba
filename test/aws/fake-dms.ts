import { json } from './fake-partial-faults.ts'
import { type Exchange, errorAnswer, operationOf } from './fault-proxy.ts'

/** A table as the double reads it. */
export interface FakeTable {
  readonly state: 'Before load' | 'Full load' | 'Table completed' | 'Table error' | 'Table does not exist'
  readonly rows: number
  /** When its load ended, epoch seconds by the double's clock; of one that is completed now when left out. */
  readonly loadedAt?: number
}

const INSTANCE = 'arn:instance'

/** What a task of the double is, before anything is told it. */
export interface FakeTask {
  readonly migrationType: 'full-load' | 'cdc' | 'full-load-and-cdc'
  readonly hasRun: boolean
  readonly status: string
  readonly mappings: string
}

/**
 * A task of DMS, a full load unless told otherwise, and its S3 endpoint, by DMS's rules of states: a task is changed only
 * while it stands, started only when it does not run, `start-replication` only the first time and `resume-processing` only
 * later, a cdc task never by `reload-target`; ten tables are reloaded in a request, of a task that runs and loads
 * (API reference, user guide). Between two states a task is seen once. Settings are described only where they are asked for.
 * A cdc task shows what it selects once it runs again. Statistics of a load are those of the one before until the task has
 * begun to read. ModifyEndpoint keeps no setting that it is not given again, and has the endpoint tested; of an endpoint that
 * was never tested, is being tested or cannot be reached no task is started. Its clock, in seconds, moves with every start and end.
 */
export class FakeDms {
  status: string
  settings: Readonly<Record<string, unknown>> = { BucketName: 'lake', BucketFolder: 'landing/loads' }
  stopReason: string | undefined
  mappings: string
  /** What it was told that changes something, in order. */
  readonly told: string[] = []
  tables = new Map<string, FakeTable>()
  private readonly migrationType: FakeTask['migrationType']
  private hasRun: boolean
  private clock = 1_795_000_000
  private startedAt = 0
  private isEndpointModifying = false
  /** What DMS says of the last test of the endpoint; undefined for none. */
  test: 'testing' | 'successful' | 'failed' | undefined
  /** Whether a test succeeds. */
  isReachable = true

  constructor({ migrationType, hasRun, status, mappings }: Partial<FakeTask> = {}) {
    this.migrationType = migrationType ?? 'full-load'
    this.hasRun = hasRun ?? false
    this.status = status ?? 'ready'
    this.mappings = mappings ?? ''
  }

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
      case 'DescribeReplicationTasks':
        return json({ ReplicationTasks: [this.described(body.WithoutSettings === true)] })
      case 'DescribeEndpoints': {
        const Status = this.isEndpointModifying ? 'modifying' : 'active'
        this.isEndpointModifying = false
        return json({ Endpoints: [{ Status, S3Settings: this.settings }] })
      }
      case 'ModifyEndpoint':
        if (!this.isIdle) return refuse()
        this.settings = body.S3Settings
        this.isEndpointModifying = true
        if (this.test !== undefined) this.test = 'testing'
        return json({})
      case 'TestConnection':
        if (this.test === 'testing') return refuse()
        this.test = 'testing'
        return json({})
      case 'DescribeConnections': {
        if (this.test === undefined) return errorAnswer(exchange, 400, 'ResourceNotFoundFault')
        const Status = this.test
        if (this.test === 'testing') this.test = this.isReachable ? 'successful' : 'failed'
        return json({ Connections: [{ ReplicationInstanceArn: INSTANCE, Status }] })
      }
      case 'ModifyReplicationTask':
        if (!this.isIdle) return refuse()
        this.mappings = body.TableMappings
        this.status = 'modifying'
        return json({})
      case 'StartReplicationTask': {
        const type = body.StartReplicationTaskType
        if (!this.isIdle || (type === 'start-replication') === this.hasRun) return refuse()
        if (type === 'reload-target' && this.migrationType === 'cdc') return refuse()
        if (this.migrationType === 'full-load' && this.test !== 'successful') return refuse()
        this.status = 'starting'
        this.stopReason = undefined
        this.hasRun = true
        this.clock += 10
        if (type !== 'resume-processing') this.startedAt = this.clock
        return json({})
      }
      case 'StopReplicationTask':
        if (this.status !== 'running' && this.status !== 'starting') return refuse()
        this.status = 'stopping'
        this.stopReason = 'Stop Reason NORMAL'
        return json({})
      case 'ReloadTables':
        if (this.status !== 'running' || this.migrationType === 'cdc') return refuse()
        if (body.TablesToReload.length > 10) return errorAnswer(exchange, 400, 'ValidationException')
        this.told.push(String(body.TablesToReload.length))
        return json({})
      default: {
        if (this.migrationType === 'cdc' && this.status === 'running') this.show()
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
    return rules.flatMap((rule: { 'rule-type': string; 'object-locator': Record<string, string> }) =>
      rule['rule-type'] === 'selection'
        ? `${rule['object-locator']['schema-name']}.${rule['object-locator']['table-name']}`
        : [],
    )
  }

  /** What the task says of its tables while it reads. */
  report(tables: Readonly<Record<string, FakeTable>>): void {
    this.clock += 10
    this.tables = new Map(
      Object.entries(tables).map(([name, table]) => [
        name,
        table.state === 'Table completed' ? { loadedAt: this.clock, ...table } : table,
      ]),
    )
  }

  /** The task ends by itself, with what it did for each table. */
  finish(tables: Readonly<Record<string, FakeTable>>): void {
    this.report(tables)
    this.status = 'stopped'
    this.stopReason = 'Stop Reason FULL_LOAD_ONLY_FINISHED'
  }

  private described(isShort: boolean) {
    const { status: Status, migrationType: MigrationType, startedAt, stopReason: StopReason } = this
    const stats = { ReplicationTaskStats: { FreshStartDate: startedAt } }
    const started = this.hasRun ? { ReplicationTaskStartDate: startedAt, ...stats } : {}
    const stopped = StopReason === undefined ? {} : { StopReason }
    if (Status === 'modifying' || Status === 'stopping') this.status = 'stopped'
    if (Status === 'testing' || Status === 'starting') this.status = 'running'
    /* What is resumed may be assessed first. */
    if (Status === 'starting' && MigrationType === 'cdc') this.status = 'testing'
    const described = isShort ? {} : { TableMappings: this.mappings, ReplicationInstanceArn: INSTANCE }
    return { Status, MigrationType, ...started, ...stopped, ...described }
  }

  /* One more of its tables at each look. */
  private show(): void {
    const names = this.selected().map((table) => table.replace(/\[([%_])\]/g, '$1'))
    const next = names.find((table) => !this.tables.has(table))
    if (next !== undefined) this.tables.set(next, { state: 'Table completed', rows: 0 })
  }

  private get isIdle(): boolean {
    return ['ready', 'stopped', 'failed'].includes(this.status)
  }
}
