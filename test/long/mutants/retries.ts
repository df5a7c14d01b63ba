import type { Mutant } from './mutant.ts'

/** What is tried again is tried a bounded number of times, and no longer than it makes sense. */
export const retries: readonly Mutant[] = [
  {
    file: 'aws/dynamo/dynamo-table.ts',
    before: '      if (unprocessed.length < left.length) attempts.progressed()\n',
    after: '      attempts.progressed()\n',
    test: 'test/aws/bounded-retries.test.ts',
    reason: 'a batch of which DynamoDB does nothing is given up',
  },
  {
    file: 'aws/dynamo/dynamo-table.ts',
    before: '      if (unprocessed.length < left.length) attempts.progressed()\n',
    after: '',
    test: 'test/aws/bounded-retries.test.ts',
    reason: 'a batch of which DynamoDB does a little each time gets done',
  },
  {
    file: 'aws/firehose/firehose-delivery.ts',
    before: '        if (failed.length < left.length) attempts.progressed()\n',
    after: '        attempts.progressed()\n',
    test: 'test/aws/bounded-retries.test.ts',
    reason: 'a call of which Firehose takes no record is given up',
  },
  {
    file: 'aws/firehose/firehose-delivery.ts',
    before: '        if (failed.length < left.length) attempts.progressed()\n',
    after: '',
    test: 'test/aws/bounded-retries.test.ts',
    reason: 'a call of which Firehose takes some records each time gets done',
  },
  {
    file: 'aws/firehose/firehose-delivery.ts',
    before: '        if (failed.length === 0) return\n',
    after: '        if (failed.length === 0 || failed.length === left.length) return\n',
    test: 'test/aws/bounded-retries.test.ts',
    reason: 'an answer by which every record failed delivers nothing',
  },
  {
    file: 'aws/firehose/firehose-delivery.ts',
    before: '        left = failed\n',
    after: '',
    test: 'test/aws/firehose-delivery.test.ts',
    reason: 'only the records that failed are sent again',
  },
  {
    file: 'aws/calls/retry.ts',
    before: 'if (this.failed >= attempts || this.signal.aborted) return false',
    after: 'if (this.signal.aborted) return false',
    test: 'test/aws/bounded-retries.test.ts',
    reason: 'a call is tried so often and no more',
  },
  {
    file: 'local/pipeline/source-link.ts',
    before: 'return mayPass && failures < ATTEMPTS ? wait : undefined',
    after: 'return mayPass ? wait : undefined',
    test: 'test/local/pipeline/source-link.test.ts',
    reason: 'what may pass at the source is tried so often and no more',
  },
  {
    file: 'local/pipeline/source-run.ts',
    before: '        failures = this.capturedLsn > before ? 0 : failures + 1\n',
    after: '        failures = 0\n',
    test: 'test/local/run/bounded-retries.test.ts',
    reason: 'attempts that bring nothing are counted, and the run ends',
  },
  {
    file: 'local/loads/load-runner.ts',
    before: '        tries[kind] += 1\n',
    after: '',
    test: 'test/local/loads/load-runner.test.ts',
    reason: 'a table whose load fails again and again fails',
  },
]
