import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

const PREFIX = 'tok_'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const TOKEN = /^tok_[A-Za-z0-9_-]{38,}$/

interface TokenKeys {
  readonly encryption: Uint8Array
  readonly nonce: Uint8Array
}

/**
 * The function that makes the token of a text: `tok_` and base64url of nonce, AES-256-GCM ciphertext and tag. The nonce is
 * an HMAC of the text, so equal texts have equal tokens, in every column and table, and no nonce serves two texts.
 * Tokens show the length of their text, and which rows are equal; nothing else without the key.
 */
export function tokeniser(key: Uint8Array): (text: string) => string {
  const keys = tokenKeys(key)
  return (text) => {
    const nonce = nonceOf(text, keys)
    const cipher = createCipheriv('aes-256-gcm', keys.encryption, nonce)
    const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return `${PREFIX}${Buffer.concat(parts).toString('base64url')}`
  }
}

/**
 * The canonical text that a token was made of. Throws RangeError, which repeats nothing of it, for what is no token, was
 * altered, or was made with another key.
 */
export function detokenise(token: string, key: Uint8Array): string {
  const bytes = TOKEN.test(token) ? Buffer.from(token.slice(PREFIX.length), 'base64url') : undefined
  if (bytes === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) throw new RangeError('not a token')
  const keys = tokenKeys(key)
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const text = opened(bytes, nonce, keys)
  /* One text has one token: another nonce was not made by us. */
  if (text === undefined || !timingSafeEqual(nonceOf(text, keys), nonce))
    throw new RangeError('the token was altered, or made with another key')
  return text
}

function opened(bytes: Buffer, nonce: Buffer, { encryption }: TokenKeys): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', encryption, nonce)
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  const text = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES), undefined, 'utf8')
  try {
    return text + decipher.final('utf8')
  } catch {
    return undefined
  }
}

/* Keys of their own, so that a token tells nothing about the hashes made with the mask key. */
function tokenKeys(key: Uint8Array): TokenKeys {
  const derived = (purpose: string) =>
    new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), `tidemark token ${purpose}`, 32))
  return { encryption: derived('encryption'), nonce: derived('nonce') }
}

function nonceOf(text: string, { nonce }: TokenKeys): Buffer {
  return createHmac('sha256', nonce).update(text).digest().subarray(0, NONCE_BYTES)
}
