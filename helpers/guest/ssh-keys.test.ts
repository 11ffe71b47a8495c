import ssh2 from 'ssh2'
import { expect, test, vi } from 'vitest'
import { createKeyPair, publicKeyBytes } from './ssh-keys.ts'

/** Given by generateKeyPairSync of ssh2 1.17.0: 31 bytes are left of a key that began with a zero. */
const malformed = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAH+KizXA4iKiYcujHyBfe+O+FD7zNm9j7hqJQIqMknNY='

function publicHalf(privateKey: string): Buffer {
  const parsed = ssh2.utils.parseKey(privateKey)
  if (parsed instanceof Error) throw parsed
  return parsed.getPublicSSH()
}

test('every pair of thousands is well-formed, and its halves belong together', () => {
  const header = Buffer.from('\0\0\0\x0Bssh-ed25519\0\0\0\x20').toString('hex')
  for (let count = 0; count < 3000; count++) {
    const { privateKey, publicKey } = createKeyPair()
    const blob = Buffer.from(publicKey.replace('ssh-ed25519 ', ''), 'base64')
    expect(blob.toString('hex')).toMatch(new RegExp(`^${header}[0-9a-f]{64}$`))
    expect(publicHalf(privateKey).equals(blob)).toBe(true)
  }
})

test('throws away a pair with a malformed half', () => {
  const pair = () => ssh2.utils.generateKeyPairSync('ed25519', { comment: '' })
  const [first, second] = [pair(), pair()]
  using generate = vi
    .spyOn(ssh2.utils, 'generateKeyPairSync')
    .mockReturnValueOnce({ ...first, public: malformed })
    .mockReturnValueOnce({ ...second, private: second.private.replace(/\n.{8}/, '\n') })
  const { privateKey, publicKey } = createKeyPair()
  expect(generate.mock.results.length).toBeGreaterThanOrEqual(3)
  expect([first.public, second.public, malformed]).not.toContain(publicKey)
  expect(publicHalf(privateKey)).toEqual(publicKeyBytes(publicKey))
})

test('the comment ends the public key', () => {
  expect(createKeyPair('host').publicKey).toMatch(/^ssh-ed25519 [\w+/]{68} host$/)
})
