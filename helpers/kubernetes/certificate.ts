import { X509Certificate } from 'node:crypto'

/** From when until when a certificate is valid, in milliseconds since the epoch. */
export interface Validity {
  notBefore: number
  notAfter: number
}

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The validity of each certificate in PEM text, in its order.
 * @throws Error when there is none, or one cannot be read
 */
export function validitiesOf(text: string): Validity[] {
  const blocks = text.match(pem) ?? []
  if (blocks.length === 0) throw new Error('there is no certificate in PEM form')
  return blocks.map((block) => {
    const { validFrom, validTo } = new X509Certificate(block)
    return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) }
  })
}
