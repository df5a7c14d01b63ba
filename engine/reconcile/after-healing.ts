import type { Healed } from '../../core/operations/answers.ts'
import type { Proof, TableProof } from './proof.ts'
import type { HealKeys } from './reconcile.ts'

/** The keys of a proof that are to be healed. */
export function keysToHeal(proof: Proof): HealKeys {
  const named = proof.tables.filter(({ differences }) => differences.length > 0)
  return Object.fromEntries(named.map(({ table, differences }) => [table, differences.map(({ key }) => key)]))
}

/** A proof as it is after `heal` of its keys, which another process may have done. What could not be healed is as it was. */
export function afterHealing(proof: Proof, healed: Healed): Proof {
  const tables = proof.tables.map((before) => {
    const after = healed.tables.find(({ table }) => table === before.table)
    return after === undefined ? before : tableAfter(before, after)
  })
  const failed = [...proof.failed, ...healed.failed]
  return { ...proof, tables, failed, equal: failed.length === 0 && tables.every(({ equal }) => equal) }
}

function tableAfter(before: TableProof, after: Healed['tables'][number]): TableProof {
  /* Keys that were counted and not listed were not healed. */
  const different = after.different + before.different - before.differences.length
  const sent = new Set(before.differences.map(({ key }) => key))
  const notPossible = after.healed?.notPossible ?? 0
  return {
    ...before,
    equal: different === 0,
    different,
    differences: after.differences,
    quarantinedKeys: [...before.quarantinedKeys, ...after.quarantinedKeys],
    unplaced: after.unplaced,
    heldBackKeys: [...before.heldBackKeys.filter((key) => !sent.has(key)), ...after.heldBackKeys],
    healed: { healed: before.different - different, stillDifferent: different, notPossible },
  }
}
