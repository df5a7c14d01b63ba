import { snakeCase } from './lake-names.ts'
import type { PiiClass } from './pii.ts'
import type { ColumnType } from './type.ts'

/* Whole words of a name, in order of precedence: `email_address` is an email, `birth_name` a name. */
const PATTERNS: readonly (readonly [PiiClass, RegExp])[] = [
  ['email', /_(e_?mails?|mails?|courriel)_/],
  ['phone', /_(tele)?phones?_|_(tel|mobile|cell|cellphone|fax|gsm|msisdn)_/],
  ['iban', /_iban_|_bank_account_/],
  [
    'nir',
    /_(ssn|nir|nin|bsn|passport)_|_(national|identity)_(id|number|no)_|_social_security_|_national_insurance_/,
  ],
  ['name', /_(first|last|full|given|family|middle|maiden|birth|display|contact)_?name_/],
  ['name', /_(surname|firstname|lastname|fullname|nickname|username|prenom)_|_user_name_/],
  ['name', /_(person|employee|customer|client|patient|candidate|manager|owner)_name_/],
  ['birth-date', /_(birth|birthday|birthdate|dob)_/],
  ['address', /_(address|addresses|street|addr|ip)_/],
]

/* About a personal value, not the value: a reference to it, its state, how many there are. */
const ABOUT =
  /_(id|at|on|count|type|kind|status|state|verified|confirmed|valid|enabled|template|format|version)_$/

/**
 * The class of personal data that the name of a source column suggests, among those its type can
 * hold. A guess for a person to review: it errs towards flagging.
 */
export function guessPii(sourceName: string, type: ColumnType): PiiClass | undefined {
  const words = `_${snakeCase(sourceName).replace(/[^a-z0-9]+/g, '_')}_`.replace(/_+/g, '_')
  const [pii] = PATTERNS.find(([, pattern]) => pattern.test(words)) ?? []
  if (pii === undefined || (pii !== 'nir' && ABOUT.test(words))) return undefined
  return holds(type, pii) ? pii : undefined
}

function holds(type: ColumnType, pii: PiiClass): boolean {
  switch (type.kind) {
    case 'string':
    case 'json':
    case 'binary':
      return true
    case 'list':
      return holds(type.of, pii)
    case 'date':
    case 'timestamp':
    case 'timestampMicros':
      return pii === 'birth-date'
    case 'bigint':
    case 'integer':
    case 'decimal':
      return pii === 'phone' || pii === 'nir'
    case 'smallint':
    case 'double':
    case 'real':
    case 'boolean':
    case 'time':
    case 'uuid':
    case 'enum':
    case 'struct':
      return false
  }
}
