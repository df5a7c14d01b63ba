import type { Follow } from './follow.ts'

const WELL = 'docs/runbooks/function-errors.md'
const ADDING = 'docs/17-a-new-table.md'

/** Failures of what runs on AWS, where a person has the pages and no machine of a test has the account. */
export const awsFollowed = {
  'ledger/too-large': { page: 'docs/runbooks/ledger.md', test: 'test/aws/dynamo-ledger.test.ts' },
  'objects/unavailable': { page: WELL, test: 'test/aws/s3.test.ts' },
  'objects/missing': { page: WELL, test: 'test/aws/s3.test.ts' },
  'objects/corrupt': { page: WELL, test: 'test/ports/compaction-ledger.test.ts' },
  'objects/too-large': { page: WELL, test: 'test/aws/s3.test.ts' },
  'delivery/unavailable': { page: 'docs/runbooks/firehose.md', test: 'test/aws/firehose-delivery.test.ts' },
  'catalog/corrupt': { page: 'docs/13-the-glue-catalog.md', test: 'test/aws/base-manifest.test.ts' },
  'catalog/too-large': { page: 'docs/13-the-glue-catalog.md', test: 'test/aws/glue-catalog.test.ts' },
  'catalog/breaking': { page: 'docs/13-the-glue-catalog.md', test: 'test/aws/catalog-definitions.test.ts' },
  'catalog/changed': { page: 'docs/13-the-glue-catalog.md', test: 'test/aws/catalog-definitions.test.ts' },
  'keys/invalid': { page: WELL, test: 'test/aws/s3.test.ts' },
  'load/not-read': { page: 'docs/runbooks/full-table-reload.md', test: 'test/ingest/advance-load.test.ts' },
  'load/nothing-captured': {
    test: 'test/ingest/load-place.test.ts',
    named: 'a place that a commit may still take, and an epoch that is over, are refused',
  },
  'dms/refused': { page: ADDING, test: 'test/aws/dms-tasks.test.ts' },
  'table/not-released': { page: ADDING, test: 'test/cli/table-stack.test.ts' },
  'table/not-deployed': { page: ADDING, test: 'test/cli/table-stack.test.ts' },
  'table/not-captured': { page: ADDING, test: 'test/aws/add-to-capture.test.ts' },
  'aws/unavailable': { page: WELL, test: 'test/aws/invoke.test.ts' },
  'aws/refused': { page: WELL, test: 'test/aws/call-aws.test.ts' },
  'function/busy': { page: 'docs/runbooks/mended-contract.md', test: 'test/aws/invoke.test.ts' },
  'function/failed': { page: WELL, test: 'test/aws/invoke.test.ts' },
  'source/stream-view': { page: 'docs/04-sources.md', test: 'test/ingest/decode-service.test.ts' },
  'settings/invalid': { page: WELL, test: 'test/handlers/runtime.test.ts' },
} as const satisfies Readonly<Record<string, Follow>>
