import type { Mutant } from './mutant.ts'

const powerCut = 'test/local/stores/power-cut.test.ts'
const documents = 'test/ports/documents.test.ts'

/** What is said to be on disk is. */
export const durability: readonly Mutant[] = [
  {
    file: 'local/logs/frame-log.ts',
    before: '      await file.datasync()\n',
    after: '',
    test: powerCut,
    reason: 'frames of a log are on disk when it says so',
  },
  {
    file: 'local/logs/frame-log.ts',
    before: 'if (isNew) await syncFolder(this.folder)',
    after: 'if (isNew) await Promise.resolve()',
    test: powerCut,
    reason: 'a new segment of a log keeps its name',
  },
  {
    file: 'local/logs/log-head.ts',
    before: '    await syncFolder(this.folder)\n',
    after: '',
    test: powerCut,
    reason: 'the head of a log keeps its name',
  },
  {
    file: 'local/logs/log-head.ts',
    before: '    await file?.datasync()\n',
    after: '',
    test: powerCut,
    reason: 'the head of a log that was closed is on disk',
  },
  {
    file: 'engine/files/durable.ts',
    before: '    await file.sync()\n',
    after: '',
    test: powerCut,
    reason: 'a file that is replaced is whole before it has the name',
  },
  {
    file: 'engine/files/durable.ts',
    before: '    throw error\n  }\n  await syncFolder(dirname(path))\n',
    after: '    throw error\n  }\n',
    test: powerCut,
    reason: 'a file that was replaced stays so',
  },
  {
    file: 'engine/files/durable.ts',
    before: '    await rm(temporary, { force: true })\n  }\n  await syncFolder(dirname(path))\n',
    after: '    await rm(temporary, { force: true })\n  }\n',
    test: powerCut,
    reason: 'a file that was made keeps its name',
  },
  {
    file: 'engine/files/durable.ts',
    before:
      '  for (let made = whole; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))\n',
    after: '',
    test: powerCut,
    reason: 'folders that were made keep their names',
  },
  {
    file: 'local/stores/folder-files.ts',
    before: '      await file.sync()\n',
    after: '',
    test: powerCut,
    reason: 'a published file of the lake is whole on disk',
  },
  {
    file: 'local/stores/folder-files.ts',
    before: '    await syncFolder(dirname(target))\n',
    after: '',
    test: powerCut,
    reason: 'a published file of the lake keeps its name',
  },
  {
    file: 'local/stores/move-aside.ts',
    before: '  await syncFolder(dirname(target))\n',
    after: '',
    test: powerCut,
    reason: 'what was moved aside is where it was moved to',
  },
  {
    file: 'local/documents/item-documents.ts',
    before: '    this.known.delete(key)\n    await this.items.write([\n',
    after: '    await this.items.write([\n',
    test: documents,
    reason: 'a part of a document is written again after a put whose answer was lost',
  },
  {
    file: 'local/documents/item-documents.ts',
    before: 'Math.max(0, count - list.length)',
    after: '0',
    test: documents,
    reason: 'a list of a document that shrinks has no part of before',
  },
  {
    file: 'local/state/state-file.ts',
    before: "    if (mode === 'read') await refuseLost(root, path)\n",
    after: '',
    test: documents,
    reason: 'a state file that is lost is not read as an empty one',
  },
  {
    file: 'local/pipeline/format-loop.ts',
    before: '    await ledger.formatted(records)\n    await writeCheckpoint(checkpoint, reached)\n',
    after: '    await writeCheckpoint(checkpoint, reached)\n    await ledger.formatted(records)\n',
    test: 'test/local/pipeline/loops.test.ts',
    reason: 'a page behind the checkpoint is in the books',
  },
  {
    file: 'ingest/land/land-or-reject.ts',
    before: '    await ledger.landed(landed.record)\n',
    after: '    void ledger.landed(landed.record).catch(() => undefined)\n',
    test: 'test/local/pipeline/loops.test.ts',
    reason: 'an object goes only when the books have what landed of it',
  },
  {
    file: 'local/ledger/folder-ledger.ts',
    before: '    await this.manifest.append(this.fileChanges)\n    const next',
    after: '    void this.manifest.append(this.fileChanges)\n    const next',
    test: 'test/local/ledger/folder-ledger.test.ts',
    reason: 'files are in the manifest before the journal that names them goes',
  },
]
