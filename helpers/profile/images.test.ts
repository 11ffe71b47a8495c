import { expect, test } from 'vitest'
import { resolveImage } from './images.ts'

const images = { requireDigests: false, replace: { 'quay.io/a/b:1': 'lab/b:1' } }

test.each(['toString', 'constructor', '__proto__'])('an image called %s is not what all objects have', (image) => {
  expect(resolveImage(image, images)).toBe(image)
  expect(resolveImage(image, { ...images, registry: 'lab' })).toBe(`lab/${image}`)
})

test('an image is replaced as a whole', () => {
  expect(resolveImage('quay.io/a/b:1', { ...images, registry: 'lab' })).toBe('lab/b:1')
})
