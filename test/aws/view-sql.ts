import type { DefinitionsSettings } from '../../aws/glue/catalog-definitions.ts'

/** The SQL of the only view of a domain. */
export async function viewSql({ glue, prefix }: DefinitionsSettings): Promise<string> {
  const view = (await glue.list(`${prefix}workforce`)).find(({ TableType }) => TableType === 'VIRTUAL_VIEW')
  const [, encoded = ''] = /^\/\* Presto View: (.*) \*\/$/.exec(view?.ViewOriginalText ?? '') ?? []
  return JSON.parse(Buffer.from(encoded, 'base64').toString()).originalSql
}
