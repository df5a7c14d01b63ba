import { decided, each, ofType, type Rule, whole } from './rule.ts'
import { at, listAt, numberAt, textAt } from './values.ts'

const TERABYTE = 1_099_511_627_776

/* Services that DMS and reconcile reach without the Internet, by stack. */
const ENDPOINTS: Readonly<Record<string, readonly string[]>> = {
  production: ['kinesis-streams', 'logs', 's3', 'secretsmanager'],
  data: ['dynamodb', 'glue', 's3', 'secretsmanager'],
}

/** Delivery, queries, functions and the network around them. */
export const lake: readonly Rule[] = [
  decided(
    'Firehose writes compressed objects, and logs what it cannot write',
    'aws_kinesis_firehose_delivery_stream',
    {
      destination: 'extended_s3',
      'extended_s3_configuration.0.compression_format': 'GZIP',
      'extended_s3_configuration.0.file_extension': '.ndjson.gz',
      'extended_s3_configuration.0.cloudwatch_logging_options.0.enabled': true,
    },
  ),
  {
    name: 'what Firehose cannot deliver lies apart from what is landed',
    faults: each('aws_kinesis_firehose_delivery_stream', ({ values }) => {
      const prefix = textAt(values, 'extended_s3_configuration.0.prefix')
      const errors = textAt(values, 'extended_s3_configuration.0.error_output_prefix')
      return [
        prefix.startsWith('landing/changes/') ? undefined : 'delivers where nobody lands',
        errors.startsWith('failures/') ? undefined : 'puts what failed where it is landed',
        errors.includes('!{firehose:error-output-type}') ? undefined : 'does not say why it failed',
      ]
    }),
    seeds: {
      'another folder': (draft) =>
        draft.set(
          draft.one('aws_kinesis_firehose_delivery_stream'),
          'extended_s3_configuration.0.prefix',
          'changes/',
        ),
      'no prefix': (draft) =>
        draft.set(
          draft.one('aws_kinesis_firehose_delivery_stream'),
          'extended_s3_configuration.0.error_output_prefix',
          null,
        ),
      'among what is landed': (draft) =>
        draft.set(
          draft.one('aws_kinesis_firehose_delivery_stream'),
          'extended_s3_configuration.0.error_output_prefix',
          'landing/changes/failed/!{firehose:error-output-type}/',
        ),
      'no reason': (draft) =>
        draft.set(
          draft.one('aws_kinesis_firehose_delivery_stream'),
          'extended_s3_configuration.0.error_output_prefix',
          'failures/firehose/',
        ),
    },
  },
  {
    name: 'Firehose only packs: land writes the Parquet (docs/adr/0002)',
    faults: each('aws_kinesis_firehose_delivery_stream', ({ values }) =>
      [
        'data_format_conversion_configuration',
        'dynamic_partitioning_configuration',
        'processing_configuration',
      ]
        .filter((name) => listAt(values, `extended_s3_configuration.0.${name}`).length > 0)
        .map((name) => `has a ${name}`),
    ),
    seeds: {
      'dynamic partitioning': (draft) =>
        draft.set(
          draft.one('aws_kinesis_firehose_delivery_stream'),
          'extended_s3_configuration.0.dynamic_partitioning_configuration',
          [{ enabled: true }],
        ),
    },
  },
  {
    name: 'the bucket tells the queues of what lands, and of nothing else',
    faults: each('aws_s3_bucket_notification', ({ values }, all) => {
      const told = listAt(values, 'queue').map((queue) => {
        const name = textAt(queue, 'queue_arn').split(':').at(-1) ?? ''
        const isOurs = ofType(all, 'aws_sqs_queue').some(
          (one) => one.values['arn'] === at(queue, 'queue_arn'),
        )
        return `${isOurs ? name : '?'} ${textAt(queue, 'filter_prefix')} ${textAt(queue, 'filter_suffix')}`.trim()
      })
      const wanted = ['tidemark-land landing/changes/', 'tidemark-land-load landing/loads/ .parquet']
      return told.toSorted().join() === wanted.join() ? undefined : `tells ${told.join(', ')}`
    }),
    seeds: {
      everything: (draft) => draft.set(draft.one('aws_s3_bucket_notification'), 'queue.0.filter_prefix', ''),
      'only changes': (draft) =>
        draft.set(draft.one('aws_s3_bucket_notification'), 'queue', [
          {
            queue_arn: 'arn:aws:sqs:eu-west-1:222222222222:tidemark-land',
            filter_prefix: 'landing/changes/',
          },
        ]),
    },
  },
  decided('queries are bounded by the workgroup, whatever a client says', 'aws_athena_workgroup', {
    'configuration.0.enforce_workgroup_configuration': true,
    'configuration.0.publish_cloudwatch_metrics_enabled': true,
    'configuration.0.engine_version.0.selected_engine_version': 'Athena engine version 3',
    'configuration.0.result_configuration.0.expected_bucket_owner': '222222222222',
  }),
  {
    name: 'a query ends at a terabyte at most, and leaves its result in the bucket of results',
    faults: each('aws_athena_workgroup', ({ values }, all) => {
      const limit =
        numberAt(values, 'configuration.0.bytes_scanned_cutoff_per_query') ?? Number.POSITIVE_INFINITY
      const place = textAt(values, 'configuration.0.result_configuration.0.output_location')
      const buckets = ofType(all, 'aws_s3_bucket')
        .map((one) => textAt(one.values, 'bucket'))
        .filter((name) => name.endsWith('-results'))
      return [
        limit <= TERABYTE ? undefined : 'reads as much as it likes',
        buckets.some((name) => place === `s3://${name}/query-results/`)
          ? undefined
          : `leaves results at ${place}`,
      ]
    }),
    seeds: {
      'no limit': (draft) =>
        draft.set(draft.one('aws_athena_workgroup'), 'configuration.0.bytes_scanned_cutoff_per_query', null),
      'results in the lake': (draft) =>
        draft.set(
          draft.one('aws_athena_workgroup'),
          'configuration.0.result_configuration.0.output_location',
          's3://example-tidemark-lake/query-results/',
        ),
    },
  },
  decided('functions run Node.js 22', 'aws_lambda_function', {
    runtime: 'nodejs22.x',
    handler: 'index.handler',
    'logging_config.0.log_format': 'Text',
  }),
  {
    name: 'services are reached inside the VPC, by their ordinary names',
    faults: whole((resources) =>
      Object.entries(ENDPOINTS).flatMap(([stack, services]) => {
        const there = ofType(resources, 'aws_vpc_endpoint').filter((one) => one.stack === stack)
        return services.map((service) => {
          const endpoint = there.find(({ values }) => textAt(values, 'service_name').endsWith(`.${service}`))
          if (endpoint === undefined) return `${stack}: ${service} has no endpoint`
          const { values } = endpoint
          const isReached =
            values['vpc_endpoint_type'] === 'Gateway'
              ? listAt(values, 'route_table_ids').length > 0
              : values['private_dns_enabled'] === true && listAt(values, 'subnet_ids').length >= 2
          return isReached ? undefined : `${stack}: ${service} is not reached by its name, in two zones`
        })
      }),
    ),
    seeds: {
      'no endpoint of Kinesis': (draft) => draft.drop('aws_vpc_endpoint', 'kinesis-streams'),
      'another name': (draft) =>
        draft.set(draft.one('aws_vpc_endpoint', 'glue'), 'private_dns_enabled', false),
      'no route': (draft) => draft.set(draft.one('aws_vpc_endpoint', 's3'), 'route_table_ids', []),
    },
  },
  {
    name: 'whoever looks at a bill sees what is of this pipeline: everything is tagged as the budget counts it',
    faults: (resources) => [
      ...resources.flatMap(({ address, values, stack }) =>
        !('tags_all' in values) || at(values, 'tags_all.stack') === 'tidemark'
          ? []
          : [`${stack}: ${address}: has no tag "stack"`],
      ),
      ...ofType(resources, 'aws_budgets_budget').flatMap(({ address, values }) =>
        textAt(values, 'cost_filter.0.values.0') === 'user:stack$tidemark'
          ? []
          : [`${address}: counts something else`],
      ),
    ],
    seeds: {
      'no tag': (draft) => draft.set(draft.one('aws_sqs_queue'), 'tags_all', {}),
      'another budget': (draft) =>
        draft.set(draft.one('aws_budgets_budget'), 'cost_filter.0.values.0', 'user:stack$${var.name}'),
    },
  },
]
