import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Whether Terraform refuses to destroy the resource of an address, of a stack in this folder. Neither a plan nor a state
 * says it, so it is read from the files, in the layout that `terraform fmt` gives them.
 */
export function keptResources(folder: string): (address: string) => boolean {
  const own = blocksOf(folder)
  const modules = new Map(
    own.flatMap(({ head, body }) => {
      const source = /^ {2}source\s+= "(.+)"$/m.exec(body)?.[1]
      return head[0] === 'module' && source !== undefined
        ? [[head[1], keptOf(blocksOf(join(folder, source)))]]
        : []
    }),
  )
  const ofStack = keptOf(own)
  return (address) => {
    const [, module, resource = ''] = /^(?:module\.(\w+)(?:\[[^\]]*\])?\.)?(\w+\.\w+)/.exec(address) ?? []
    return (module === undefined ? ofStack : modules.get(module))?.has(resource) === true
  }
}

interface TopBlock {
  readonly head: readonly string[]
  readonly body: string
}

function blocksOf(folder: string): readonly TopBlock[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.tf'))
  return files.flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    return [...text.matchAll(/^(\w+(?: "\w+")*) \{\n([\s\S]*?)^\}/gm)].map(([, head = '', body = '']) => ({
      head: head.replaceAll('"', '').split(' '),
      body,
    }))
  })
}

function keptOf(blocks: readonly TopBlock[]): ReadonlySet<string> {
  const kept = blocks.filter(
    ({ head, body }) => head[0] === 'resource' && /^ {4}prevent_destroy\s+= true$/m.test(body),
  )
  return new Set(kept.map(({ head }) => `${head[1]}.${head[2]}`))
}
