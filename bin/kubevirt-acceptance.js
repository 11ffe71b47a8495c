#!/usr/bin/env node
// Plain JavaScript that any Node can read: in the repository it starts the TypeScript sources, in the published
// package (which has no cli.ts) the build. An old Node gets one sentence instead of a syntax error.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `kubevirt-acceptance needs Node.js 22.19 or newer, and this is ${process.versions.node} (${process.execPath}): ` +
      `run it through npx or npm after npm ci, which brings Node 24 on Linux, or install Node 24.\n`,
  )
  process.exit(2)
}
const source = fileURLToPath(new URL('../cli.ts', import.meta.url))
const { main } = await import(existsSync(source) ? '../cli.ts' : '../dist/cli.js')
process.exitCode = await main(process.argv.slice(2))
