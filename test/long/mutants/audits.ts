import type { Mutant } from './mutant.ts'

/** Nothing is shown, and no floor set, before it was counted; a count that differs by one is noticed. */
export const audits: readonly Mutant[] = [
  {
    file: 'local/loads/run-table-load.ts',
    before: 'if (inFiles !== rows) throw',
    after: 'if (inFiles > rows) throw',
    test: 'test/local/loads/load-audit.test.ts',
    reason: 'a load whose files are a row short is not complete',
  },
  {
    file: 'local/loads/run-table-load.ts',
    before: 'if (landed !== file.rows)',
    after: 'if (landed > file.rows)',
    test: 'test/local/loads/load-audit.test.ts',
    reason: 'a load of which a contract has a row too few is not complete',
  },
  {
    file: 'local/loads/run-table-load.ts',
    before: 'if (held !== landed) throw',
    after: 'if (held > landed) throw',
    test: 'test/local/loads/load-audit.test.ts',
    reason: 'a load whose history is a row short is not complete',
  },
  {
    file: 'local/loads/run-table-load.ts',
    before: '    await this.deps.complete(this.current)\n    await this.update({',
    after: '    void this.deps.complete(this.current)\n    await this.update({',
    test: 'test/local/loads/load-audit.test.ts',
    reason: 'a load is complete only when its floor is set',
  },
  {
    file: 'local/run/open-loads.ts',
    before:
      "        await catalog.addFloor(table.table, { position: table.position, reason: 'load' })\n        const { oid, rows, position, startedAt } = table\n        const { stale } = state.data.loads[table.table] ?? {}\n        const isMended = stale === undefined || (startedAt !== null && stale.at < startedAt)\n        await state.setLoad(table.table, {\n          ...{ state: 'complete', oid, rows, position },\n          ...(isMended ? {} : { stale }),\n        })\n",
    after:
      "        const { oid, rows, position, startedAt } = table\n        const { stale } = state.data.loads[table.table] ?? {}\n        const isMended = stale === undefined || (startedAt !== null && stale.at < startedAt)\n        await state.setLoad(table.table, {\n          ...{ state: 'complete', oid, rows, position },\n          ...(isMended ? {} : { stale }),\n        })\n        await catalog.addFloor(table.table, { position: table.position, reason: 'load' })\n",
    test: 'test/local/loads/load-life.test.ts',
    only: 'addFloor (before)',
    reason: 'the floor of a load is set before the state says that the table is loaded',
  },
  {
    file: 'ingest/land/land-load-file.ts',
    before: 'if (landed + refused !== file.rows)',
    after: 'if (landed + refused > file.rows)',
    test: 'test/ingest/land-load-file.test.ts',
    reason: 'a load file of which a row is neither landed nor refused does not land',
  },
  {
    file: 'ingest/land/land-object.ts',
    before: 'if (isLabelled && rows !== finished.rows)',
    after: 'if (isLabelled && rows < finished.rows)',
    test: 'test/ingest/land-object.test.ts',
    reason: 'an object that holds fewer rows than its blocks say does not land',
  },
  {
    file: 'ingest/loads/advance-table.ts',
    before: "files.every(({ state }) => state === 'landed') && landed >= seen.rows",
    after: "files.every(({ state }) => state === 'landed') && landed >= seen.rows - 1",
    test: 'test/ingest/load-counts.test.ts',
    reason: 'a load by DMS that is a row short is not complete',
  },
  {
    file: 'ingest/loads/advance-table.ts',
    before: '(file.landed[name] ?? 0) + (file.refused[name] ?? 0) !== rows',
    after: '(file.landed[name] ?? 0) + (file.refused[name] ?? 0) > rows',
    test: 'test/ingest/load-counts.test.ts',
    reason: 'a file by DMS of which a contract has a row too few fails its load',
  },
  {
    file: 'ingest/loads/advance-load.ts',
    before:
      "    await deps.catalog.addFloor(name, { position: after.position, reason: 'load', since })\n    await deps.tidy(load, after)\n    const endedAt = new Date(deps.now()).toISOString()\n    await keep((known) => (isThis(known) ? { ...after, state: 'complete', endedAt } : known))\n",
    after:
      "    const endedAt = new Date(deps.now()).toISOString()\n    await keep((known) => (isThis(known) ? { ...after, state: 'complete', endedAt } : known))\n    await deps.catalog.addFloor(name, { position: after.position, reason: 'load', since })\n    await deps.tidy(load, after)\n",
    test: 'test/ingest/load-counts.test.ts',
    reason: 'the floor of a load by DMS is set before its record says complete',
  },
  {
    file: 'local/replay/replay.ts',
    before: '    await auditReplay(state, async (key) => resolve(root, key))\n',
    after: '',
    test: 'test/local/operations/replay-audit.test.ts',
    reason: 'a replay is audited before readers see it',
  },
  {
    file: 'engine/replay/audit-replay.ts',
    before: 'if (counted !== rows || foreign !== 0)',
    after: 'if (foreign !== 0)',
    test: 'test/local/operations/replay-audit.test.ts',
    reason: 'a replay that is a row short is not shown',
  },
  {
    file: 'engine/replay/audit-replay.ts',
    before: 'if (counted !== rows || foreign !== 0)',
    after: 'if (counted !== rows)',
    test: 'test/local/operations/replay-audit.test.ts',
    reason: 'a replay with a row of another revision is not shown',
  },
  {
    file: 'handlers/land-load/end-replay.ts',
    before: '    await auditFiles(record, table, deps)\n',
    after: '',
    test: 'test/handlers/replay-function.test.ts',
    reason: 'a replay on AWS is audited before readers see it',
  },
  {
    file: 'handlers/land-load/end-replay.ts',
    before: 'files.reduce((sum, file) => sum + file.rows, 0) < rows',
    after: 'files.reduce((sum, file) => sum + file.rows, 0) < rows - 1',
    test: 'test/handlers/replay-function.test.ts',
    reason: 'a replay on AWS that is a row short is not shown',
  },
  {
    file: 'lake/parquet/values/bytes-bounds.ts',
    before: '  const maxExact = max.length <= longest\n',
    after: '  const maxExact = true\n',
    test: 'test/lake/parquet/statistics.test.ts',
    reason: 'a maximum that was cut encloses its value',
  },
  {
    file: 'lake/parquet/values/bytes-bounds.ts',
    before: '    maxExact,\n',
    after: '    maxExact: true,\n',
    test: 'test/lake/parquet/statistics.test.ts',
    reason: 'a maximum that was cut does not say that it is exact',
  },
  {
    file: 'lake/parquet/values/bytes-bounds.ts',
    before: '    minExact,\n',
    after: '    minExact: true,\n',
    test: 'test/lake/parquet/statistics.test.ts',
    reason: 'a minimum that was cut does not say that it is exact',
  },
  {
    file: 'lake/parquet/footer.ts',
    before: 'thrift.bool(7, bounds.maxExact)',
    after: 'thrift.bool(7, true)',
    test: 'test/lake/parquet/statistics.test.ts',
    reason: 'the footer says of a maximum that was cut that it is not exact',
  },
]
