import type {
  Item,
  ItemChange,
  ItemCondition,
  ItemKey,
  ItemRange,
  ItemWrite,
} from '../../core/ports/item-table.ts'

/** What a table of items is, said plainly: a map by key, sorted when it is asked. */
export class ItemModel {
  private readonly items = new Map<string, Item>()

  write(writes: readonly ItemWrite[]): void {
    for (const one of writes)
      if (one.kind === 'put') this.items.set(nameOf(one.item), one.item)
      else this.items.delete(nameOf(one.key))
  }

  putIf(item: Item, conditions: readonly ItemCondition[]): boolean {
    const isHeld = this.holds(item, conditions)
    if (isHeld) this.items.set(nameOf(item), item)
    return isHeld
  }

  changeIf(key: ItemKey, { set, remove }: ItemChange, conditions: readonly ItemCondition[]): boolean {
    const isHeld = this.holds(key, conditions)
    if (!isHeld) return false
    const kept = Object.entries(this.items.get(nameOf(key)) ?? {}).filter(([name]) => !remove.includes(name))
    this.items.set(nameOf(key), { ...Object.fromEntries(kept), ...set, ...key })
    return true
  }

  deleteIf(key: ItemKey, conditions: readonly ItemCondition[]): boolean {
    const isHeld = this.holds(key, conditions)
    if (isHeld) this.items.delete(nameOf(key))
    return isHeld
  }

  range(pk: string, { from, to, prefix, order = 'up', having }: ItemRange): readonly Item[] {
    const found = [...this.items.values()]
      .filter((item) => item.pk === pk)
      .filter(({ sk }) => from === undefined || compare(sk, from) >= 0)
      .filter(({ sk }) => to === undefined || compare(sk, to) <= 0)
      .filter(({ sk }) => prefix === undefined || sk.startsWith(prefix))
      .filter((item) => {
        const value = having === undefined ? undefined : item[having.name]
        return having === undefined || (typeof value === 'string' && compare(value, having.atLeast) >= 0)
      })
      .sort((left, right) => compare(left.sk, right.sk))
    return order === 'up' ? found : found.reverse()
  }

  private holds(key: ItemKey, conditions: readonly ItemCondition[]): boolean {
    const item = this.items.get(nameOf(key))
    return conditions.some((condition) => {
      if (condition.kind === 'absent') return item === undefined
      const value = item?.[condition.name]
      return condition.kind === 'equal'
        ? value === condition.value
        : typeof value === 'number' && value < condition.value
    })
  }
}

function nameOf({ pk, sk }: ItemKey): string {
  return JSON.stringify([pk, sk])
}

function compare(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
