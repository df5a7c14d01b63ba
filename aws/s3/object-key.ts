const KEY = /^[A-Za-z0-9_=-][A-Za-z0-9_.=-]*(?:\/[A-Za-z0-9_=-][A-Za-z0-9_.=-]*)*$/
const KEY_BYTES = 1_024

/** Where the objects of a store lie. */
export interface BucketPlace {
  readonly bucket: string
  /** Of every key: empty, or ending in a slash. */
  readonly prefix: string
}

/** The S3 key of a key. Throws RangeError for one that is no key, or too long below the prefix. */
export function s3Key({ prefix }: BucketPlace, key: string): string {
  if (!KEY.test(key) || prefix.length + key.length > KEY_BYTES) throw new RangeError('not an object key')
  return `${prefix}${key}`
}

/** The S3 prefix of a key's beginning, which is one itself or ends in a slash. */
export function s3Prefix(place: BucketPlace, beginning: string): string {
  return s3Key(place, `${beginning}x`).slice(0, -1)
}
