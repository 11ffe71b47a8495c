/** Imported first: an old Node must get one clear sentence, not a crash inside a dependency that needs a newer one. */
const oldest = [22, 19] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  process.stderr.write(
    `kubevirt-acceptance needs Node.js ${oldest.join('.')} or newer, and this is ${process.versions.node} (${process.execPath}): ` +
      `run it through npx or npm after npm ci, which brings Node 24 on Linux, or install Node 24.\n`,
  )
  process.exit(2)
}
