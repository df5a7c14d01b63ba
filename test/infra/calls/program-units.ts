import { parseAst } from 'vitest/node'
import { isFunction, type Node, nameOf, namesBound, nodesOf } from './syntax-tree.ts'

/** A part of a program that runs as a whole or not at all: a function, a class without its methods, a method. */
export interface Unit {
  readonly name: string
  /** A method of a class, or of an object that a unit makes: it runs only when both are reached. */
  readonly member: 'class' | 'object' | undefined
  readonly within: Unit | undefined
  /** Names at the top of the program that it mentions. */
  readonly names: Set<string>
  /** Members that it mentions of anything but `this`, and those of them that it calls or takes out by name. */
  readonly members: Set<string>
  readonly called: Set<string>
  /** Members that it mentions of `this`. */
  readonly own: Set<string>
  /** Members that it calls, with the name of what it calls them of: `objects.get`. */
  readonly sends: Set<string>
}

export interface ProgramUnits {
  readonly units: readonly Unit[]
  /** What each name of an import is: `@aws-sdk/client-s3 PutObjectCommand`. */
  readonly imports: ReadonlyMap<string, string>
  /** Names that the program exports, and what it does when it is loaded. */
  readonly roots: ReadonlySet<string>
}

/* Work that a program does when it is loaded. */
const EFFECTS = '(effects)'
const ARRAY_METHODS = /^(every|filter|find|findLast|flatMap|forEach|map|reduce|some)$/
/** A method without a name that can be mentioned, such as `[Symbol.iterator]`. */
export const UNNAMED = '(unnamed)'

/** A program of one module, as esbuild writes it, taken apart. */
export function programUnits(text: string): ProgramUnits {
  /* Of each node no more is said than that it has a type and fields. */
  const statements = parseAst(text).body as unknown as readonly Node[]
  const imports = new Map<string, string>()
  const roots = new Set([EFFECTS])
  const reader = new UnitReader()
  for (const statement of statements)
    if (statement.type === 'ImportDeclaration') readImport(statement, imports)
    else if (statement.type === 'ExportNamedDeclaration' && statement['declaration'] === null)
      for (const specifier of nodesOf(statement['specifiers'])) roots.add(nameOf(specifier['local']))
    else reader.readStatement(statement)
  return { units: reader.units, imports, roots }
}

function readImport(statement: Node, imports: Map<string, string>): void {
  const [source] = nodesOf(statement['source'])
  for (const specifier of nodesOf(statement['specifiers'])) {
    const imported = specifier.type === 'ImportSpecifier' ? nameOf(specifier['imported']) : '*'
    imports.set(nameOf(specifier['local']), `${source?.['value']} ${imported}`)
  }
}

class UnitReader {
  readonly units: Unit[] = []

  readStatement(statement: Node): void {
    const [declared = statement] = statement.type.startsWith('Export')
      ? nodesOf(statement['declaration'])
      : []
    if (declared.type === 'FunctionDeclaration')
      this.collect(declared['body'], this.unit(declared), declared['params'])
    else if (declared.type === 'ClassDeclaration') this.readClass(nameOf(declared['id']), declared)
    else if (declared.type !== 'VariableDeclaration') this.collect(statement, this.unit(EFFECTS))
    else
      for (const declarator of nodesOf(declared['declarations'])) {
        const [init] = nodesOf(declarator['init'])
        for (const name of namesBound(declarator['id']))
          if (init?.type === 'ClassExpression') this.readClass(name, init)
          else this.collect(declarator, this.unit(name))
      }
  }

  private readClass(name: string, node: Node): void {
    const whole = this.unit(name)
    const [body] = nodesOf(node['body'])
    this.collect(node['superClass'], whole)
    for (const member of nodesOf(body?.['body'])) {
      const isMethod = member.type === 'MethodDefinition' && member['kind'] !== 'constructor'
      if (isMethod) this.collect(member['value'], this.unit(keyOf(member), 'class', whole))
      else this.collect(member, whole)
    }
  }

  private unit(name: string | Node, member?: Unit['member'], within?: Unit): Unit {
    const sets = { names: new Set<string>(), members: new Set<string>(), called: new Set<string>() }
    const unit = {
      name: typeof name === 'string' ? name : nameOf(name['id']),
      member,
      within,
      ...sets,
      own: new Set<string>(),
      sends: new Set<string>(),
    }
    this.units.push(unit)
    return unit
  }

  private collect(value: unknown, unit: Unit, ...more: readonly unknown[]): void {
    for (const node of nodesOf([value, more]))
      if (node.type === 'Identifier') unit.names.add(nameOf(node))
      else if (node.type === 'PrivateIdentifier') unit.own.add(nameOf(node))
      else if (node.type === 'MemberExpression') this.collectMember(node, unit, false)
      else if (node.type === 'CallExpression') this.collectCall(node, unit)
      else if (node.type === 'ObjectExpression') this.collectObject(node, unit)
      else if (node.type === 'ObjectPattern') this.collectPattern(node, unit)
      else if (node.type === 'PropertyDefinition' || node.type === 'Property')
        this.collectProperty(node, unit)
      else for (const inner of Object.values(node)) this.collect(inner, unit)
  }

  private collectCall(node: Node, unit: Unit): void {
    const [callee] = nodesOf(node['callee'])
    const [first] = nodesOf(node['arguments'])
    /* `tables.find((table) => …)` is of a list, whoever else has a method of that name. */
    const isOfList =
      ARRAY_METHODS.test(nameOf(callee?.['property'])) && first !== undefined && isFunction(first)
    if (callee?.type === 'MemberExpression') this.collectMember(callee, unit, !isOfList)
    else this.collect(callee, unit)
    this.collect(node['arguments'], unit)
  }

  private collectMember(node: Node, unit: Unit, isCalled: boolean): void {
    const [object] = nodesOf(node['object'])
    const [property] = nodesOf(node['property'])
    if (property === undefined) return
    const name = nameOf(property)
    /* `store.put.bind(store)` is a call to come. */
    const isBound = /^(bind|call|apply)$/.test(name)
    if (object?.type === 'MemberExpression') this.collectMember(object, unit, isBound)
    else this.collect(object, unit)
    if (node['computed'] === true && property.type !== 'Literal') this.collect(property, unit)
    else if (object?.type === 'ThisExpression') unit.own.add(name)
    else {
      unit.members.add(name)
      if (!isCalled) return
      unit.called.add(name)
      /* esbuild numbers a name that is taken at the top. */
      unit.sends.add(`${nameOf(object?.['property'] ?? object).replace(/\d+$/, '')}.${name}`)
    }
  }

  private collectPattern(node: Node, unit: Unit): void {
    for (const property of nodesOf(node['properties'])) {
      unit.members.add(nameOf(property['key']))
      unit.called.add(nameOf(property['key']))
    }
    this.collect(node['properties'], unit)
  }

  /* A function of an object runs when somebody mentions it; nobody does where the object goes to a library. */
  private collectObject(node: Node, unit: Unit): void {
    for (const property of nodesOf(node['properties'])) {
      const [value] = nodesOf(property['value'])
      if (value !== undefined && isFunction(value) && property.type === 'Property')
        this.collect(value, this.unit(keyOf(property), 'object', unit))
      else this.collect(property, unit)
    }
  }

  /* The name of a property is no mention of anything; its value is. */
  private collectProperty(node: Node, unit: Unit): void {
    if (node['computed'] === true) this.collect(node['key'], unit)
    this.collect(node['value'], unit)
  }
}

function keyOf(member: Node): string {
  return member['computed'] === true ? UNNAMED : nameOf(member['key'])
}
