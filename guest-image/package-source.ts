/** Obtains Debian packages: through the machine's own apt, or from mirrors given by URL. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { $ } from 'zx'
import type { LockedPackage } from './lock.ts'

type Log = (line: string) => void

/** Where locked packages come from; `packages` arrive in `folder` as `<sha256>.deb`. */
export interface PackageRequest {
  packages: LockedPackage[]
  folder: string
  /** Roots of Debian mirrors, e.g. of the archive and of its security archive; empty: use apt. */
  mirrors: string[]
  log: Log
}

export const packagePath = (folder: string, { sha256 }: LockedPackage): string => path.join(folder, `${sha256}.deb`)

/**
 * Downloads what is not in the folder yet and verifies size and checksum of everything in it.
 * @throws Error naming the packages that cannot be had any more, and what to do
 */
export async function obtainPackages({ packages, folder, mirrors, log }: PackageRequest): Promise<void> {
  await mkdir(folder, { recursive: true })
  const present = new Set(await readdir(folder))
  const missing = packages.filter((each) => !present.has(path.basename(packagePath(folder, each))))
  if (missing.length > 0) {
    const bytes = missing.reduce((sum, { size }) => sum + size, 0)
    log(`downloading ${missing.length} of ${packages.length} packages (${(bytes / 1e6).toFixed(1)} MB)`)
    if (mirrors.length > 0) await fromMirrors(missing, folder, mirrors)
    else await fromApt(missing, folder, log)
  }
  for (const each of packages) {
    const file = packagePath(folder, each)
    const found = digest(await readFile(file))
    if (found !== each.sha256) {
      await rm(file)
      throw new Error(`${file} was damaged (sha256 ${found}) and has been removed: run the build again`)
    }
  }
}

/** @throws Error when no mirror has a package, or one has different bytes under its name */
async function fromMirrors(packages: LockedPackage[], folder: string, mirrors: string[]): Promise<void> {
  for (const each of packages) {
    const answers: string[] = []
    for (const mirror of mirrors) {
      const url = new URL(encodeURI(each.path), mirror.endsWith('/') ? mirror : `${mirror}/`)
      const response = await fetch(url).catch((error: unknown) => {
        throw new Error(`cannot reach mirror ${mirror}, given by --mirror`, { cause: error })
      })
      if (response.ok) {
        const content = Buffer.from(await response.arrayBuffer())
        if (digest(content) !== each.sha256)
          throw new Error(
            `${url.href} has sha256 ${digest(content)}, but packages.lock.json says ${each.sha256}: do not use this mirror`,
          )
        await store(content, packagePath(folder, each))
        break
      }
      answers.push(`${url.href}: ${response.status} ${response.statusText}`)
    }
    if (answers.length === mirrors.length) throw unavailable([each], answers.join('\n'))
  }
}

async function fromApt(packages: LockedPackage[], folder: string, log: Log): Promise<void> {
  await withApt(async (apt) => {
    const wanted = packages.map(({ name, version }) => `${name}=${version}`)
    let problem = await apt.download(wanted)
    if (problem) {
      log('the package lists of this machine do not have them all; reading lists of our own')
      await apt.updateOwnLists(log)
      problem = await apt.download(wanted)
    }
    const files = await readdir(apt.downloads)
    const contents = await Promise.all(files.map((file) => readFile(path.join(apt.downloads, file))))
    const bySha256 = new Map(contents.map((content) => [digest(content), content]))
    const absent: LockedPackage[] = []
    for (const each of packages) {
      const content = bySha256.get(each.sha256)
      if (content) await store(content, packagePath(folder, each))
      else absent.push(each)
    }
    if (absent.length > 0) throw unavailable(absent, problem || 'apt delivered other bytes than the lock file has')
  })
}

function unavailable(packages: LockedPackage[], detail: string): Error {
  const names = packages.map(({ name, version }) => `${name} ${version}`).join(', ')
  return new Error(
    `cannot get ${packages.length} package(s) of guest-image/packages.lock.json: ${names}\n${detail}\n` +
      'Archives drop old versions. Either take today’s versions: npx kubevirt-acceptance guest-image --update-lock (Debian 12 only; commit the lock file),\n' +
      'or name mirrors that still have them, such as dated snapshots of Debian: npx kubevirt-acceptance guest-image --mirror URL [--mirror URL]',
  )
}

/**
 * Everything that installing `names` on an empty Debian would install, without recommendations, downloaded into
 * `folder` from the lists of today.
 */
export async function resolvePackages(names: string[], folder: string, log: Log): Promise<LockedPackage[]> {
  return withApt(async (apt) => {
    await apt.updateOwnLists(log)
    const listed = await apt.closure(names)
    log(`${listed.length} packages are needed to install ${names.join(' ')}`)
    const problem = await apt.download(listed.map(({ name, version }) => `${name}=${version}`))
    if (problem) throw new Error(`apt cannot download the packages of the guest image: ${problem}`)
    await mkdir(folder, { recursive: true })
    const resolved: LockedPackage[] = []
    for (const each of listed) {
      // apt has verified the file against its signed lists.
      const content = await readFile(path.join(apt.downloads, each.file))
      const locked = {
        name: each.name,
        version: each.version,
        architecture: each.architecture,
        path: each.path,
        size: content.length,
        sha256: digest(content),
      }
      await store(content, packagePath(folder, locked))
      resolved.push(locked)
    }
    return resolved.sort((left, right) => (left.name < right.name ? -1 : 1))
  })
}

interface ListedPackage {
  name: string
  version: string
  architecture: string
  path: string
  /** As apt names the downloaded file. */
  file: string
}

/** One line of `apt-get --print-uris`: 'URL' file size hash. null for anything else. */
export function parsePrintedUri(line: string): ListedPackage | null {
  const match = /^'([^']+)' (\S+\.deb) \d+/.exec(line)
  const [, url = '', file = ''] = match ?? []
  const [name, version, architecture] = decodeURIComponent(file.replace(/\.deb$/, '')).split('_')
  const start = url.indexOf('/pool/')
  if (!name || !version || !architecture || start < 0) return null
  return { name, version, architecture, path: decodeURIComponent(url.slice(start + 1)), file }
}

interface Apt {
  downloads: string
  /** Reads the package lists into a folder of our own: needs no root and leaves the machine as it is. */
  updateOwnLists(log: Log): Promise<void>
  closure(names: string[]): Promise<ListedPackage[]>
  /** Returns apt's complaint, '' when there was none. */
  download(nameAndVersion: string[]): Promise<string>
}

async function withApt<T>(action: (apt: Apt) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guest-image-apt-'))
  const downloads = path.join(folder, 'downloads')
  for (const each of ['downloads', 'state/lists/partial', 'cache/archives/partial'])
    await mkdir(path.join(folder, each), { recursive: true })
  await writeFile(path.join(folder, 'status'), '')
  // The guests are x86-64 whatever this machine is. As root, apt would hand the download to a user who cannot write here.
  let options = ['-o', 'APT::Architecture=amd64', '-o', 'APT::Sandbox::User=root', '-o', 'Debug::NoLocking=1']
  options = [...options, '-o', `Dir::State::status=${folder}/status`, '-o', `Dir::Cache=${folder}/cache`]
  const run = $({ quiet: true, nothrow: true, cwd: downloads, env: { ...process.env, LC_ALL: 'C' } })
  try {
    await requireApt(await run`apt-get --version`)
    return await action({
      downloads,
      updateOwnLists: async (log) => {
        options = [...options, '-o', `Dir::State=${folder}/state`, '-o', `Dir::State::status=${folder}/status`]
        const result = await run`apt-get ${options} update`
        // A source that has nothing to do with Debian may be down; what is really missing shows in the next step.
        if (result.exitCode !== 0) log(`apt-get update: ${result.stderr.trim()}`)
      },
      closure: async (names) => {
        const result = await run`apt-get ${options} --print-uris --yes --no-install-recommends install ${names}`
        if (result.exitCode !== 0) throw new Error(`apt cannot resolve ${names.join(' ')}: ${result.stderr.trim()}`)
        return result.stdout.split('\n').flatMap((line) => parsePrintedUri(line) ?? [])
      },
      download: async (nameAndVersion) => {
        const result = await run`apt-get ${options} download ${nameAndVersion}`
        return result.exitCode === 0 ? '' : result.stderr.trim()
      },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function requireApt({ exitCode }: { exitCode: number | null }): Promise<void> {
  if (exitCode !== 0)
    throw new Error(
      'this machine has no apt-get: name Debian mirrors instead, npx kubevirt-acceptance guest-image --mirror URL [--mirror URL]',
    )
}

async function store(content: Buffer, file: string): Promise<void> {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, content)
  await rename(temporary, file)
}

const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
