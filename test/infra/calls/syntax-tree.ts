/** A node of a syntax tree: its type, and fields that hold nodes, lists of them, texts. */
export interface Node {
  readonly type: string
  readonly [field: string]: unknown
}

/** The nodes of a field, which holds one, several or none. */
export function nodesOf(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesOf)
  return isNode(value) ? [value] : []
}

/** The name of an identifier, or the text of a literal; empty for anything else. */
export function nameOf(value: unknown): string {
  const [node] = nodesOf(value)
  if (node === undefined) return ''
  if (node.type === 'PrivateIdentifier') return `#${String(node['name'])}`
  return String(node['name'] ?? node['value'] ?? '')
}

/** The names that a pattern binds. */
export function namesBound(pattern: unknown): readonly string[] {
  return nodesOf(pattern).flatMap((node) => {
    if (node.type === 'Identifier') return [nameOf(node)]
    if (node.type === 'ObjectPattern')
      return nodesOf(node['properties']).flatMap((one) => namesBound(one['value'] ?? one['argument']))
    return namesBound(node['elements'] ?? node['left'] ?? node['argument'])
  })
}

export function isFunction({ type }: Node): boolean {
  return type === 'FunctionExpression' || type === 'ArrowFunctionExpression'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string'
}
