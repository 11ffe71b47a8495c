import { expect, test } from 'vitest'
import type { ImageDefinition } from './image-definition.ts'
import { PackageFiles } from './package-files.ts'
import { composeModules, composePrograms, findKernel } from './layers.ts'
import type { TarEntry } from './tar.ts'
import { elfFile } from './testdata/elf-file.ts'

const file = (path: string, data: Buffer | string): TarEntry => ({
  path,
  type: 'file',
  mode: 0o755,
  link: '',
  data: Buffer.from(data),
})
const link = (path: string, target: string): TarEntry => ({
  path,
  type: 'symlink',
  mode: 0o777,
  link: target,
  data: Buffer.alloc(0),
})

function program(...libraries: string[]): Buffer {
  const names = Buffer.from(`\0${libraries.map((name) => `${name}\0`).join('')}`)
  const dynamic = Buffer.alloc(16 * libraries.length)
  let offset = 1
  for (const [index, name] of libraries.entries()) {
    dynamic.writeBigUInt64LE(1n, index * 16)
    dynamic.writeBigUInt64LE(BigInt(offset), index * 16 + 8)
    offset += name.length + 1
  }
  return elfFile([
    { name: '.dynstr', type: 3, data: names },
    { name: '.dynamic', type: 6, link: 1, data: dynamic },
  ])
}

const module = (depends: string): Buffer =>
  elfFile([{ name: '.modinfo', type: 1, data: Buffer.from(`depends=${depends}\0`) }])

const base: ImageDefinition['layers'][number] = { name: 'base', packages: ['tool'], programs: ['tool'], libraries: [] }

function files(): PackageFiles {
  const all = new PackageFiles()
  all.add('tool', [file('bin/tool', program('liba.so.1'))])
  all.add('liba', [
    file('lib/x86_64-linux-gnu/liba.so.1.2', program('libc.so.6')),
    link('lib/x86_64-linux-gnu/liba.so.1', 'liba.so.1.2'),
  ])
  all.add('libc', [file('usr/lib/x86_64-linux-gnu/libc.so.6', program())])
  all.add('unused', [file('usr/bin/other', program('libc.so.6'))])
  return all
}

test('a layer has the programs and every library they load, and notes which packages it took', () => {
  const all = files()
  const [layer] = composePrograms([base], all).values()
  const text = layer!.toString('latin1')
  for (const path of ['usr/bin/tool\0', 'usr/lib/x86_64-linux-gnu/liba.so.1\0', 'usr/lib/x86_64-linux-gnu/libc.so.6\0'])
    expect(text).toContain(path)
  expect([...all.used].sort()).toEqual(['liba', 'libc', 'tool'])
})

test('a further layer leaves out the libraries that the first one has', () => {
  const layers = composePrograms([base, { ...base, name: 'more', programs: ['other'] }], files())
  expect(layers.get('more')!.toString('latin1')).toContain('usr/bin/other\0')
  expect(layers.get('more')!.toString('latin1')).not.toContain('usr/lib/')
})

test('what is missing is named', () => {
  const all = new PackageFiles()
  expect(() => composePrograms([base], all)).toThrow('program "tool" is in none of the packages')
  all.add('tool', [file('bin/tool', program('liba.so.1'))])
  expect(() => composePrograms([base], all)).toThrow(
    'library "liba.so.1", needed by usr/bin/tool, is in none of the packages',
  )
})

test('modules are loaded after those they need, each once', () => {
  const all = new PackageFiles()
  const folder = 'lib/modules/6.1.0/kernel'
  all.add('kernel', [
    file(`${folder}/net/virtio-net.ko`, module('virtio-ring,virtio')),
    file(`${folder}/virtio/virtio-ring.ko`, module('')),
    file(`${folder}/virtio/virtio.ko`, module('virtio-ring')),
    file(`${folder}/sched/sch_netem.ko`, module('')),
  ])
  const text = composeModules(
    { modulesAtBoot: ['virtio_net', 'virtio'], modulesOnDemand: ['sch_netem'] },
    all,
    '6.1.0',
  ).toString('latin1')
  const at = (name: string) => `usr/lib/modules/6.1.0/${name}.ko\n`
  expect(text).toContain(`${at('virtio_ring')}${at('virtio')}${at('virtio_net')}\0`)
  expect(text).toContain('virtio_net.ko: virtio.ko virtio_ring.ko\nvirtio_ring.ko:\n')
  expect(text).toContain('sch_netem.ko:\n')
  expect(() => composeModules({ modulesAtBoot: ['nbd'], modulesOnDemand: [] }, all, '6.1.0')).toThrow(
    'kernel 6.1.0 has no module "nbd"',
  )
})

test('each kernel is found by its flavour', () => {
  const all = new PackageFiles()
  all.add('linux-image-6.1.0-9-cloud-amd64', [file('boot/vmlinuz-6.1.0-9-cloud-amd64', 'cloud')])
  all.add('linux-image-6.1.0-9-rt-amd64', [file('boot/vmlinuz-6.1.0-9-rt-amd64', 'rt')])
  const { release, bzImage } = findKernel('linux-image-rt-amd64', all)
  expect([release, String(bzImage)]).toEqual(['6.1.0-9-rt-amd64', 'rt'])
  expect([...all.used]).toEqual(['linux-image-6.1.0-9-rt-amd64'])
  expect(() => findKernel('linux-image-arm64', all)).toThrow(
    'no kernel (boot/vmlinuz-*-arm64) in package linux-image-arm64',
  )
})

test('a folder goes in as its package has it, links followed, without what others put there', () => {
  const all = files()
  all.add('python', [
    file('usr/lib/python/os.py', 'os'),
    link('usr/lib/python/site.py', '/etc/python/site.py'),
    file('etc/python/site.py', 'site'),
    file('usr/lib/pythonic/other.py', 'no'),
  ])
  all.add('more', [file('usr/lib/python/extra.py', 'no')])
  const folders = (owner: string) => [{ package: owner, path: 'usr/lib/python' }]
  const layers = composePrograms([{ ...base, folders: folders('python') }], all)
  const text = layers.get('base')!.toString('latin1')
  expect(text).toMatch(/usr\/lib\/python\/os\.py\0+os/)
  expect(text).toMatch(/usr\/lib\/python\/site\.py\0+site/)
  expect(text).not.toMatch(/extra|pythonic/)
  expect(() => composePrograms([{ ...base, folders: folders('tool') }], all)).toThrow(
    'folder "usr/lib/python" of package tool is in none of the packages',
  )
})
