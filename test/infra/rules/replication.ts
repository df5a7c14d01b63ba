import type { Resource } from '../stack.ts'
import { decided, each, ofType, type Rule, whole } from './rule.ts'
import { at, jsonAt, listAt, textAt } from './values.ts'

/* docs/04-sources.md says why each. */
const CDC_SETTINGS: Readonly<Record<string, unknown>> = {
  'BeforeImageSettings.EnableBeforeImage': true,
  'BeforeImageSettings.ColumnFilter': 'pk-only',
  'ErrorBehavior.DataErrorPolicy': 'STOP_TASK',
  'ErrorBehavior.DataTruncationErrorPolicy': 'STOP_TASK',
  'ErrorBehavior.TableErrorPolicy': 'STOP_TASK',
  'ErrorBehavior.FailOnNoTablesCaptured': true,
  'Logging.EnableLogging': true,
  'TargetMetadata.FullLobMode': false,
  'TargetMetadata.LimitedSizeLobMode': true,
  'TargetMetadata.BatchApplyEnabled': false,
  'TargetMetadata.ParallelApplyThreads': 0,
}

const LOAD_SETTINGS: Readonly<Record<string, unknown>> = {
  'ErrorBehavior.DataErrorPolicy': 'STOP_TASK',
  'ErrorBehavior.DataTruncationErrorPolicy': 'STOP_TASK',
  'ErrorBehavior.FailOnTransactionConsistencyBreached': true,
  'FullLoadSettings.TargetTablePrepMode': 'DROP_AND_CREATE',
  'Logging.EnableLogging': true,
  'TargetMetadata.FullLobMode': false,
}

/** DMS as docs/04-sources.md wants it. */
export const replication: readonly Rule[] = [
  decided(
    'the replication instance is private, in two zones, and changes when a person says so',
    'aws_dms_replication_instance',
    {
      publicly_accessible: false,
      multi_az: true,
      auto_minor_version_upgrade: false,
      /* Else DMS refuses engine_version of another 3.x; nothing but that argument changes it. */
      allow_major_version_upgrade: true,
      apply_immediately: false,
      replication_subnet_group_id: 'tidemark',
    },
  ),
  {
    name: 'DMS is new enough to keep the digits of large integers',
    faults: each('aws_dms_replication_instance', ({ values }) =>
      /^(3\.5\.[4-9]|3\.[6-9]|[4-9])/.test(textAt(values, 'engine_version'))
        ? undefined
        : 'is older than 3.5.4',
    ),
    seeds: {
      '3.5.3': (draft) => draft.set(draft.one('aws_dms_replication_instance'), 'engine_version', '3.5.3'),
    },
  },
  {
    name: 'the source is reached by a verified connection, with an address out of Secrets Manager',
    faults: each('aws_dms_endpoint', ({ values }, all) =>
      values['endpoint_type'] !== 'source'
        ? undefined
        : [
            values['ssl_mode'] === 'verify-full' ? undefined : `ssl_mode is ${values['ssl_mode']}`,
            ofType(all, 'aws_dms_certificate').some(
              (one) => one.values['certificate_arn'] === values['certificate_arn'],
            )
              ? undefined
              : 'no authority vouches for the source',
            textAt(values, 'secrets_manager_arn').startsWith('arn:aws:secretsmanager:')
              ? undefined
              : 'has no secret',
            ofType(all, 'aws_iam_role').some(
              (one) => one.values['arn'] === values['secrets_manager_access_role_arn'],
            )
              ? undefined
              : 'has no role to read its secret with',
          ],
    ),
    seeds: {
      'clear text': (draft) => draft.set(draft.one('aws_dms_endpoint', 'source'), 'ssl_mode', 'none'),
      'a name that nobody checks': (draft) =>
        draft.set(draft.one('aws_dms_endpoint', 'source'), 'ssl_mode', 'require'),
      'no authority': (draft) => draft.set(draft.one('aws_dms_endpoint', 'source'), 'certificate_arn', null),
      'no secret': (draft) => draft.set(draft.one('aws_dms_endpoint', 'source'), 'secrets_manager_arn', null),
      'no role': (draft) =>
        draft.set(draft.one('aws_dms_endpoint', 'source'), 'secrets_manager_access_role_arn', null),
    },
  },
  decided(
    'the source says what capture needs to know, and its slot is kept alive',
    'aws_dms_endpoint',
    {
      'postgres_settings.0.capture_ddls': true,
      'postgres_settings.0.fail_tasks_on_lob_truncation': true,
      'postgres_settings.0.heartbeat_enable': true,
      'postgres_settings.0.heartbeat_frequency': 1,
      'postgres_settings.0.map_boolean_as_boolean': true,
      'postgres_settings.0.slot_name': 'tidemark',
      extra_connection_attributes: 'unboundedVarcharMaxSize=1048576',
    },
    ({ values }) => values['endpoint_type'] === 'source',
  ),
  decided(
    'records in the stream say their position, nulls and every digit',
    'aws_dms_endpoint',
    {
      'kinesis_settings.0.message_format': 'json-unformatted',
      'kinesis_settings.0.include_control_details': true,
      'kinesis_settings.0.include_null_and_empty': true,
      'kinesis_settings.0.include_partition_value': true,
      'kinesis_settings.0.include_table_alter_operations': true,
      'kinesis_settings.0.include_transaction_details': true,
      'kinesis_settings.0.partition_include_schema_table': true,
      'kinesis_settings.0.use_large_integer_value': true,
    },
    ({ values }) => values['engine_name'] === 'kinesis',
  ),
  decided(
    'files of loads are Parquet with microseconds, in the bucket of the data account',
    'aws_dms_s3_endpoint',
    {
      data_format: 'parquet',
      parquet_version: 'parquet-1-0',
      parquet_timestamp_in_millisecond: false,
      include_op_for_full_load: false,
      bucket_folder: 'landing/loads',
      expected_bucket_owner: '222222222222',
    },
  ),
  {
    name: 'changes and loads are tasks of their own; only that of changes is started by Terraform',
    faults: (resources) => {
      const types = ofType(resources, 'aws_dms_replication_task').map(
        ({ values }) => values['migration_type'],
      )
      const loads = ofType(resources, 'aws_dms_replication_task').filter(
        ({ values }) => values['migration_type'] === 'full-load',
      )
      return [
        ...(types.toSorted().join() === 'cdc,full-load' ? [] : [`the tasks are ${types}`]),
        ...loads.flatMap(({ address, values }) =>
          values['start_replication_task'] === false ? [] : `${address}: is started with the stack`,
        ),
      ]
    },
    seeds: {
      'one for both': (draft) =>
        draft.set(draft.one('aws_dms_replication_task', 'cdc'), 'migration_type', 'full-load-and-cdc'),
      'a load by itself': (draft) =>
        draft.set(draft.one('aws_dms_replication_task', 'load'), 'start_replication_task', true),
    },
  },
  settings('cdc', CDC_SETTINGS),
  settings('full-load', LOAD_SETTINGS),
  {
    name: 'mappings name tables, and spread changes by primary key',
    faults: each('aws_dms_replication_task', ({ values }) => {
      const rules = listAt(jsonAt(values, 'table_mappings'), 'rules')
      const selected = rules.filter((rule) => at(rule, 'rule-type') === 'selection')
      const keyed = rules.filter(
        (rule) => textAt(rule, 'mapping-parameters.partition-key-type') === 'primary-key',
      )
      const wild = selected.filter((rule) => /[%]/.test(textAt(rule, 'object-locator.table-name')))
      return [
        selected.length > 0 ? undefined : 'selects nothing',
        wild.length === 0 ? undefined : 'selects tables that have no contract',
        values['migration_type'] !== 'cdc' || keyed.length > 0 ? undefined : 'has one shard for a table',
      ]
    }),
    seeds: {
      nothing: (draft) =>
        draft.edit(draft.one('aws_dms_replication_task'), 'table_mappings', (mappings) => {
          mappings['rules'] = []
        }),
      'every table': (draft) =>
        draft.set(
          draft.one('aws_dms_replication_task'),
          'table_mappings',
          '{"rules":[{"rule-type":"selection","object-locator":{"table-name":"%"}}]}',
        ),
      'one shard for a table': (draft) =>
        draft.set(
          draft.one('aws_dms_replication_task', 'cdc'),
          'table_mappings',
          '{"rules":[{"rule-type":"selection","object-locator":{"table-name":"shifts"}}]}',
        ),
    },
  },
  {
    name: 'DMS finds the two roles that it looks for by name',
    faults: whole((resources) =>
      ['dms-vpc-role', 'dms-cloudwatch-logs-role'].flatMap((name) => [
        ofType(resources, 'aws_iam_role').some(({ values }) => values['name'] === name)
          ? undefined
          : `no role ${name}`,
        ofType(resources, 'aws_iam_role_policy_attachment').some(({ values }) => values['role'] === name)
          ? undefined
          : `${name} may do nothing`,
      ]),
    ),
    seeds: {
      'no role': (draft) => draft.drop('aws_iam_role', 'source.aws_iam_role.vpc'),
      'a role without a policy': (draft) => draft.drop('aws_iam_role_policy_attachment', 'logs'),
    },
  },
  {
    name: 'logs of tasks go where DMS writes them',
    faults: each('aws_dms_replication_instance', ({ values }, all) =>
      ofType(all, 'aws_cloudwatch_log_group').some(
        (one) => one.values['name'] === `dms-tasks-${values['replication_instance_id']}`,
      )
        ? undefined
        : 'DMS makes a group with neither key nor end',
    ),
    seeds: { 'another name': (draft) => draft.drop('aws_cloudwatch_log_group', 'source') },
  },
  {
    name: 'the stream is in the account and Region of DMS',
    faults: each('aws_dms_endpoint', ({ values, stack }, all) => {
      const stream = textAt(values, 'kinesis_settings.0.stream_arn')
      if (values['engine_name'] !== 'kinesis') return undefined
      const isBeside = ofType(all, 'aws_kinesis_stream').some(
        (one) => one.stack === stack && one.values['arn'] === stream,
      )
      return isBeside ? undefined : `${stream} is elsewhere`
    }),
    seeds: {
      elsewhere: (draft) =>
        draft.set(
          draft.one('aws_dms_endpoint', '.stream'),
          'kinesis_settings.0.stream_arn',
          'arn:aws:kinesis:eu-west-1:222222222222:stream/tidemark-changes',
        ),
    },
  },
]

/* The settings of a task, each seeded with another value. */
function settings(migration: string, wanted: Readonly<Record<string, unknown>>): Rule {
  const isIt = ({ values }: Resource) => values['migration_type'] === migration
  return {
    name: `the ${migration} task stops where it would lose or change something`,
    faults: each('aws_dms_replication_task', (resource) => {
      if (!isIt(resource)) return undefined
      const given = jsonAt(resource.values, 'replication_task_settings')
      return Object.entries(wanted).map(([path, value]) =>
        at(given, path) === value ? undefined : `${path} is not ${value}`,
      )
    }),
    seeds: Object.fromEntries(
      Object.keys(wanted).map((path) => [
        `${path} is another`,
        (draft) => {
          const task = draft.one('aws_dms_replication_task', isIt)
          draft.edit(task, 'replication_task_settings', (document) => {
            const [group = '', name = ''] = path.split('.')
            const part = document[group]
            if (typeof part === 'object' && part !== null) Reflect.set(part, name, 'IGNORE_RECORD')
          })
        },
      ]),
    ),
  }
}
