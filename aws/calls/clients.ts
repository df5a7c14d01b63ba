import { AthenaClient } from '@aws-sdk/client-athena'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { DatabaseMigrationServiceClient } from '@aws-sdk/client-database-migration-service'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import { GlueClient } from '@aws-sdk/client-glue'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { type CallObserver, type Observable, observeCalls } from './observe-calls.ts'

export interface ClientSettings {
  readonly region: string
  /** Of a stand-in; AWS itself when left out. */
  readonly endpoint?: string
  /** The SDK's own chain (the role of the function) when left out. */
  readonly credentials?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string }
    | ReturnType<typeof fromTemporaryCredentials>
  readonly requestTimeoutMs?: number
  /** How often the SDK itself sends a request to S3. */
  readonly s3Attempts?: number
  /** Told of every request. */
  readonly observe?: CallObserver
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
  return observed(new DynamoDBClient(configOf(settings)), settings)
}

export function firehoseClient(settings: ClientSettings): FirehoseClient {
  return observed(new FirehoseClient(configOf(settings)), settings)
}

/** Stand-ins know buckets by path, AWS by host name. */
export function s3Client(settings: ClientSettings): S3Client {
  const client = new S3Client({
    ...configOf(settings),
    maxAttempts: settings.s3Attempts ?? 3,
    forcePathStyle: settings.endpoint !== undefined,
  })
  return observed(client, settings)
}

export function glueClient(settings: ClientSettings): GlueClient {
  return observed(new GlueClient(configOf(settings)), settings)
}

export function athenaClient(settings: ClientSettings): AthenaClient {
  return observed(new AthenaClient(configOf(settings)), settings)
}

export function secretsClient(settings: ClientSettings): SecretsManagerClient {
  return observed(new SecretsManagerClient(configOf(settings)), settings)
}

export function dmsClient(settings: ClientSettings): DatabaseMigrationServiceClient {
  return observed(new DatabaseMigrationServiceClient(configOf(settings)), settings)
}

export function cloudWatchClient(settings: ClientSettings): CloudWatchClient {
  return observed(new CloudWatchClient(configOf(settings)), settings)
}

export function sqsClient(settings: ClientSettings): SQSClient {
  return observed(new SQSClient(configOf(settings)), settings)
}

/** Answers of a function come when it has ended, after 15 minutes at most. */
export function lambdaClient(settings: ClientSettings): LambdaClient {
  return new LambdaClient(configOf({ requestTimeoutMs: 16 * 60_000, ...settings }))
}

function observed<C extends Observable>(client: C, { observe }: ClientSettings): C {
  if (observe !== undefined) observeCalls(client, observe)
  return client
}
