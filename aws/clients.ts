import { AthenaClient } from '@aws-sdk/client-athena'
import { DatabaseMigrationServiceClient } from '@aws-sdk/client-database-migration-service'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import { GlueClient } from '@aws-sdk/client-glue'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { NodeHttpHandler } from '@smithy/node-http-handler'

export interface ClientSettings {
  readonly region: string
  /** Of a stand-in; AWS itself when left out. */
  readonly endpoint?: string
  /** The SDK's own chain (the role of the function) when left out. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly requestTimeoutMs?: number
  /** How often the SDK itself sends a request to S3. */
  readonly s3Attempts?: number
}

/*
 * `callAws` retries, so the SDK does not: one place bounds attempts and time. Of S3 the SDK retries, too, for the parts
 * of an upload would otherwise all be sent again.
 */
function configOf({ region, endpoint, credentials, requestTimeoutMs = 10_000 }: ClientSettings) {
  return {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 3_000,
      requestTimeout: requestTimeoutMs,
      socketTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    }),
  }
}

export function dynamoClient(settings: ClientSettings): DynamoDBClient {
  return new DynamoDBClient(configOf(settings))
}

export function firehoseClient(settings: ClientSettings): FirehoseClient {
  return new FirehoseClient(configOf(settings))
}

/** Stand-ins know buckets by path, AWS by host name. */
export function s3Client(settings: ClientSettings): S3Client {
  return new S3Client({
    ...configOf(settings),
    maxAttempts: settings.s3Attempts ?? 3,
    forcePathStyle: settings.endpoint !== undefined,
  })
}

export function glueClient(settings: ClientSettings): GlueClient {
  return new GlueClient(configOf(settings))
}

export function athenaClient(settings: ClientSettings): AthenaClient {
  return new AthenaClient(configOf(settings))
}

export function secretsClient(settings: ClientSettings): SecretsManagerClient {
  return new SecretsManagerClient(configOf(settings))
}

export function dmsClient(settings: ClientSettings): DatabaseMigrationServiceClient {
  return new DatabaseMigrationServiceClient(configOf(settings))
}

/** Answers of a function come when it has ended, after 15 minutes at most. */
export function lambdaClient(settings: ClientSettings): LambdaClient {
  return new LambdaClient(configOf({ requestTimeoutMs: 16 * 60_000, ...settings }))
}
