import { describe, expect, test } from 'vitest'
import { cdcTaskSettings, loadTaskSettings } from '../../aws/dms/task-settings.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/*
 * What DMS answers of a task to which nothing was said, in the shape of the user guide's example, with the read-only keys
 * that it adds. Settings lie over it as a task that was made with them answers.
 */
const answered: Record<string, Json> = {
  TargetMetadata: {
    TargetSchema: '',
    SupportLobs: true,
    FullLobMode: false,
    LobChunkSize: 0,
    LimitedSizeLobMode: true,
    LobMaxSize: 32,
    InlineLobMaxSize: 0,
    LoadMaxFileSize: 0,
    ParallelLoadThreads: 0,
    ParallelLoadBufferSize: 0,
    ParallelLoadQueuesPerThread: 0,
    ParallelApplyThreads: 0,
    ParallelApplyBufferSize: 0,
    ParallelApplyQueuesPerThread: 0,
    BatchApplyEnabled: false,
    TaskRecoveryTableEnabled: false,
  },
  FullLoadSettings: {
    TargetTablePrepMode: 'DO_NOTHING',
    CreatePkAfterFullLoad: false,
    StopTaskCachedChangesApplied: false,
    StopTaskCachedChangesNotApplied: false,
    MaxFullLoadSubTasks: 8,
    TransactionConsistencyTimeout: 600,
    CommitRate: 10_000,
  },
  Logging: {
    EnableLogging: false,
    EnableLogContext: false,
    LogComponents: [],
    CloudWatchLogGroup: 'dms-tasks-tidemark',
    CloudWatchLogStream: 'dms-task-0',
  },
  ControlTablesSettings: {
    ControlSchema: '',
    HistoryTimeslotInMinutes: 5,
    HistoryTableEnabled: false,
    SuspendedTablesTableEnabled: false,
    StatusTableEnabled: false,
    FullLoadExceptionTableEnabled: false,
  },
  StreamBufferSettings: { StreamBufferCount: 3, StreamBufferSizeInMB: 8, CtrlStreamBufferSizeInMB: 5 },
  ChangeProcessingDdlHandlingPolicy: {
    HandleSourceTableDropped: true,
    HandleSourceTableTruncated: true,
    HandleSourceTableAltered: true,
  },
  ErrorBehavior: {
    DataErrorPolicy: 'LOG_ERROR',
    DataTruncationErrorPolicy: 'LOG_ERROR',
    DataErrorEscalationPolicy: 'SUSPEND_TABLE',
    DataErrorEscalationCount: 0,
    TableErrorPolicy: 'SUSPEND_TABLE',
    TableErrorEscalationPolicy: 'STOP_TASK',
    TableErrorEscalationCount: 0,
    RecoverableErrorCount: -1,
    RecoverableErrorInterval: 5,
    RecoverableErrorThrottling: true,
    RecoverableErrorThrottlingMax: 1_800,
    RecoverableErrorStopRetryAfterThrottlingMax: true,
    FailOnTransactionConsistencyBreached: false,
    FailOnNoTablesCaptured: true,
  },
  ChangeProcessingTuning: { MemoryLimitTotal: 1_024, MemoryKeepTime: 60, StatementCacheSize: 50 },
  PostProcessingRules: null,
  CharacterSetSettings: null,
  LoopbackPreventionSettings: null,
  /* Null until it is set, then as it was set. */
  BeforeImageSettings: { EnableBeforeImage: false, FieldName: '', ColumnFilter: '' },
  FailTaskWhenCleanTaskResourceFailed: false,
}

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/* A key that DMS does not know does not come back. */
function laidOver(under: Json | undefined, over: Json | undefined): Json {
  if (over === undefined) return under ?? null
  if (!isObject(over) || !isObject(under)) return over
  return Object.fromEntries(Object.keys(under).map((name) => [name, laidOver(under[name], over[name])]))
}

/** Whether the Terraform provider sees a difference: its rule for `replication_task_settings`, in our words. */
function isSame(state: Json | undefined, proposed: Json | undefined): boolean {
  if (proposed === undefined || proposed === null) return true
  if (isObject(state))
    return (
      isObject(proposed) &&
      Object.keys(state).every((name) => isSame(state[name], proposed[name])) &&
      Object.keys(proposed).every((name) => Object.hasOwn(state, name))
    )
  return !Array.isArray(state) && state === proposed
}

/* The provider compares components of the log by name, and passes over what is DMS's own. */
function asCompared(settings: Json): Json {
  if (!isObject(settings) || !isObject(settings['Logging'])) return settings
  const { CloudWatchLogGroup: _, CloudWatchLogStream: __, LogComponents, ...logging } = settings['Logging']
  const components = Array.isArray(LogComponents) ? LogComponents : []
  return {
    ...settings,
    Logging: {
      ...logging,
      LogComponents: Object.fromEntries(components.map(({ Id, Severity }) => [Id, Severity])),
    },
  }
}

const planIsEmpty = (settings: Json) => isSame(asCompared(laidOver(answered, settings)), asCompared(settings))

describe.each([
  ['cdc', cdcTaskSettings],
  ['load', loadTaskSettings],
])('settings of the %s task', (_, settings) => {
  test('say only keys that DMS answers, so a second plan is empty', () => {
    expect(planIsEmpty(settings)).toBe(true)
  })

  test('leave no row and no table out silently', () => {
    expect(settings).toMatchObject({
      Logging: { EnableLogging: true },
      ErrorBehavior: {
        DataErrorPolicy: 'STOP_TASK',
        DataTruncationErrorPolicy: 'STOP_TASK',
        TableErrorPolicy: 'STOP_TASK',
      },
      TargetMetadata: { BatchApplyEnabled: false, LimitedSizeLobMode: true },
    })
  })
})

test('G4: changes of the key carry the old key', () => {
  expect(cdcTaskSettings.BeforeImageSettings).toEqual({
    EnableBeforeImage: true,
    FieldName: 'before-image',
    ColumnFilter: 'pk-only',
  })
})

test('a source that is away for longer ends no task: the count says for ever, and DMS would stop at its longest wait', () => {
  for (const { ErrorBehavior } of [cdcTaskSettings, loadTaskSettings])
    expect(ErrorBehavior).toMatchObject({
      RecoverableErrorCount: -1,
      RecoverableErrorStopRetryAfterThrottlingMax: false,
    })
})

test('the rule of the provider finds a key that DMS does not know, a list, and another value', () => {
  expect(planIsEmpty({ TargetMetadata: { LobMaxsize: 64 } })).toBe(false)
  expect(planIsEmpty({ Unknown: { A: 1 } })).toBe(false)
  expect(planIsEmpty({ ErrorBehavior: { DataErrorPolicy: ['STOP_TASK'] } })).toBe(false)
  const other = { TargetMetadata: { LobMaxSize: 64 } }
  expect([planIsEmpty(other), isSame(asCompared(answered), asCompared(other))]).toEqual([true, false])
})
