import { expect, test } from 'vitest'
import { validitiesOf } from './certificate.ts'

test('text without a certificate is an error, not a validity of nothing', () => {
  expect(() => validitiesOf('')).toThrow('there is no certificate in PEM form')
  expect(() => validitiesOf('-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n')).toThrow()
})
