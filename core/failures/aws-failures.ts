import type { Failure } from './failure.ts'

/** Failures of what runs on AWS; see `failure-table.ts`. */
export const awsFailures = {
  'objects/unavailable': {
    action: 'retry',
    advice: 'The bucket cannot be reached. Look at the health of S3 and at the network of the function.',
  },
  'objects/missing': {
    action: 'halt',
    advice: 'An object that should be there is not. Look for a lifecycle rule that removes too early.',
  },
  'objects/corrupt': {
    action: 'halt',
    advice:
      'Restore an earlier version of the object that the message names. A document of proofs may also be deleted: the next proof begins it anew.',
  },
  'objects/too-large': {
    action: 'halt',
    advice: 'Give the function more memory or more ephemeral storage, or read fewer objects at once.',
  },
  'delivery/unavailable': {
    action: 'retry',
    advice: 'Firehose takes no records. Look at the throttling metrics of the delivery stream.',
  },
  'catalog/corrupt': {
    action: 'halt',
    advice: 'Restore the parameters of the Glue table, or the manifest, that the message names.',
  },
  'catalog/too-large': {
    action: 'halt',
    advice: 'A Glue table takes no more than 512,000 bytes of this. Split the contract into two tables.',
  },
  'catalog/breaking': {
    action: 'halt',
    advice:
      'The plan takes something from readers of the lake. Release a new version of the contract, or apply it with --allow-breaking.',
  },
  'catalog/changed': {
    action: 'retry',
    advice: 'Somebody changed the table in Glue between plan and apply. Run `tidemark catalog apply` again.',
  },
  'keys/invalid': {
    action: 'halt',
    advice:
      'Restore the version of the secret that holds the masking key: 64 hex digits. Never make a new one.',
  },
  'load/not-read': {
    action: 'halt',
    advice:
      'Look at the log and the table statistics of the full-load task in DMS, mend what it names, then run `tidemark load resume --stack … <load>`.',
  },
  'load/nothing-captured': {
    action: 'halt',
    advice:
      'Loads came one after another and no change was captured between them: see that the cdc task runs and that its changes are stored (`tidemark status --stack …`), then start the load again.',
  },
  'dms/refused': { action: 'halt', advice: 'It would lose changes, or DMS cannot: the message says which.' },
  'table/not-released': {
    action: 'halt',
    advice:
      'What is added has to be what the repository says. Run `tidemark contract lock` and `tidemark infra export`, commit, then repeat.',
  },
  'table/not-deployed': {
    action: 'halt',
    advice:
      'Rows would be refused or set aside. Deploy the packages of the contracts (the data stack), run `tidemark catalog apply`, then repeat.',
  },
  'table/not-captured': {
    action: 'halt',
    advice:
      "Look at the cdc task's log and at its table statistics in DMS, mend what they name, then run `tidemark table add` again: it goes on where it was.",
  },
  'aws/unavailable': {
    action: 'retry',
    advice:
      'The service of the message cannot be reached or throttles. Look at its health and at the network.',
  },
  'aws/refused': {
    action: 'halt',
    advice:
      'AWS refused the call, and would again. The name of its error is in the message. A CredentialsProviderError or an ExpiredToken: sign in, or name a profile with AWS_PROFILE. Else check the role of the function or of yours, the names in its settings, and the quotas.',
  },
  'function/busy': {
    action: 'retry',
    advice: 'The function runs already, or the concurrency of the account is used up. Wait, then repeat.',
  },
  'function/failed': {
    action: 'halt',
    advice: 'The function broke off. Its log in CloudWatch says why: look for `stage.failed`.',
  },
  'stack/unreadable': {
    action: 'halt',
    advice:
      'Write the outputs of the stack anew, in its folder: `terraform output -json > data.json` (production account: `> source.json`), and give the file with --stack.',
  },
  'stack/incomplete': {
    action: 'halt',
    advice:
      'The command needs an output that no file of --stack has. Name the files of both stacks, written by `terraform output -json` after the last apply.',
  },
  'source/stream-view': {
    action: 'halt',
    advice:
      "The stream of a microservice's table does not show items as they are after a change. Enable it with the view NEW_AND_OLD_IMAGES (NEW_IMAGE will do), which makes a new stream, and give its ARN to the event source of `capture-service`.",
  },
  'settings/invalid': {
    action: 'halt',
    advice: 'Correct the environment variables of the function that the message names.',
  },
} as const satisfies Record<string, Failure>
