import type { ClientBase } from 'pg'
import type { TableLook } from './table-look.ts'

interface Relation {
  readonly oid: string
  /** OID of its schema. */
  readonly namespace: string
  /** pg_class.relkind. */
  readonly kind: string
}

/**
 * Whether a publication carries every change of a relation, and the version of that: xmin is the transaction that wrote
 * the catalog's row last.
 */
export async function readMembership(client: ClientBase, name: string) {
  const { rows: versions } = await client.query<{ server_version_num: string }>('show server_version_num')
  const version = Number(versions[0]?.server_version_num)
  const viaRoot = version >= 130_000 ? 'pubviaroot' : 'false'
  const narrowed = version >= 150_000 ? 'r.prattrs is not null or r.prqual is not null' : 'false'
  const [found] = (
    await client.query<{ oid: string; version: string; kinds: string; via_root: string; everything: string }>(
      `select p.oid::text, p.oid::text || ':' || p.xmin::text as version, p.puballtables::text as everything,
         (pubinsert and pubupdate and pubdelete and pubtruncate)::text as kinds, ${viaRoot}::text as via_root
       from pg_catalog.pg_publication p where p.pubname = $1`,
      [name],
    )
  ).rows
  if (found === undefined) return () => ({ version: null, isWhole: false })
  const members = (
    await client.query<{ relation: string; version: string; narrowed: string }>(
      `select r.prrelid::text as relation, r.oid::text || ':' || r.xmin::text as version, (${narrowed})::text as narrowed
       from pg_catalog.pg_publication_rel r where r.prpubid = $1::oid`,
      [found.oid],
    )
  ).rows
  const schemas =
    version < 150_000
      ? []
      : (
          await client.query<{ namespace: string; version: string }>(
            `select s.pnnspid::text as namespace, s.oid::text || ':' || s.xmin::text as version
             from pg_catalog.pg_publication_namespace s where s.pnpubid = $1::oid`,
            [found.oid],
          )
        ).rows
  const memberOf = new Map(members.map((row) => [row.relation, row]))
  const schemaOf = new Map(schemas.map((row) => [row.namespace, row.version]))
  return ({ oid, namespace, kind }: Relation): TableLook['publication'] => {
    const member = memberOf.get(oid)
    const schema = schemaOf.get(namespace)
    const isWhole = found.everything === 'true' || schema !== undefined || member?.narrowed === 'false'
    return {
      version: [found.version, member?.version ?? '-', schema ?? '-'].join(' '),
      isWhole: isWhole && found.kinds === 'true' && (kind !== 'p' || found.via_root === 'true'),
    }
  }
}
