import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { writeEmbeddedKubeconfig } from './embedded-kubeconfig.ts'

const folder = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-kubeconfig-'))
const path = join(folder, 'deep', 'kubeconfig')
beforeEach(() => rmSync(join(folder, 'deep'), { recursive: true, force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

test('is readable by its owner alone, says whose it is, and goes with its cluster', () => {
  const remove = writeEmbeddedKubeconfig(path, 'apiVersion: v1\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).toBe(
    `# Of kubevirt-acceptance embedded, process ${process.pid}: removed when that ends.\napiVersion: v1\n`,
  )
  remove()
  expect(existsSync(path)).toBe(false)
  remove()
})

test('a file that has become another one since is not removed', () => {
  const remove = writeEmbeddedKubeconfig(path, 'apiVersion: v1\n')
  writeFileSync(path, 'precious')
  remove()
  expect(readFileSync(path, 'utf8')).toBe('precious')
})

test("somebody's own kubeconfig is never overwritten", () => {
  writeEmbeddedKubeconfig(path, '')()
  writeFileSync(path, 'apiVersion: v1\nkind: Config\n')
  expect(() => writeEmbeddedKubeconfig(path, 'x')).toThrow(
    `${path} exists and is not of an embedded cluster; it was not touched. Name another file with --kubeconfig`,
  )
  expect(readFileSync(path, 'utf8')).toBe('apiVersion: v1\nkind: Config\n')
})

test('the file of a running embedded cluster stays; what a killed one left is replaced', () => {
  writeEmbeddedKubeconfig(path, 'mine')
  expect(() => writeEmbeddedKubeconfig(path, 'x')).toThrow(
    `${path} belongs to the embedded cluster of process ${process.pid}, which is running`,
  )
  // Above the largest process id that Linux gives.
  writeFileSync(path, '# Of kubevirt-acceptance embedded, process 4194305: removed when that ends.\nold')
  writeEmbeddedKubeconfig(path, 'new')
  expect(readFileSync(path, 'utf8')).toContain('new')
})

test('never writes through a link', () => {
  writeEmbeddedKubeconfig(path, '')()
  symlinkSync(join(folder, 'elsewhere'), path)
  expect(() => writeEmbeddedKubeconfig(path, 'secret')).toThrow(
    /cannot be written: EEXIST.*name another file with --kubeconfig/,
  )
  expect(existsSync(join(folder, 'elsewhere'))).toBe(false)
})
