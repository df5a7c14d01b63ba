import { snakeCase } from '../language/lake-names.ts'
import type { PiiClass } from '../masking/pii.ts'
import type { ColumnType } from '../value/type.ts'

interface Sign {
  readonly pii: PiiClass
  /** Whole words of a name, between underscores. */
  readonly words?: RegExp
  /** What no other word has in it, wherever it stands: names are also written without underscores. */
  readonly anywhere?: RegExp
}

/* In order of precedence: `email_password` is a secret, `email_address` an email, `birth_name` a name. */
const SIGNS: readonly Sign[] = [
  {
    pii: 'secret',
    words:
      /_(pwd|pin|otp|totp|mfa|cvv2?|cvc2?|salt|mdp|token)_|_(api|access|refresh|auth|session|bearer)_tokens_|_(user|db|login|smtp|ftp|proxy|admin|hashed)_pass_|^_pass_(hash_)?$|_(api|private|secret|signing|encryption|ssh|access|master|activation)_keys?_|_(recovery|backup|security)_codes?_|_security_answers?_/,
    anywhere:
      /passw|passphrase|passcode|passhash|kennwort|motdepasse|contrasena|(?<!non)secret(?!ar|ion)|(access|refresh|auth|session|reset|api|id|csrf|remember|push|device|confirmation|invitation)token(?!s?(count|type|used))|(api|private|secret|signing|encryption|ssh)key(?!id)|credential/,
  },
  { pii: 'email', words: /_(e_)?mails?_|_mel_/, anywhere: /email|courriel|correoelectronico/ },
  {
    pii: 'phone',
    words: /_(tel|mobile|cell|fax|gsm|msisdn|handy|movil|portable)(_?(no|nr|num|number|nummer|numero))?_/,
    anywhere:
      /(?<!micro|head|mega|saxo|xylo|gramo|ear)phone(?!me|tic)|telefon|handynummer|mobilnummer|mobilenumber|cellnumber|faxnumber/,
  },
  {
    pii: 'iban',
    words: /_(rib|konto|clabe|pan)_|_(bank_)?account_(no|nr|num|number)_|_(routing|card)_(no|nr|num|number)_/,
    anywhere:
      /(?<!cal|tal)iban|bankaccount|accountnumber|(credit|debit|bank)card(?!type|brand|expir)|(?<!dis)cardnumber|kontonummer|kontonr|numerodecompte|numerocompte|cuentabancaria|numerodecuenta/,
  },
  {
    pii: 'nir',
    words:
      /_(ssn|nir|nin|bsn|dni|nie|nif|cpf|curp|pesel|nss|itin)_|_(national|identity|tax|fiscal)_(id|number|no|code)_|_(driver|drivers|driving)_licen[cs]e|_id_(card|number)_|_idnumber_|_steuer_?id_/,
    anywhere:
      /ssn_|_ssn|passport(?!type)|socialsecurity|nationalinsurance|nationalid|identitynumber|idcardnumber|taxpayerid|driverslicen[cs]e|driverlicen[cs]e|sozialversicherung|steuernummer|securitesociale|seguridadsocial|personalausweis|personnummer|codicefiscale|aadhaar/,
  },
  {
    pii: 'birth-date',
    words: /_dob_/,
    anywhere: /birth(?!name)|geburt(?!sname)|naissance|nacimiento/,
  },
  {
    pii: 'name',
    words:
      /_(first|last|full|given|family|middle|maiden|birth|display|contact|legal|preferred|holder|user|person|employee|customer|client|patient|candidate|manager|owner|author|recipient|sender|guest|member|student|teacher|driver|passenger|doctor|spouse|mother|father|parent|child)s?_names?_|_(login|surname|cardholder)_|_nom_(de_)?(famille|usage|naissance)_/,
    anywhere:
      /(first|last|full|given|family|middle|maiden|birth|nick|user|display|contact|customer|employee|patient)name|surname|forename|prenom|vorname|nachname|familienname|geburtsname|apellido|nombrecompleto|nomdefamille/,
  },
  {
    pii: 'address',
    words: /_(street|addr|ip|ipv4|ipv6|rue|calle|zip|plz|postal|postcode)_|_(house|door)_(no|nr|number)_/,
    anywhere:
      /address|adresse|direccion|domicilio|strasse|hausnummer|(home|mailing|billing|shipping)street|streetname|streetline|zipcode|postalcode|postcode|codepostal|codigopostal|postleitzahl|remoteaddr|ipaddr|clientip|lastip/,
  },
]

/* About a personal value, not the value: a reference to it, its state, how many there are. */
const ABOUT =
  /_(id|at|on|count|type|kind|status|state|verified|confirmed|valid|enabled|required|template|format|version|expires|expiry|expiration|algorithm|attempts|policy)_$/
/* Numbers that end in what looks like a reference. */
const ID_ITSELF: readonly PiiClass[] = ['nir', 'email']

/**
 * The class of personal data, or of secrets, that the name of a source column suggests, among those its type can hold.
 * Names in English, German, French and Spanish, with or without underscores. A guess for a person to review: it errs
 * towards flagging, but for what a name says is only about such a value (`phone_count`, `emailed_at`).
 */
export function guessPii(sourceName: string, type: ColumnType): PiiClass | undefined {
  const plain = snakeCase(sourceName.replaceAll('ß', 'ss')).replace(/[^a-z0-9]+/g, '_')
  const words = `_${plain}_`.replace(/_+/g, '_')
  const joined = `_${plain.replaceAll('_', '')}_`
  const found = SIGNS.find((sign) => sign.words?.test(words) === true || sign.anywhere?.test(joined) === true)
  if (found === undefined || !holds(type, found.pii)) return undefined
  const [, last] = ABOUT.exec(words) ?? []
  const isAbout = last !== undefined && !(last === 'id' && ID_ITSELF.includes(found.pii))
  return isAbout ? undefined : found.pii
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
      return pii === 'phone' || pii === 'nir' || pii === 'iban' || pii === 'secret'
    case 'smallint':
    case 'uuid':
      return pii === 'secret'
    case 'double':
    case 'real':
    case 'boolean':
    case 'time':
    case 'enum':
    case 'struct':
      return false
  }
}
