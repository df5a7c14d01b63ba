/** Half-open ranges of places, sorted, apart from each other. */
export type PlaceRanges = readonly (readonly [from: number, to: number])[]

/** A set of places in a feed, as ranges: small while few places are left out. */
export class PlaceSet {
  private ranges: [number, number][]

  constructor(ranges: PlaceRanges = []) {
    this.ranges = ranges.map(([from, to]) => [from, to])
  }

  has(place: number): boolean {
    const range = this.ranges[this.after(place) - 1]
    return range !== undefined && place < range[1]
  }

  add(place: number): void {
    if (this.has(place)) return
    const index = this.after(place)
    const before = this.ranges[index - 1]
    const next = this.ranges[index]
    const joinsBefore = before !== undefined && before[1] === place
    const joinsNext = next !== undefined && next[0] === place + 1
    if (joinsBefore && joinsNext) {
      before[1] = next[1]
      this.ranges.splice(index, 1)
    } else if (joinsBefore) before[1] = place + 1
    else if (joinsNext) next[0] = place
    else this.ranges.splice(index, 0, [place, place + 1])
  }

  /** The places of `from` up to `to` that are not in the set, in order. */
  *gaps(from: number, to: number): Generator<number> {
    let place = from
    for (let index = Math.max(this.after(from) - 1, 0); place < to; index += 1) {
      const range = this.ranges[index]
      const end = range === undefined ? to : Math.min(range[0], to)
      for (; place < end; place += 1) yield place
      if (range === undefined) return
      place = Math.max(place, range[1])
    }
  }

  toJSON(): PlaceRanges {
    return this.ranges
  }

  /* Index of the first range that begins behind the place. */
  private after(place: number): number {
    let low = 0
    for (let high = this.ranges.length; low < high; ) {
      const middle = (low + high) >>> 1
      if ((this.ranges[middle]?.[0] ?? Number.POSITIVE_INFINITY) <= place) low = middle + 1
      else high = middle
    }
    return low
  }
}
