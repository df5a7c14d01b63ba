import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareMappings, terraformJson } from '../../aws/dms/mapped-tables.ts'
import { cdcMappings } from '../../aws/dms/table-mappings.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { hasTerraform, terraform } from '../infra/terraform.ts'
import { tempFolder } from '../support/temp-folder.ts'

const name = fc
  .tuple(fc.stringMatching(/^[a-z%_é<&]{1,6}$/), fc.stringMatching(/^[A-Z a-z%_.]{1,6}$/))
  .map(([schema, table]) => sourceTableName({ schema, name: table }))
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 6 })

test('law: mappings differ by exactly the tables that one has and the other has not, whatever their layout', () => {
  fc.assert(
    fc.property(names, names, (live, wanted) => {
      const spaced = JSON.stringify(JSON.parse(cdcMappings(live)), null, 3)
      const { isSame, added, removed } = compareMappings(
        spaced,
        terraformJson(JSON.parse(cdcMappings(wanted))),
      )
      expect(new Set(added)).toEqual(new Set(wanted.filter((table) => !live.includes(table))))
      expect(new Set(removed)).toEqual(new Set(live.filter((table) => !wanted.includes(table))))
      expect(isSame).toBe(added.length === 0 && removed.length === 0)
    }),
  )
})

test.skipIf(!hasTerraform())('the text of mappings is the one that Terraform gives to DMS', async () => {
  const folder = await tempFolder()
  const mappings = JSON.parse(cdcMappings(['w.a_b', 'w."<b>&""c\\"', 'w.é\u2028\u007f😀', 'Z.%', 'a.B']))
  await writeFile(
    join(folder, 'mappings.json'),
    JSON.stringify({ ...mappings, a: [1, null, true, 0.5], B: '' }, null, 2),
  )
  await writeFile(
    join(folder, 'main.tf'),
    'output "text" {\n  value = jsonencode(jsondecode(file("$' + '{path.module}/mappings.json")))\n}\n',
  )
  await terraform(folder, ['apply', '-auto-approve'])
  expect(await terraform(folder, ['output', '-raw', 'text'])).toBe(
    terraformJson({ ...mappings, a: [1, null, true, 0.5], B: '' }),
  )
})
