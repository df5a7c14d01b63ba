import { randomUUID } from 'node:crypto'
import { domainsOf } from '../core/contract/language/lake-table-name.ts'
import type { ItemTable } from '../core/ports/item-table.ts'
import type { Clock } from '../core/ports/ports.ts'
import { Lease } from '../state/lease.ts'
import { ItemLedger } from '../state/ledger/item-ledger.ts'
import { ItemQuarantine } from '../state/quarantine/item-quarantine.ts'
import { ItemRawStore } from '../state/raw-store/item-raw-store.ts'
import { type AccountClients, accountClients } from './calls/account-clients.ts'
import { type ClientSettings, dynamoClient, glueClient, s3Client, secretsClient } from './calls/clients.ts'
import { defaultRetry, type RetryPolicy } from './calls/retry.ts'
import { ledgerItems, quarantineItems, rawItems } from './dynamo/dynamo-items.ts'
import type { DynamoTable } from './dynamo/dynamo-table.ts'
import { GlueCatalog } from './glue/glue-catalog.ts'
import type { S3Bucket } from './s3/s3-bucket.ts'
import { S3Files } from './s3/s3-files.ts'
import { S3Objects } from './s3/s3-objects.ts'
import { SecretMaskKeys } from './secrets/secret-mask-keys.ts'

/** An account in a region: one client a service, how long a call is tried, and the time. */
export interface Aws extends AccountClients {
  readonly retry: RetryPolicy
  readonly now: Clock
}

/* Where each adapter is put together; a function of its own each, so that a bundle has only those that it uses. */

export function openAws(
  settings: ClientSettings,
  retry: RetryPolicy = defaultRetry,
  now: Clock = Date.now,
): Aws {
  return { ...accountClients(settings), retry, now }
}

/** Clients that `use` asked for are closed when it ends. */
export async function withAws<T>(settings: ClientSettings, use: (aws: Aws) => Promise<T>): Promise<T> {
  const aws = openAws(settings)
  try {
    return await use(aws)
  } finally {
    aws.close()
  }
}

/** Pages that are put expire after `retentionDays`; 0 for who only reads. */
export function openRawStore(aws: Aws, table: string, retentionDays = 0): ItemRawStore {
  return new ItemRawStore({ table: rawItems(itemsOf(aws, table)), retentionDays })
}

/** Entries that are put expire after `retentionDays`. */
export function openQuarantine(aws: Aws, table: string, retentionDays: number): ItemQuarantine {
  return new ItemQuarantine({ table: quarantineItems(itemsOf(aws, table)), retentionDays, now: aws.now })
}

/** The items of ledger, leases and audit checkpoints. */
export function openLedgerItems(aws: Aws, table: string): ItemTable {
  return ledgerItems(itemsOf(aws, table))
}

/** Records expire with the pages that they are of, after `rawDays`; the manifest does not expire. */
export function openLedger(aws: Aws, table: string, rawDays: number): ItemLedger {
  return new ItemLedger({ table: openLedgerItems(aws, table), rawDays, now: aws.now })
}

/** Another owner at each call. */
export function openLease(aws: Aws, ledgerTable: string): Lease {
  return new Lease({ table: openLedgerItems(aws, ledgerTable), owner: randomUUID(), now: aws.now })
}

export function openObjects(aws: Aws, bucket: string): S3Objects {
  return new S3Objects(bucketOf(aws, bucket))
}

/** Copies of objects in a folder of this use alone, `maxBytes` together. */
export function openFiles(aws: Aws, bucket: string, folder: string, maxBytes: number): S3Files {
  return new S3Files({ bucket: bucketOf(aws, bucket), folder, maxBytes })
}

/** The catalog of the contracts' domains, each with `prefix` before the name of its database. */
export function openCatalog(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  contracts: readonly { readonly name: string }[],
): GlueCatalog {
  return new GlueCatalog({
    client: aws.client(glueClient),
    retry: aws.retry,
    prefix,
    domains: domainsOf(contracts),
    root: `s3://${bucket}`,
    objects: openObjects(aws, bucket),
  })
}

export function openMaskKeys(aws: Aws, secret: string): SecretMaskKeys {
  return new SecretMaskKeys({ client: aws.client(secretsClient), secret, retry: aws.retry })
}

function itemsOf({ client, retry }: Aws, name: string): DynamoTable {
  return { client: client(dynamoClient), name, retry }
}

function bucketOf({ client, retry }: Aws, bucket: string): S3Bucket {
  return { client: client(s3Client), retry, bucket, prefix: '', partBytes: 16 << 20 }
}
