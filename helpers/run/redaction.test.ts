import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { redact, redactObject, redactedText } from './redaction.ts'

const secret = fc
  .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 })
  .filter((text) => !redactedText.includes(text) && !/[[\]]/.test(text))

property.prop([secret, fc.string(), fc.string()])(
  'a registered secret never survives in plain text',
  (s, before, after) => {
    expect(redact(`${before}${s}${after}`, [s])).not.toContain(s)
  },
)

property.prop([secret, fc.string(), fc.string()])(
  'a registered secret never survives inside JSON',
  (s, before, after) => {
    const text = JSON.stringify({ note: `${before}${s}${after}` })
    expect(redact(text, [s])).not.toContain(JSON.stringify(s).slice(1, -1))
  },
)

property.prop([secret, fc.string(), fc.string()])(
  'what a registered secret becomes in base64 cannot be decoded back',
  (s, before, after) => {
    const encoded = Buffer.from(`${before}${s}${after}`).toString('base64')
    const cleaned = redact(`data: ${encoded}`, [s])
    expect(cleaned).not.toContain(encoded)
    expect(Buffer.from(cleaned.slice(6), 'base64').toString()).not.toContain(s)
  },
)

property.prop([secret, fc.dictionary(fc.string(), fc.string())])(
  'a registered secret never survives in data, as key or value',
  (s, data) => {
    const text = JSON.stringify(redactObject({ ...data, [`k${s}`]: [{ deep: `x${s}` }] }, [s]))
    expect(text).not.toContain(JSON.stringify(s).slice(1, -1))
  },
)

property.prop([fc.string({ unit: 'grapheme-ascii' })])('redacting twice changes nothing more', (text) => {
  expect(redact(redact(text))).toBe(redact(text))
})

test('takes out private keys, also cut off ones and those within JSON', () => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n-----END OPENSSH PRIVATE KEY-----'
  expect(redact(`a\n${key}\nb`)).toBe(
    'a\n-----BEGIN OPENSSH PRIVATE KEY-----[redacted]-----END OPENSSH PRIVATE KEY-----\nb',
  )
  expect(redact('-----BEGIN RSA PRIVATE KEY-----\nMIIEow')).toBe('-----BEGIN RSA PRIVATE KEY-----[redacted]')
  expect(redact(JSON.stringify({ key }))).not.toContain('b3BlbnNzaA')
})

test.each([
  ['Authorization: Bearer abcdefghijklmnopqrst', 'Authorization: Bearer [redacted]'],
  ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
  ['got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJl.c2lnbmF0dXJl.', 'got [redacted].'],
  ['    client-key-data: TFMwdExTMUNSVWRKVGlC', '    client-key-data: [redacted]'],
  ['    token: sha256~abc', '    token: [redacted]'],
  ['{"token":"sha256~abc","name":"x"}', '{"token":"[redacted]","name":"x"}'],
  ['password: redhat\nchpasswd: { expire: False }', 'password: [redacted]\nchpasswd: { expire: False }'],
  ['GET /console?access_token=abc&x=1', 'GET /console?access_token=[redacted]&x=1'],
  ["echo 'root:hunter2' | chpasswd", "echo 'root:[redacted]' | chpasswd"],
  [
    '#cloud-config\nchpasswd:\n  list: |\n    root:a b c\n    fedora:xyz\n  expire: false',
    '#cloud-config\nchpasswd:\n  list: |\n    root:[redacted]\n    fedora:[redacted]\n  expire: false',
  ],
  ['base64url.bearer.authorization.k8s.io.c2VjcmV0', 'base64url.bearer.authorization.k8s.io.[redacted]'],
])('takes the secret out of %j', (text, expected) => {
  expect(redact(text)).toBe(expected)
})

test('takes the values out of a Secret in YAML and leaves its neighbours alone', () => {
  const text = [
    'apiVersion: v1',
    'kind: Secret',
    'metadata:',
    '  name: cloud-init',
    'data:',
    '  userData: I2Nsb3VkLWNvbmZpZw==',
    'stringData:',
    '  script: |',
    '    line one',
    '    line two',
    '  other: plain',
    'type: Opaque',
    '---',
    'kind: ConfigMap',
    'data:',
    '  kept: value',
  ].join('\n')
  const cleaned = redact(text)
  expect(cleaned).not.toMatch(/I2Nsb3Vk|line one|line two|plain/)
  expect(cleaned).toContain('name: cloud-init')
  expect(cleaned).toContain('type: Opaque')
  expect(cleaned).toContain('kept: value')
})

test('takes the values out of Secrets in JSON, complete or cut off', () => {
  const secretObject = { kind: 'Secret', metadata: { name: 's' }, data: { key: 'dmFsdWU=' } }
  const list = JSON.stringify({ kind: 'List', items: [secretObject] })
  expect(redact(list)).not.toContain('dmFsdWU=')
  expect(redact(list.slice(0, -1))).not.toContain('dmFsdWU=')
  expect(redactObject(secretObject)).toEqual({ ...secretObject, data: { key: redactedText } })
})

test('cleans cloud-init user data within base64', () => {
  const userDataBase64 = Buffer.from('#cloud-config\npassword: hunter2\nhostname: a').toString('base64')
  const cleaned = redactObject({ cloudInitNoCloud: { userDataBase64 } })
  expect(Buffer.from(cleaned.cloudInitNoCloud.userDataBase64, 'base64').toString()).toBe(
    `#cloud-config\npassword: ${redactedText}\nhostname: a`,
  )
})

test.each([
  '64 bytes from 192.168.100.20: seq=0 ttl=64 time=0.353 ms',
  'round-trip min/avg/max = 0.353/0.412/0.522 ms',
  '{"jobs":[{"jobname":"randread","read":{"iops":1000.5}}]}',
  'Password: \r\nLogin incorrect',
])('leaves %j as it is', (text) => {
  expect(redact(text)).toBe(text)
})

test.each([
  'a.b-',
  'a:',
  'password',
  'token: "\\',
  '-----BEGIN PRIVATE KEY-----',
  'eyJaaaaa.',
  'kind: Secret\ndata:\n ',
])('a guest cannot stall the run with a megabyte of %j', (part) => {
  const text = `${part.repeat(1_000_000 / part.length)} chpasswd`
  expect(redact(text).length).toBeGreaterThan(0)
})
