import { describe, expect, test } from 'vitest'
import { guessPii } from '../../../core/contract/infer/guess-pii.ts'
import { guessedTreatment } from '../../../core/contract/infer/infer-table.ts'
import { type PiiClass, piiClasses } from '../../../core/contract/masking/pii.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'

const text: ColumnType = { kind: 'string' }

/* Names of public schemas: Chinook, Northwind, AdventureWorks, Pagila, WordPress, Django, Devise, GitLab, Moodle, Keycloak, Odoo. */
const flagged: Readonly<Record<PiiClass, readonly string[]>> = {
  email: [
    ...['email', 'Email', 'EmailAddress', 'user_email', 'comment_author_email', 'unconfirmed_email', 'EMAIL'],
    ...[
      'useremail',
      'customerEmail',
      'contactemailaddress',
      'e_mail',
      'EMail',
      'mail',
      'courriel',
      'email_id',
    ],
    ...['correo_electronico', 'notification_emails'],
  ],
  phone: [
    ...['phone', 'Phone', 'HomePhone', 'PhoneNumber', 'phone1', 'phone2', 'Fax', 'mobile', 'billing_phone'],
    ...['customerphone', 'telephone', 'telephonenumber', 'Telefonnummer', 'teléfono', 'numero_telephone'],
    ...['handynummer', 'mobile_no', 'cellNumber', 'tel'],
  ],
  iban: [
    ...['iban', 'IBAN', 'customerIban', 'bank_account', 'BankAccountNumber', 'accountnumber', 'CardNumber'],
    ...[
      'card_number',
      'creditcard',
      'credit_card_number',
      'kontonummer',
      'numero_de_compte',
      'cuenta_bancaria',
    ],
    ...['routing_number'],
  ],
  nir: [
    ...[
      'ssn',
      'SSN',
      'employeeSSN',
      'employeessn',
      'ssnlast4',
      'NationalIDNumber',
      'national_id',
      'passport',
    ],
    ...['PassportNumber', 'tax_id', 'socialsecuritynumber', 'Sozialversicherungsnummer', 'dni', 'cpf'],
    ...['numero_securite_sociale', 'drivers_license', 'idnumber', 'steuer_id'],
  ],
  'birth-date': [
    ...['BirthDate', 'birthdate', 'dateofbirth', 'dob', 'Geburtsdatum', 'date_naissance', 'dateDeNaissance'],
    ...['fecha_nacimiento', 'birthday'],
  ],
  name: [
    ...['first_name', 'FirstName', 'firstname', 'LastName', 'lastnamephonetic', 'display_name', 'username'],
    ...['userName', 'ContactName', 'contactname', 'nickname', 'surname', 'prénom', 'Vorname', 'nachname'],
    ...['apellidos', 'user_login', 'cardholder', 'author_name', 'nom_de_famille', 'customerFullName'],
  ],
  address: [
    ...['address', 'Address', 'AddressLine1', 'BillingAddress', 'PostalCode', 'postal_code', 'zip', 'street'],
    ...[
      'ip_address',
      'comment_author_IP',
      'current_sign_in_ip',
      'lastip',
      'ipaddress',
      'Straße',
      'Hausnummer',
    ],
    ...['code_postal', 'dirección', 'calle', 'adresse', 'homeaddress', 'remote_addr'],
  ],
  'free-text': [],
  secret: [
    ...[
      'password',
      'user_pass',
      'PasswordHash',
      'PasswordSalt',
      'encrypted_password',
      'passwd',
      'userPassword',
    ],
    ...[
      'reset_password_token',
      'confirmation_token',
      'user_activation_key',
      'encrypted_otp_secret',
      'apikey',
    ],
    ...['otp_backup_codes', 'incoming_email_token', 'SECRET_DATA', 'CREDENTIAL_DATA', 'secret', 'api_key'],
    ...['accesstoken', 'refreshToken', 'privatekey', 'client_secret', 'pwd', 'Passwort', 'kennwort', 'mdp'],
    ...[
      'mot_de_passe',
      'contraseña',
      'cvv',
      'token',
      'ssh_private_key',
      'api_tokens',
      'salt',
      'password_hint',
    ],
  ],
}

/* About a value, of something else, or words that have another word in them. */
const left: readonly string[] = [
  ...[
    'emailed_at',
    'email_verified',
    'email_count',
    'phone_count',
    'phone_type',
    'address_id',
    'password_version',
  ],
  ...['password_changed_at', 'token_type', 'token_expires', 'api_key_id', 'passwordAlgorithm', 'tokens_used'],
  ...[
    'max_tokens',
    'secretary',
    'secretariat',
    'secretion_rate',
    'nonsecret',
    'microphone_model',
    'headphones',
  ],
  ...['phonetic_spelling', 'phoneme', 'saxophone', 'className', 'classname', 'businessname', 'processName'],
  ...[
    'accessnode',
    'caliban',
    'taliban',
    'hotel',
    'streetcar_line',
    'shipping_method',
    'zipper',
    'tip',
    'recipe',
  ],
  ...['name', 'Title', 'ProductName', 'CompanyName', 'filename', 'hostname', 'post_title', 'slug', 'city'],
  ...[
    'special_features',
    'rating',
    'description',
    'mailbox_size',
    'pinned',
    'salted_caramel',
    'boarding_pass',
  ],
  ...[
    'compass_bearing',
    'passenger_count',
    'commit_hash',
    'public_key',
    'keyboard',
    'telemetry',
    'faxed',
    'cellar',
  ],
  ...[
    'national_park',
    'taxonomy',
    'accountant',
    'discard_number',
    'author_id',
    'GenreId',
    'Quantity',
    'bypass',
  ],
]

describe.each(Object.entries(flagged).filter(([, names]) => names.length > 0))('%s', (pii, names) => {
  test.each(names)('is what %s suggests', (name) => {
    expect(guessPii(name, text)).toBe(pii)
  })
})

test.each(left)('%s suggests nothing', (name) => {
  expect(guessPii(name, text)).toBeUndefined()
})

test('every class but free text has names that suggest it', () => {
  expect(piiClasses.filter((pii) => flagged[pii].length === 0)).toEqual(['free-text'])
})

describe('a type that cannot hold the class is not flagged', () => {
  test.each<[string, ColumnType['kind'], PiiClass | undefined]>([
    ['emailed_at', 'timestamp', undefined],
    ['email', 'boolean', undefined],
    ['mobile', 'boolean', undefined],
    ['password_reset', 'timestampMicros', undefined],
    ['last_login', 'timestamp', undefined],
    ['date_of_birth', 'timestamp', 'birth-date'],
    ['phonenumber', 'bigint', 'phone'],
    ['accountNumber', 'bigint', 'iban'],
    ['reset_token', 'uuid', 'secret'],
    ['pin', 'smallint', 'secret'],
    ['ssn', 'integer', 'nir'],
    ['is_secret', 'boolean', undefined],
  ])('%s as %s', (name, kind, pii) => {
    expect(guessPii(name, { kind } as ColumnType)).toBe(pii)
  })
})

test('a secret is left out of the lake, and hashed where it is a key', () => {
  expect(guessedTreatment('secret', text, false)).toBe('drop')
  expect(guessedTreatment('secret', { kind: 'uuid' }, false)).toBe('drop')
  expect(guessedTreatment('secret', text, true)).toBe('hash')
})
