/** Random choices that a seed repeats (splitmix64: small, well mixed, any 64-bit seed is good). */
export interface Dice {
  /** 0..sides-1 */
  roll(sides: number): number
  /** 0n..sides-1n, for key ranges wider than a double holds. */
  rollBig(sides: bigint): bigint
  /** A uuid whose first bit is the lane's: two lanes never meet. */
  uuid(lane: number): string
}

export function seededDice(seed: bigint): Dice {
  let state = BigInt.asUintN(64, seed)
  const next = (): bigint => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n)
    let z = state
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    return z ^ (z >> 31n)
  }
  const rollBig = (sides: bigint) => (sides <= 1n ? 0n : next() % sides)
  return {
    rollBig,
    roll: (sides) => Number(rollBig(BigInt(Math.max(1, Math.trunc(sides))))),
    uuid: (lane) => {
      const bits = ((next() >> 1n) | (lane === 1 ? 1n << 63n : 0n)).toString(16).padStart(16, '0')
      const text = bits + next().toString(16).padStart(16, '0')
      return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    },
  }
}
