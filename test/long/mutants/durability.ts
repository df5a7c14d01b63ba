import type { Mutant } from './mutant.ts'

const powerCut = 'test/local/stores/power-cut.test.ts'
const documents = 'test/ports/documents.test.ts'
const catalog = 'test/ports/catalog.test.ts'

/** What is said to be on disk is. */
export const durability: readonly Mutant[] = [
  {
    file: 'local/state/folder-catalog.ts',
    before: '        await this.items.write(puts)\n',
    after: '        void this.items.write(puts).catch(() => undefined)\n',
    test: catalog,
    reason: 'a call of the catalog is on disk when it says so, and known only then',
  },
  {
    file: 'local/state/folder-catalog.ts',
    before: '    if (items[0] !== undefined) entries.push(this.entryOf(items[0].pk, items))\n',
    after: '',
    test: catalog,
    reason: 'a catalog is read whole',
  },
  {
    file: 'local/state/run-state.ts',
    before: '    this.place(loads)\n    return this.save()\n',
    after: '    return this.save()\n',
    test: 'test/local/pipeline/run-state.test.ts',
    reason: 'that a load is complete is on disk',
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
    before: '    await this.deps.ledger.passTo(reached, records)\n',
    after: '    void this.deps.ledger.passTo(reached, records).catch(() => undefined)\n',
    test: 'test/local/pipeline/loops.test.ts',
    reason: 'format is as far as its checkpoint, not further',
  },
  {
    file: 'local/ledger/folder-ledger.ts',
    before: '      for (const page of pages) foldPage(fold, page)\n',
    after: '',
    test: 'test/local/ledger/folder-ledger.test.ts',
    reason: 'a page behind the checkpoint is in the ledger',
  },
  {
    file: 'local/ledger/fold-ledger.ts',
    before: '  if (isKnown && open === undefined) return\n',
    after: '',
    test: 'test/ports/ledger.test.ts',
    reason: 'a page that is a sum already is not added once more',
  },
  {
    file: 'local/ledger/fold-ledger.ts',
    before: '  if (fold.find(key) === undefined) return\n  fold.write({',
    after: '  fold.write({',
    test: 'test/ports/ledger.test.ts',
    reason: 'a redriven block counts once however often it lands',
  },
  {
    file: 'local/ledger/fold-ledger.ts',
    before: '    .filter((block) => hasMark(fold, block))\n',
    after: '    .filter(() => false)\n',
    test: 'test/ports/ledger.test.ts',
    reason: 'a block that landed before its page was recorded counts',
  },
  {
    file: 'local/stores/folder-raw-store.ts',
    before: '        if (this.items.offsetOf(item) !== undefined) continue\n',
    after: '',
    test: 'test/ports/raw-store.test.ts',
    reason: 'a page that is put again is not captured once more',
  },
  {
    file: 'local/recovery/rebuild-ledger.ts',
    before: '      if (isUntilOpen && !isWhole) break\n',
    after: '',
    test: 'test/local/recovery/lost-checkpoint.test.ts',
    reason: 'where nobody knows how far format was, what is nowhere is formatted again',
  },
  {
    file: 'ingest/land/land-or-reject.ts',
    before: '    await ledger.landed(landed.record)\n',
    after: '    void ledger.landed(landed.record).catch(() => undefined)\n',
    test: 'test/local/pipeline/loops.test.ts',
    reason: 'an object goes only when the books have what landed of it',
  },
]
