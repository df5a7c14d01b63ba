/**
 * By function, the metrics that CloudWatch keeps of each table. It bills each of them by the month, whatever its values
 * (docs/18-cost.md), so these are the ones to look at when a table is asked about. Everything else is kept by function, and
 * stands in the same log line with its table.
 */
export const tableMetrics: Readonly<Record<string, readonly string[]>> = {
  capture: ['changes'],
  'capture-service': ['changes'],
  format: ['changes', 'refused'],
  land: ['changes'],
  'land-load': ['refused'],
  audit: ['missing'],
  compact: ['foldedAge'],
  reconcile: ['different'],
}
