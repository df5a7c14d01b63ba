import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { holdsText } from '../support/deflated-text.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type QuarantineUnderTest, quarantineContract } from './quarantine.contract.ts'

quarantineContract('a folder', async () => underTest(await tempFolder()))

async function underTest(folder: string): Promise<QuarantineUnderTest> {
  const quarantine = await FolderQuarantine.open({ items: join(folder, 'state.db') })
  onTestFinished(() => quarantine.close())
  return {
    quarantine,
    reopen: () => underTest(folder),
    holds: (text) => holdsText(folder, text),
  }
}
