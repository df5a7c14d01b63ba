/*
 * Settings of DMS tasks (DMS user guide, task settings). Only what is meant is said: the Terraform provider takes what is
 * not said for equal to what DMS answers, but never a key that DMS does not know, a null, or a list other than
 * LogComponents; a test holds them to that. DMS's defaults drop rows that fail and cut values at 32 KB, with a log line.
 */

const logging = {
  EnableLogging: true,
  LogComponents: ['SOURCE_CAPTURE', 'SOURCE_UNLOAD', 'TARGET_APPLY', 'TARGET_LOAD', 'TASK_MANAGER'].map(
    (Id) => ({ Id, Severity: 'LOGGER_SEVERITY_DEFAULT' }),
  ),
}

/** KiB: as much as DMS gives to Kinesis. A longer value ends the task, for the source endpoint is told to. */
const lobs = { SupportLobs: true, FullLobMode: false, LimitedSizeLobMode: true, LobMaxSize: 1_024 }

/** Nothing is left out: a row or a table that fails stops the task, and an alarm says so. */
const errors = {
  DataErrorPolicy: 'STOP_TASK',
  DataTruncationErrorPolicy: 'STOP_TASK',
  DataErrorEscalationPolicy: 'STOP_TASK',
  TableErrorPolicy: 'STOP_TASK',
  TableErrorEscalationPolicy: 'STOP_TASK',
  FailOnNoTablesCaptured: true,
  RecoverableErrorCount: -1,
  RecoverableErrorInterval: 5,
  RecoverableErrorThrottling: true,
  RecoverableErrorThrottlingMax: 1_800,
  /* Else a source that is away for about an hour ends the task, whatever the count says. */
  RecoverableErrorStopRetryAfterThrottlingMax: false,
}

/** Tables of DMS's own would travel in the stream. */
const controlTables = {
  HistoryTableEnabled: false,
  StatusTableEnabled: false,
  SuspendedTablesTableEnabled: false,
}

/** Of the task that sends every change to Kinesis. */
export const cdcTaskSettings = {
  BeforeImageSettings: { EnableBeforeImage: true, FieldName: 'before-image', ColumnFilter: 'pk-only' },
  ChangeProcessingDdlHandlingPolicy: {
    HandleSourceTableAltered: true,
    HandleSourceTableDropped: true,
    HandleSourceTableTruncated: true,
  },
  ControlTablesSettings: controlTables,
  ErrorBehavior: errors,
  Logging: logging,
  /* Batch apply loses data with Kinesis. One thread keeps the order of each shard for its other readers. */
  TargetMetadata: { ...lobs, BatchApplyEnabled: false, ParallelApplyThreads: 0 },
}

/** Of the task that writes whole tables to S3. */
export const loadTaskSettings = {
  ControlTablesSettings: controlTables,
  ErrorBehavior: { ...errors, FailOnTransactionConsistencyBreached: true },
  FullLoadSettings: {
    CommitRate: 50_000,
    MaxFullLoadSubTasks: 8,
    StopTaskCachedChangesApplied: false,
    StopTaskCachedChangesNotApplied: false,
    /* A folder is one load's own; what an attempt left in it would be read twice. */
    TargetTablePrepMode: 'DROP_AND_CREATE',
    TransactionConsistencyTimeout: 600,
  },
  Logging: logging,
  TargetMetadata: { ...lobs, BatchApplyEnabled: false },
}
