import type { AuditMarks } from '../../core/audit/audit-recent.ts'
import type { Position } from '../../core/position.ts'
import { ledgerCall } from './dynamo-ledger.ts'
import { type DynamoTable, putOf, queryItems, writeBatches } from './dynamo-table.ts'

const KEPT_SECONDS = 90 * 86_400

/** How far audits came, in the ledger's table: an item for each audit and source table, for 90 days. */
export class DynamoAuditMarks implements AuditMarks {
  private readonly table: DynamoTable

  constructor(table: DynamoTable) {
    this.table = table
  }

  async note(
    source: string,
    { at, through }: { readonly at: number; readonly through: Position },
  ): Promise<void> {
    const item = {
      ...{ pk: { S: partitionOf(source) }, sk: { S: instantOf(at) }, through: { S: through } },
      expires: { N: String(Math.floor(at / 1_000) + KEPT_SECONDS) },
    }
    await writeBatches(this.table, ledgerCall(this.table), [putOf(item)])
  }

  async before(source: string, instant: number): Promise<Position | null> {
    const query = {
      KeyConditionExpression: 'pk = :pk AND sk <= :end',
      ExpressionAttributeValues: { ':pk': { S: partitionOf(source) }, ':end': { S: instantOf(instant) } },
      ScanIndexForward: false,
      Limit: 1,
    }
    for await (const { through } of queryItems(this.table, ledgerCall(this.table), query))
      if (through?.S !== undefined) return through.S
    return null
  }
}

function partitionOf(source: string): string {
  return `marks#${source}`
}

function instantOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
