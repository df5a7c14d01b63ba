import type { Mutant } from './mutant.ts'

/** The source forgets only what is safe, and nothing is taken for complete before it is. */
export const acknowledgement: readonly Mutant[] = [
  {
    file: 'local/pipeline/source-run.ts',
    before: '        await pipeline.capture(records, this.context())\n',
    after: '        void pipeline.capture(records, this.context())\n',
    test: 'test/local/run/acknowledged.test.ts',
    reason: 'nothing is acknowledged before its raw page is durable',
  },
  {
    file: 'local/pipeline/pipeline.ts',
    before: '          await raw.put(pages)\n',
    after: '          void raw.put(pages)\n',
    test: 'test/local/run/acknowledged.test.ts',
    reason: 'capture ends when the raw page is durable',
  },
  {
    file: 'local/pipeline/source-run.ts',
    before: '        await saved()\n',
    after: '',
    test: 'test/local/run/bounded-retries.test.ts',
    reason: 'what is known of altered tables is durable before their rows are acknowledged',
  },
  {
    file: 'ingest/capture/capture-batch.ts',
    before: '  if (pages.length > 0) await store.put(pages)\n',
    after: '  if (pages.length > 0) void store.put(pages)\n',
    test: 'test/ingest/capture-batch.test.ts',
    reason: 'a batch is captured when the raw store has it',
  },
  {
    file: 'ingest/capture/capture-batch.ts',
    before: '  if (refused.length > 0) await quarantine.put(refused)\n',
    after: '  if (refused.length > 0) void quarantine.put(refused)\n',
    test: 'test/ingest/capture-batch.test.ts',
    reason: 'a batch is captured when quarantine has what was refused',
  },
  {
    file: 'engine/postgres/stream/delivery-queue.ts',
    before: '    this.done = batch.through\n',
    after: '    this.done = this.reached\n',
    test: 'test/engine/postgres/delivery-queue.test.ts',
    reason: 'a delivery acknowledges what it held, not what waits behind it',
  },
  {
    file: 'engine/postgres/stream/delivery-queue.ts',
    before: 'if (last !== undefined && this.current.records.length === 0) last.through = lsn',
    after: 'if (last !== undefined) last.through = lsn',
    test: 'test/engine/postgres/delivery-queue.test.ts',
    reason: 'a full batch does not speak for the records behind it',
  },
  {
    file: 'engine/postgres/stream/delivery-queue.ts',
    before:
      'if (this.stopped || !isEmpty || this.inFlight !== undefined || this.reached <= this.done) return',
    after: 'if (this.stopped || !isEmpty || this.reached <= this.done) return',
    test: 'test/engine/postgres/delivery-queue.test.ts',
    reason: 'nothing is acknowledged past a delivery that is under way',
  },
  {
    file: 'engine/postgres/stream/delivery-queue.ts',
    before:
      'if (this.stopped || !isEmpty || this.inFlight !== undefined || this.reached <= this.done) return',
    after: 'if (this.stopped || this.inFlight !== undefined || this.reached <= this.done) return',
    test: 'test/engine/postgres/delivery-queue.test.ts',
    reason: 'nothing is acknowledged past a record that waits',
  },
  {
    file: 'engine/postgres/stream/delivery-queue.ts',
    before: '      this.stopped = true\n      this.inFlight = undefined\n',
    after: '      this.inFlight = undefined\n',
    test: 'test/engine/postgres/delivery-queue.test.ts',
    reason: 'nothing is acknowledged past a batch that was refused',
  },
  {
    file: 'engine/postgres/stream/acknowledgement.ts',
    before: '      await note(lsn)\n      this.told = lsn\n',
    after: '      this.told = lsn\n      await note(lsn)\n',
    test: 'test/engine/postgres/acknowledgement.test.ts',
    reason: 'the source is told only what was noted before',
  },
  {
    file: 'local/run/tables/inspect-source.ts',
    before: "        before?.slotState === 'creating' ||\n",
    after: '',
    test: 'test/local/run/slot-in-the-making.test.ts',
    reason: 'a slot whose making was cut off is made again',
  },
  {
    file: 'local/pipeline/source-run.ts',
    before: "    await state.update({ slotState: 'creating' })\n",
    after: '',
    test: 'test/local/run/slot-in-the-making.test.ts',
    reason: 'a slot that is being made is known before it is there',
  },
]
