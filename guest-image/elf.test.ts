import { expect, test } from 'vitest'
import { isElf, moduleDependencies, moduleName, neededLibraries } from './elf.ts'
import { elfFile } from './testdata/elf-file.ts'

test('lists the libraries that a program loads', () => {
  const names = Buffer.from('\0libc.so.6\0libm.so.6\0')
  const dynamic = Buffer.alloc(16 * 4)
  // DT_NEEDED is 1; DT_SONAME (14) also refers to a name, but nothing is loaded for it.
  for (const [index, [tag, value]] of [
    [1, 1],
    [14, 11],
    [1, 11],
    [0, 0],
  ].entries()) {
    dynamic.writeBigUInt64LE(BigInt(tag!), index * 16)
    dynamic.writeBigUInt64LE(BigInt(value!), index * 16 + 8)
  }
  const file = elfFile([
    { name: '.dynstr', type: 3, data: names },
    { name: '.dynamic', type: 6, link: 1, data: dynamic },
  ])
  expect(neededLibraries(file)).toEqual(['libc.so.6', 'libm.so.6'])
})

test('a script and a static program load nothing', () => {
  expect(neededLibraries(Buffer.from('#!/bin/sh\necho hello, this is longer than a header\n'.repeat(3)))).toEqual([])
  expect(neededLibraries(elfFile([]))).toEqual([])
  expect(isElf(Buffer.from('\u007fELF'))).toBe(false)
})

test('lists the modules that a module needs', () => {
  const module = (text: string) => elfFile([{ name: '.modinfo', type: 1, data: Buffer.from(text) }])
  expect(moduleDependencies(module('license=GPL\0depends=virtio-ring,virtio\0'))).toEqual(['virtio_ring', 'virtio'])
  expect(moduleDependencies(module('license=GPL\0depends=\0'))).toEqual([])
  expect(moduleDependencies(module('softdepends=no\0'))).toEqual([])
  expect(() => moduleDependencies(elfFile([]))).toThrow('not a kernel module')
  expect(moduleName('virtio-net')).toBe('virtio_net')
})

test('refuses other kinds of ELF, and a file that was cut off', () => {
  const file = elfFile([{ name: '.dynamic', type: 6, data: Buffer.alloc(16) }])
  expect(() => neededLibraries(file.subarray(0, -10))).toThrow('section headers at byte')
  const other = Buffer.from(file)
  other[4] = 1
  expect(() => neededLibraries(other)).toThrow('not a 64-bit little-endian ELF file')
})
