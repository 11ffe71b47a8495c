import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { checkups } from '../../suites/index.ts'
import { latencyContract } from '../../suites/latency/contract.ts'
import type { ProfileWorld } from '../run/checkup-contract.ts'
import { loadProfile } from './load-profile.ts'
import type { LoadedProfile, PlannedCase } from './loaded-profile.ts'
import { ProfileError } from './profile-problem.ts'

const packageRoot = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'profile-'))
afterAll(() => rmSync(folder, { recursive: true }))

function load(text: string, name = 'p.yaml'): LoadedProfile {
  writeFileSync(path.join(folder, name), text)
  return loadProfile(name, [latencyContract], { cwd: folder })
}

function problems(text: string): string[] {
  try {
    load(text)
  } catch (error) {
    if (error instanceof ProfileError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
    throw error
  }
  throw new Error('it was accepted')
}

const head = 'apiVersion: kubevirt-acceptance/v1\nname: p\n'
const embedded = `${head}cluster: {embedded: {networks: [{name: blue}, {name: red, namespace: other}]}}\n`
const real = `${head}cluster: {kubeconfig: {}}\n`
const cases = (...lines: string[]) =>
  `checkups:\n  latency:\n    cases:\n${lines.map((line) => `      ${line}\n`).join('')}`
const planned = (profile: LoadedProfile): PlannedCase[] => profile.checkups.flatMap((checkup) => checkup.cases)
const firstCase = (profile: LoadedProfile) => planned(profile)[0]!
const warnings = (profile: LoadedProfile) =>
  profile.warnings.map(({ line, column, path: at, message }) => `${line}:${column} ${at}: ${message}`)

test.each(readdirSync(path.join(packageRoot, 'cluster-profiles')).filter((name) => name.endsWith('.yaml')))(
  'the packaged profile %s is valid, without warnings, and says where its schema is',
  (name) => {
    const profile = loadProfile(path.join('cluster-profiles', name), checkups, { cwd: packageRoot })
    expect(profile.warnings).toEqual([])
    expect(planned(profile).length).toBeGreaterThan(0)
    expect(profile.name).toBe(path.basename(name, '.yaml'))
    const text = readFileSync(path.join(packageRoot, 'cluster-profiles', name), 'utf8')
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/profile\.schema\.json\n/)
  },
)

test('embedded.yaml is the reference: it names every key, and its other values are the defaults', () => {
  const text = readFileSync(path.join(packageRoot, 'cluster-profiles/embedded.yaml'), 'utf8')
  for (const parameter of Object.keys(latencyContract.parameters.shape)) expect(text).toContain(`${parameter}:`)
  const reference = loadProfile('cluster-profiles/embedded.yaml', checkups, { cwd: packageRoot })
  const minimal = load(`${embedded}${cases('- networkAttachmentDefinitionName: blue')}`)
  for (const key of ['guest', 'timeouts', 'namespace', 'images', 'parallelism'] as const)
    expect(reference[key]).toEqual(minimal[key])
  expect(firstCase(reference).parameters).toEqual({
    ...firstCase(minimal).parameters,
    sampleIntervalMilliseconds: 50,
    maxDesiredLatencyMilliseconds: 10,
  })
})

test('plans a case with documented defaults, and says where each parameter is from', () => {
  const profile = load(
    `${embedded}${cases('- networkAttachmentDefinitionName: blue', "  maxDesiredLatencyMilliseconds: '10.5'", '  sourceNode: worker1', '  targetNode: worker2')}`,
  )
  expect(planned(profile)).toEqual([
    {
      id: 'latency/blue/worker1-worker2',
      checkup: 'latency',
      title: 'VMs on worker1 and worker2 reach each other over blue within 10.5ms without loss',
      parameters: expect.objectContaining({
        networkAttachmentDefinitionNamespace: 'kubevirt-acceptance',
        networkAttachmentDefinitionName: 'blue',
        maxDesiredLatencyMilliseconds: 10.5,
        sampleDurationSeconds: 5,
        maxPacketLossPercent: 0,
        timeout: '5m',
      }),
      sources: expect.objectContaining({
        networkAttachmentDefinitionNamespace: 'default (from the profile)',
        networkAttachmentDefinitionName: 'p.yaml:7:42 checkups.latency.cases[0].networkAttachmentDefinitionName',
        maxDesiredLatencyMilliseconds: 'p.yaml:8:40 checkups.latency.cases[0].maxDesiredLatencyMilliseconds',
        sampleDurationSeconds: 'default',
      }),
      timeoutMilliseconds: 300_000,
    },
  ])
  expect(Object.keys(firstCase(profile).sources)).toEqual(Object.keys(firstCase(profile).parameters))
  expect(firstCase(profile).parameters).not.toHaveProperty('maxJitter')
})

test('is plain JSON', () => {
  const profile = loadProfile('cluster-profiles/embedded.yaml', checkups, { cwd: packageRoot })
  expect(JSON.parse(JSON.stringify(profile))).toEqual(profile)
  expect(structuredClone(profile)).toEqual(profile)
})

test('defaults are overridden by cases, those by their matrix', () => {
  const profile = load(
    `${embedded}checkups:
  latency:
    timeout: 7m
    required: false
    defaults: {sampleDurationSeconds: 1, warmUpPackets: 3, maxJitter: 1ms}
    cases:
      - warmUpPackets: 2
        maxJitter: 2ms
        matrix: {networkAttachmentDefinitionNames: [blue], maxJitter: 3ms}
`,
  )
  expect(profile.checkups[0]?.required).toBe(false)
  expect(firstCase(profile)).toMatchObject({
    timeoutMilliseconds: 420_000,
    parameters: { sampleDurationSeconds: 1, warmUpPackets: 2, maxJitter: '3ms', timeout: '7m' },
    sources: { maxJitter: 'p.yaml:12:71 checkups.latency.cases[0].matrix.maxJitter' },
  })
})

test.each([
  [
    '{nodePairs: all-ordered, networkAttachmentDefinitionNames: all}',
    ['blue/a-b', 'blue/b-a', 'red/a-b', 'red/b-a'].map((name) => `latency/${name}`),
  ],
  ['{nodePairs: all-unordered, networkAttachmentDefinitionNames: [red]}', ['latency/red/a-b']],
  ['{nodePairs: [[b, a], [a, b]], networkAttachmentDefinitionName: blue}', ['latency/blue/b-a', 'latency/blue/a-b']],
  ['{networkAttachmentDefinitionNames: [blue, other/red]}', ['latency/blue', 'latency/red']],
])('expands the matrix %s', (matrix, ids) => {
  const world = 'nodes: [a, b]\nnetworks: [blue, other/red]\n'
  const profile = load(`${real}${world}${cases(`- matrix: ${matrix}`)}`)
  expect(planned(profile).map(({ id }) => id)).toEqual(ids)
})

test('an embedded cluster needs no lists for `all`: schedulable nodes, and networks with their namespaces', () => {
  const profile = load(
    `${head}cluster:
  embedded:
    nodes: [{name: a}, {name: b}, {name: control, schedulable: false}]
    networks: [{name: blue}, {name: red, namespace: other}]
${cases('- matrix: {nodePairs: all-unordered, networkAttachmentDefinitionNames: all}')}`,
  )
  expect(profile).toMatchObject({ nodes: ['a', 'b'], networks: ['blue', 'other/red'] })
  expect(
    planned(profile).map(({ id, parameters }) => [id, parameters['networkAttachmentDefinitionNamespace']]),
  ).toEqual([
    ['latency/blue/a-b', 'kubevirt-acceptance'],
    ['latency/red/a-b', 'other'],
  ])
})

test('a matrix that needs what only the cluster knows says what to list', () => {
  expect(
    problems(`${real}${cases('- matrix: {nodePairs: all-ordered, networkAttachmentDefinitionNames: all}')}`),
  ).toEqual(
    [
      'p.yaml:6:19 checkups.latency.cases[0].matrix.nodePairs: all-ordered needs the nodes before the cluster is asked; list them under `nodes`',
      'p.yaml:6:43 checkups.latency.cases[0].matrix.networkAttachmentDefinitionNames: all needs the networks before the cluster is asked; list them under `networks`',
    ].map((line) => expect.stringContaining(line.replace(/^p.yaml:6:\d+ /, ''))),
  )
})

test('a parameter cannot be set by an axis and beside it', () => {
  expect(
    problems(
      `${embedded}${cases('- sourceNode: worker1', '  matrix: {nodePairs: [[worker1, worker2]], networkAttachmentDefinitionName: blue}')}`,
    ),
  ).toEqual([
    'p.yaml:7:9 checkups.latency.cases[0].sourceNode: given here and by "nodePairs" at p.yaml:8:18 checkups.latency.cases[0].matrix.nodePairs; keep one',
  ])
})

test('old names are accepted with a warning, also in defaults and matrices', () => {
  const profile = load(
    `${embedded}checkups:
  latency:
    defaults: {sample_duration_seconds: '3'}
    cases:
      - network_attachment_definition_name: blue
        max_desired_latency_milliseconds: 10
      - name: far
        matrix: {network_attachment_definition_name: blue, nodePairs: all-unordered}
`,
  )
  expect(firstCase(profile).parameters).toMatchObject({ sampleDurationSeconds: 3, maxDesiredLatencyMilliseconds: 10 })
  expect(firstCase(profile).sources['maxDesiredLatencyMilliseconds']).toBe(
    'p.yaml:9:43 checkups.latency.cases[0].max_desired_latency_milliseconds',
  )
  expect(planned(profile)[1]?.id).toBe('latency/far/blue/worker1-worker2')
  expect(warnings(profile)).toEqual([
    '6:16 checkups.latency.defaults.sample_duration_seconds: "sample_duration_seconds" is deprecated; the new form is "sampleDurationSeconds"',
    '8:9 checkups.latency.cases[0].network_attachment_definition_name: "network_attachment_definition_name" is deprecated; the new form is "networkAttachmentDefinitionName"',
    '9:9 checkups.latency.cases[0].max_desired_latency_milliseconds: "max_desired_latency_milliseconds" is deprecated; the new form is "maxDesiredLatencyMilliseconds"',
    '11:18 checkups.latency.cases[1].matrix.network_attachment_definition_name: "network_attachment_definition_name" is deprecated; the new form is "networkAttachmentDefinitionName"',
  ])
})

test('an old name next to its new form is an error', () => {
  expect(
    problems(
      `${embedded}${cases('- networkAttachmentDefinitionName: blue', '  source_node: a', '  sourceNode: b', '  targetNode: c')}`,
    ),
  ).toEqual([
    'p.yaml:8:9 checkups.latency.cases[0].source_node: given together with "sourceNode", its new form; keep "sourceNode"',
  ])
})

test('all problems are told at once, in the order of the file, each with its place and what is allowed', () => {
  expect(
    problems(`apiVersion: kubevirt-acceptance/v2
name: Bad Name
nmespace: {name: x}
cluster:
  embedded:
    guests: qmeu
    nodes: [{name: a}, {name: b, cpus: many}]
    faults:
      - {fault: slow-login, delay: 3 minutes}
  kubeconfig: {}
parallelism: 0
timeouts: {tearDown: -1s}
checkups:
  dpdk: {}
  latency:
    defaults: {sampleDurationSeconds: 0, max_desired_latency_milliseconds: fast}
    cases:
      - networkAttachmentDefinitionNam: blue
      - matrix: {nodePairs: all}
      - {maxPacketLossPercent: 101, ipFamilies: [IPv4, IPv5], bothDirections: yes, ipv4Subnet: 10.0.0.0/33}
`),
  ).toEqual([
    'p.yaml:1:13 apiVersion: "kubevirt-acceptance/v2" given; allowed: kubevirt-acceptance/v1',
    `p.yaml:2:7 name: "Bad Name" given; allowed: letters a-z, digits, '.', '_' and '-'`,
    'p.yaml:3:1 nmespace: unknown key "nmespace"; did you mean "namespace"?',
    'p.yaml:4:1 cluster: a map given; allowed: exactly one of embedded and kubeconfig (`kubeconfig: {}` for the usual KUBECONFIG rules)',
    'p.yaml:6:13 cluster.embedded.guests: "qmeu" given; allowed: scripted, qemu; did you mean "qemu"?',
    'p.yaml:7:40 cluster.embedded.nodes[1].cpus: "many" given; allowed: a number',
    'p.yaml:9:36 cluster.embedded.faults[0].delay: "3 minutes" given; allowed: a Go duration such as 500us, 10ms, 5s, 1h30m',
    'p.yaml:11:14 parallelism: 0 given; allowed: at least 1',
    'p.yaml:12:22 timeouts.tearDown: "-1s" given; allowed: a Go duration above 0, such as 500us, 10ms, 5s or 1h30m',
    'p.yaml:14:3 checkups.dpdk: unknown key "dpdk"; allowed: latency',
    'p.yaml:16:39 checkups.latency.defaults.sampleDurationSeconds: 0 given; allowed: a whole number, 1 to 86400 seconds',
    'p.yaml:16:76 checkups.latency.defaults.max_desired_latency_milliseconds: "fast" given; allowed: 0 or more: a number of milliseconds such as 10 or 0.5, or text with a unit such as 500us',
    'p.yaml:18:9 checkups.latency.cases[0].networkAttachmentDefinitionNam: unknown key "networkAttachmentDefinitionNam"; did you mean "networkAttachmentDefinitionName"?',
    'p.yaml:19:29 checkups.latency.cases[1].matrix.nodePairs: "all" given; allowed: all-ordered, all-unordered, or a list of pairs such as [[worker1, worker2], [worker2, worker1]]',
    'p.yaml:20:32 checkups.latency.cases[2].maxPacketLossPercent: 101 given; allowed: a number, 0 to 100 percent',
    'p.yaml:20:37 checkups.latency.cases[2].ipFamilies: ["IPv4","IPv5"] given; allowed: one or more of IPv4, IPv6, each once',
    'p.yaml:20:79 checkups.latency.cases[2].bothDirections: "yes" given; allowed: true or false',
    'p.yaml:20:96 checkups.latency.cases[2].ipv4Subnet: "10.0.0.0/33" given; allowed: a subnet with a prefix length of 8 to 30, such as 192.168.100.0/24',
  ])
})

test.each([
  ['duplicate keys', `${head}name: q\n`, 'p.yaml:3:1: this key was given before in the same map; keep one of them'],
  ['broken YAML', `${head}cluster: {embedded: {}\n`, 'p.yaml:4:1'],
  ['two documents', `${head}---\n${head}`, 'p.yaml:3:1'],
  ['an empty file', '', 'p.yaml:1:1: nothing given; allowed: a map'],
  ['a list', '- a\n', 'p.yaml:1:1: ["a"] given; allowed: a map'],
])('tells where: %s', (_what, text, expected) => {
  expect(problems(text)[0]).toContain(expected)
})

test('a missing key is told at the map that lacks it', () => {
  expect(problems(`${head}cluster: {embedded: {}}\ncheckups:\n  latency: {}\n`)).toEqual([
    'p.yaml:5:3 checkups.latency.cases: missing; allowed: a list',
  ])
  expect(problems(`${embedded}checkups: {}\n`)).toEqual([
    'p.yaml:4:1 checkups: a map given; allowed: at least one checkup; a run without cases cannot pass',
  ])
  expect(problems(`${embedded}${cases('- maxJitter: 1ms')}`)).toEqual([
    "p.yaml:7:9 checkups.latency.cases[0].networkAttachmentDefinitionName: missing; allowed: name: letters a-z, digits, '-' and '.'",
  ])
})

test('two cases cannot have one id', () => {
  expect(
    problems(
      `${embedded}${cases('- networkAttachmentDefinitionName: blue', '- networkAttachmentDefinitionName: blue')}`,
    ),
  ).toEqual([
    'p.yaml:8:9 checkups.latency.cases[1]: the case id "latency/blue" is taken by the case at p.yaml:7:9 checkups.latency.cases[0]; give one of them a name',
  ])
  const named = load(
    `${embedded}${cases('- networkAttachmentDefinitionName: blue', '- {name: again, networkAttachmentDefinitionName: blue}')}`,
  )
  expect(planned(named).map(({ id }) => id)).toEqual(['latency/blue', 'latency/again'])
})

test('a contract may let one case stand for many, each with parameters of its own; those of one are told apart', () => {
  const classes: unknown[] = []
  const expanding = {
    ...latencyContract,
    expandCase: ({ ipFamilies }: { ipFamilies: string[] }, world: ProfileWorld) => {
      classes.push(world.storageClasses)
      return ipFamilies.map((family) => ({ ipFamilies: [family] }))
    },
    caseName: ({ ipFamilies }: { ipFamilies: string[] }) => ipFamilies.join('-'),
  } as unknown as typeof latencyContract
  writeFileSync(
    path.join(folder, 'expanding.yaml'),
    `${embedded}${cases('- {networkAttachmentDefinitionName: blue, ipFamilies: [IPv4, IPv6]}', '- {name: own, networkAttachmentDefinitionName: blue}', '- {networkAttachmentDefinitionName: blue}')}`,
  )
  const read = () => loadProfile('expanding.yaml', [expanding], { cwd: folder })
  expect(read).toThrow('the case id "latency/IPv4" is taken by the case at')
  expect(classes[0]).toEqual([
    { name: 'standard', isDefault: true, volumeModes: ['Block', 'Filesystem'], capacityBytes: 20 * 1024 ** 4 },
  ])
  writeFileSync(
    path.join(folder, 'expanding.yaml'),
    `${embedded}${cases('- {networkAttachmentDefinitionName: blue, ipFamilies: [IPv4, IPv6]}', '- {name: own, networkAttachmentDefinitionName: blue}')}`,
  )
  expect(
    planned(read()).map(({ id, parameters, sources }) => [id, parameters['ipFamilies'], sources['ipFamilies']]),
  ).toEqual([
    ['latency/IPv4', ['IPv4'], expect.stringContaining('cases[0].ipFamilies')],
    ['latency/IPv6', ['IPv6'], expect.stringContaining('cases[0].ipFamilies')],
    ['latency/own/IPv4', ['IPv4'], 'default'],
  ])
})

test.each([
  ['cluster: {embedded: {guests: qemu}}', false],
  ['cluster: {embedded: {}}', true],
  ['cluster: {kubeconfig: {}}', true],
])('with %s plain pods run what is in their images: %s', (cluster, runs) => {
  const seen: unknown[] = []
  const looking = {
    ...latencyContract,
    profileDefaults: (world: ProfileWorld) => {
      seen.push(world.runsContainers)
      return latencyContract.profileDefaults(world)
    },
  }
  writeFileSync(
    path.join(folder, 'pods.yaml'),
    `${head}${cluster}\n${cases('- networkAttachmentDefinitionName: blue')}`,
  )
  loadProfile('pods.yaml', [looking], { cwd: folder })
  expect(seen[0]).toBe(runs)
})

test('what is wrong in the defaults is told once, there', () => {
  expect(
    problems(
      `${embedded}checkups:\n  latency:\n    timeout: 30s\n    cases:\n      - networkAttachmentDefinitionName: blue\n      - {name: b, networkAttachmentDefinitionName: blue}\n`,
    ),
  ).toEqual([
    'p.yaml:6:14 checkups.latency.timeout: 30s is too short: 2 measurements of 6s and 30s for set-up need 42s',
  ])
})

test('nodes and networks that the profile does not have are warnings: they may exist', () => {
  const profile = load(
    `${embedded}${cases('- {networkAttachmentDefinitionName: bleu, sourceNode: worker1, targetNode: worker9}')}`,
  )
  expect(warnings(profile)).toEqual([
    '7:43 checkups.latency.cases[0].networkAttachmentDefinitionName: no network "kubevirt-acceptance/bleu" in the profile; it has blue, other/red',
    '7:82 checkups.latency.cases[0].targetNode: no schedulable node "worker9" in the profile; it has worker1, worker2',
  ])
  const other = load(
    `${embedded}${cases('- {networkAttachmentDefinitionName: red, networkAttachmentDefinitionNamespace: other}')}`,
  )
  expect(other.warnings).toEqual([])
})

test('images come from the mirror, are replaced, and need digests where the profile says so', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const image = (images: string, own = '') =>
    `${embedded}images: ${images}\n${cases(`- {networkAttachmentDefinitionName: blue${own}}`)}`
  const used = (text: string) => firstCase(load(text)).parameters['containerDiskImage']
  expect(used(image('{registry: "mirror.lab:5000/x"}', ', containerDiskImage: "quay.io/a/b:1"'))).toBe(
    'mirror.lab:5000/x/a/b:1',
  )
  expect(used(image('{registry: mirror.lab}', ', containerDiskImage: "a/b:1"'))).toBe('mirror.lab/a/b:1')
  expect(used(image('{registry: mirror.lab}', ', containerDiskImage: "localhost/b:1"'))).toBe('mirror.lab/b:1')
  expect(
    used(
      image('{registry: mirror.lab, replace: {"quay.io/a/b:1": "other/c:2"}}', ', containerDiskImage: "quay.io/a/b:1"'),
    ),
  ).toBe('other/c:2')
  expect(used(image('{requireDigests: true}', `, containerDiskImage: "quay.io/a/b@${digest}"`))).toContain(digest)
  expect(problems(image('{requireDigests: true}', ', containerDiskImage: "quay.io/a/b:1"'))).toEqual([
    'p.yaml:8:69 checkups.latency.cases[0].containerDiskImage: containerDiskImage "quay.io/a/b:1" has no digest; allowed with images.requireDigests: images that end in @sha256:...',
  ])
})

test('a kubeconfig path is relative to the profile, or to the home directory', () => {
  const profile = (at: string) =>
    load(`${head}cluster: {kubeconfig: {path: ${at}, context: lab}}\n${cases('- networkAttachmentDefinitionName: b')}`)
  expect(profile('keys/lab').cluster).toEqual({
    kind: 'kubeconfig',
    path: path.join(folder, 'keys/lab'),
    context: 'lab',
  })
  expect(profile('~/.kube/lab').cluster).toMatchObject({ path: path.join(homedir(), '.kube/lab') })
  const usual = load(`${real}${cases('- networkAttachmentDefinitionName: b')}`)
  expect(usual.cluster).toEqual({ kind: 'kubeconfig' })
  expect(usual).toMatchObject({ nodes: null, networks: null })
})

test('anchors, aliases and merge keys keep their places', () => {
  const text = `${embedded}checkups:
  latency:
    cases:
      - &base
        networkAttachmentDefinitionName: blue
        maxJitter: 1ms
      - {<<: *base, name: slow, maxJitter: fast}
`
  expect(problems(text)).toEqual([
    'p.yaml:10:44 checkups.latency.cases[1].maxJitter: "fast" given; allowed: a Go duration above 0, such as 500us, 10ms, 5s or 1h30m',
  ])
  expect(planned(load(text.replace('fast', '2ms'))).map(({ id }) => id)).toEqual(['latency/blue', 'latency/slow'])
})

test('a profile that is not there is one clear sentence', () => {
  expect(() => loadProfile('missing.yaml', [], { cwd: folder })).toThrow('missing.yaml: there is no such file')
  expect(() => loadProfile('.', [], { cwd: folder })).toThrow('this is a directory')
})

const yamlValue = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    '0',
    '-1',
    '1e400',
    '.nan',
    '""',
    '[]',
    '{}',
    '[[]]',
    '{a: {b: c}}',
    '!!binary aGk=',
    '2001-01-01',
    '*x',
  ),
  fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
)
const key = fc.constantFrom(
  'cluster',
  'namespace',
  'nodes',
  'checkups',
  'guest',
  'images',
  'parallelism',
  '__proto__',
  'constructor',
  'x',
)

property.prop([fc.uniqueArray(key), fc.array(yamlValue, { minLength: 10, maxLength: 10 })])(
  'whatever stands in a file, it is a profile or a list of problems with places',
  (keys, values) => {
    const text = `${head}${keys.map((name, index) => `${name}: ${values[index]}\n`).join('')}`
    for (const line of problems(text)) expect(line).toMatch(/^p\.yaml:\d+:\d+/)
  },
)

property.prop([fc.constantFrom(...Object.keys(latencyContract.parameters.shape)), yamlValue])(
  'whatever a parameter is set to, it is taken or refused at its place',
  (name, value) => {
    const text = `${embedded}checkups: {latency: {defaults: {networkAttachmentDefinitionName: b, warmUpPackets: 0}, cases: [{${name}: ${value}}]}}\n`
    try {
      const { parameters } = firstCase(load(text))
      expect(latencyContract.parameters.parse(parameters)).toEqual(parameters)
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error
      for (const { line, column } of error.problems) expect(line === 4 && column !== null).toBe(true)
    }
  },
)
