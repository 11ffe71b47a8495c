/** For the checks of the lifecycle checkup there are faults and deviations that turn them red. Several share a run. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { broken, failed, type GreenRow, runProject, testGreen, testRed } from './fault-table.ts'

type Case = Record<string, unknown>

const waitingClass = { name: 'local', bindingMode: 'WaitForFirstConsumer' }
const keepingClass = { name: 'keep', reclaimPolicy: 'Retain' }
const functions = { name: 'vf', type: 'sriov', resourceName: 'openshift.io/vfs' }
const node = (name: string) => ({ name, resources: { 'openshift.io/vfs': 2 } })

interface Changes {
  faults?: Record<string, unknown>[]
  defaults?: Record<string, unknown>
  nodes?: object[]
}

const profile = (cases: Case[], { faults = [], defaults = {}, nodes }: Changes = {}): Record<string, unknown> => ({
  apiVersion: 'kubevirt-acceptance/v1',
  name: 'test',
  cluster: {
    embedded: {
      nodes: nodes ?? [node('worker1'), node('worker2')],
      networks: [functions, { name: 'blue' }],
      storage: {
        classes: [{ name: 'standard', default: true, virtDefault: true }, waitingClass, keepingClass],
      },
      faults,
    },
  },
  // What does not come is not waited for long.
  checkups: { lifecycle: { defaults: { stepTimeout: '90s', ...defaults }, cases } },
})

const answers = (subresource: string, code: number, message?: string) => ({
  fault: 'subresource-answers',
  subresource,
  code,
  ...(message !== undefined && { message }),
})

testRed('lifecycle', [
  [
    'a pause that is answered and not done',
    profile([{ kind: 'lifecycle' }], { faults: [answers('virtualmachineinstances/pause', 200)] }),
    failed({
      'lifecycle.vm-status': /\(after pause\): status Running != Paused/,
      'lifecycle.answer-code': /\(pause of a virtualmachineinstance that does not exist\): answered with 200 != 404/,
      'lifecycle.answer-text': /answered nothing != "virtualmachineinstance\.kubevirt\.io "NAME" not found"/,
      'lifecycle.paused-not-ready': /\(VMI\): Ready is True != False/,
    }),
  ],
  [
    'a guest that goes on while it is paused, and never gets a new boot id',
    profile([{ kind: 'lifecycle' }], { faults: [{ fault: 'pause-ignored' }, { fault: 'boot-id-stays' }] }),
    failed({
      'lifecycle.paused-guest-stands-still': /of \d+ beats in the guest \d+ or more came while it was paused/,
      'lifecycle.boot-id': /\(softreboot\): boot id of the guest the same != changed/,
    }),
  ],
  [
    'a stop that is answered and not done',
    profile([{ kind: 'run-strategies', runStrategies: ['Always'] }], {
      faults: [answers('virtualmachines/stop', 202)],
    }),
    failed({ 'lifecycle.run-strategy': /\(Always: after stop\): run strategy is Always != Halted/ }),
  ],
  [
    'a guest that does not shut down',
    profile([{ kind: 'run-strategies', runStrategies: ['Manual'] }], {
      faults: [{ fault: 'command-missing', command: 'poweroff' }],
    }),
    failed({ 'lifecycle.after-shutdown': /\(Manual\): .*the VM the same, in phase Running != stays down/ }),
  ],
  [
    'a console without the commands of the image, and a guest without addresses',
    profile([{ kind: 'console' }, { kind: 'stateless' }], {
      faults: [
        { fault: 'command-missing', command: 'uname' },
        { fault: 'truncated-output', command: 'ip', bytes: 40 },
      ],
    }),
    failed({
      'lifecycle.console-usable': /exit code of `uname -r` 127 != 0/,
      'lifecycle.guest-address': /behind masquerade the guest has none != 10\.0\.2\.2/,
    }),
  ],
  [
    'no guest agent',
    profile([{ kind: 'guest-agent' }], { faults: [{ fault: 'no-guest-agent' }] }),
    failed({ 'lifecycle.agent-connected': /AgentConnected is absent != True/ }),
  ],
  [
    'an agent of another guest, and lists that are refused',
    profile([{ kind: 'guest-agent' }], {
      faults: [
        { fault: 'truncated-output', command: 'uname', bytes: 3 },
        answers('virtualmachineinstances/userlist', 500, 'no list'),
      ],
    }),
    failed({
      'lifecycle.agent-info': /\(kernelRelease\): guestosinfo says .* != /,
      'lifecycle.agent-lists': /\(userlist\): answered with 500 no list != a list/,
    }),
  ],
  [
    'somebody else who is logged in',
    profile([{ kind: 'ssh' }], { faults: [{ fault: 'truncated-output', command: 'id', bytes: 2 }] }),
    failed({ 'lifecycle.ssh-login': /root is logged in as ro != logged in/ }),
  ],
  [
    'a console that several share, and an SSH server that lets in anybody, and not for long',
    profile([{ kind: 'console' }, { kind: 'ssh' }], {
      faults: [{ fault: 'console-shared' }, { fault: 'ssh-any-key' }, { fault: 'ssh-stops', afterLogins: 2 }],
    }),
    failed({
      'lifecycle.console-takeover': /the first client is still connected != disconnected/,
      'lifecycle.ssh-wrong-key': /the login was let in != refused/,
      'lifecycle.ssh-host-key': /the login was not refused: .*SSH.* != refused/,
    }),
  ],
  [
    'a claim that nobody lets go, and a policy that cuts VMs off',
    profile([{ kind: 'deletion' }, { kind: 'network-policy' }], {
      faults: [{ fault: 'never-deleted', resource: 'persistentvolumeclaims' }, { fault: 'policy-deny' }],
    }),
    failed({
      'lifecycle.gone': /\(claim\): .*still there \(.*finalizers that still hold it/,
      'lifecycle.labelled-leftovers': /\(PersistentVolumeClaim lifecycle-deletion-\w+\) 1 > 0/,
      'lifecycle.persistent-volume': /\(Delete\): after the claim is gone the volume is still there/,
      'lifecycle.policy-enforced': /\(without a policy\): over SSH the VM is not reached != reached/,
    }),
  ],
  [
    'policies that nobody enforces, and no class that waits, where both are required',
    profile([{ kind: 'network-policy' }, { kind: 'wait-for-first-consumer', storageClass: 'standard' }], {
      defaults: { required: true },
      faults: [{ fault: 'policies-not-enforced' }],
    }),
    failed({
      'lifecycle.policy-enforced': /\(while a policy denies all ingress\): .* reached != not reached/,
      'lifecycle.requirements': /does not enforce NetworkPolicies.*not met != met \(.*required\)/,
    }),
  ],
  [
    'an import that fails again and again',
    profile([{ kind: 'data-volume-registry' }], { faults: [{ fault: 'dv-import-crashloop' }] }),
    failed({
      'lifecycle.data-volume':
        /the DataVolume is ImportInProgress.*Unable to connect to http data source.* != Succeeded/,
      'lifecycle.data-volume-restarts': /restarts of the worker pod: \d+ != 0/,
    }),
  ],
  [
    'a claim that is lost',
    profile([{ kind: 'data-volume-blank' }], { faults: [{ fault: 'claim-lost' }] }),
    failed({ 'lifecycle.claim': /phase of the claim .* != Bound/ }),
  ],
  [
    'a clone that is a copy',
    profile([{ kind: 'data-volume-clone', expectedCloneType: 'csi-clone' }], { faults: [{ fault: 'clone-fallback' }] }),
    failed({ 'lifecycle.clone-type': /cloned by \(No compatible volumesnapshotclass found\) copy != csi-clone/ }),
  ],
  [
    'an image that does not fit into its volume',
    profile([{ kind: 'stateful-upload', uploadSize: '64Mi', volumeSize: '16Mi' }]),
    failed({
      'lifecycle.upload': /answered 400: .*virtual image size 67108864 .*does not fit into the volume.* != taken/,
    }),
  ],
  [
    'an upload proxy that is never ready',
    profile([{ kind: 'stateful-upload' }], { faults: [{ fault: 'upload-503' }] }),
    failed({ 'lifecycle.upload': /error uploading image after 5 retries: the upload proxy answered 503/ }),
  ],
  [
    'tokens that have expired when they are made',
    profile([{ kind: 'stateful-upload' }], { faults: [{ fault: 'token-expired' }] }),
    failed({ 'lifecycle.upload': /the upload proxy answered 401.*compare the clocks/ }),
  ],
  [
    'volumes that forget',
    profile([{ kind: 'stateful-upload' }], { faults: [{ fault: 'volumes-forget' }] }),
    failed({ 'lifecycle.marker': /\(uploaded disk, stop and start\): a file on it is gone != kept/ }),
  ],
  [
    'migrations, snapshots and plugs that do not come about',
    profile([{ kind: 'migration' }, { kind: 'snapshot-restore' }, { kind: 'hot-plug' }], {
      faults: [{ fault: 'migration-fails' }, { fault: 'snapshot-fails' }, { fault: 'hotplug-stuck' }],
    }),
    failed({
      'lifecycle.migration': /\(migration 1\): the migration is Failed: error encountered.* != Succeeded/,
      'lifecycle.snapshot': /Failed to take snapshot of the volume.* != Succeeded, ready to use/,
      'lifecycle.hot-plugged': /\(plugged in\): .*the guest has 0 disks more != one disk more/,
    }),
  ],
  [
    'migrations and snapshots that are not what they say, and a volume that does not wait',
    profile([{ kind: 'migration' }, { kind: 'snapshot-restore' }, { kind: 'wait-for-first-consumer' }], {
      faults: [
        { fault: 'migration-in-name-only' },
        { fault: 'snapshot-without-indications' },
        { fault: 'restore-fails' },
        { fault: 'wffc-ignored' },
      ],
    }),
    failed({
      'lifecycle.migrated-node': /from (worker\d) to \1 \(PreCopy\): the same node != another node/,
      'lifecycle.migration-source': /there is 2 launchers on worker\d, worker\d != one launcher/,
      'lifecycle.snapshot-online': /indications \(none\) say nothing of it != Online/,
      'lifecycle.restore': /the restore is failed: .*no room for another volume != complete/,
      'lifecycle.waits-for-consumer': /\(before the VM is started\): the DataVolume is Succeeded != waiting/,
    }),
  ],
  [
    'virtual functions without a network behind them, in guests without their addresses',
    profile([{ kind: 'sriov', networkAttachmentDefinitionName: 'vf' }], {
      faults: [
        { fault: 'network-unreachable', network: 'vf' },
        { fault: 'truncated-output', command: 'ip', bytes: 40 },
      ],
    }),
    failed({
      'lifecycle.sriov-ping': /3 pings were not answered != answered/,
      'lifecycle.sriov-interface': /\(VM 1: address in the guest\): it is missing != present/,
    }),
  ],
  [
    'limits that nothing keeps',
    profile(
      ['stateless', 'stateful-upload', 'migration', 'snapshot-restore', 'hot-plug', 'deletion'].map((kind) => ({
        kind,
      })),
      {
        defaults: Object.fromEntries(
          'Start Login Stop Restart Upload DataVolume Migration Snapshot Restore HotPlug Deletion'
            .split(' ')
            .map((what): [string, string] => [`max${what}Time`, '1us'])
            .concat([['maxInterruption', '1us']]),
        ),
      },
    ),
    failed(
      Object.fromEntries(
        'start login stop restart upload data-volume migration snapshot restore hot-plug deletion'
          .split(' ')
          .map((what): [string, RegExp] => [`lifecycle.${what}-time`, /Milliseconds [\d.,]+ ms > 0\.001 ms/])
          .concat([['lifecycle.interruption', /interruptionMilliseconds [\d.,]+ ms > 0\.001 ms/]]),
      ),
    ),
  ],
  [
    'a guest that cannot be logged in to',
    profile([{ kind: 'console' }], { faults: [{ fault: 'never-boots' }] }),
    broken({ 'lifecycle.measured': /login prompt|no prompt/ }),
  ],
  [
    'a VM that may not be deleted',
    profile([{ kind: 'console' }], { faults: [{ fault: 'delete-refused', resource: 'virtualmachines' }] }),
    broken({ 'lifecycle.nothing-left': /left behind/ }),
  ],
])

const green: GreenRow[] = [
  [
    'every kind that a cluster can live through',
    profile([
      { matrix: { kinds: ['stateless', 'lifecycle', 'run-strategies', 'console', 'guest-agent', 'ssh'] } },
      { matrix: { kinds: ['stateful-upload', 'data-volume-blank', 'data-volume-registry', 'data-volume-snapshot'] } },
      { matrix: { kinds: ['wait-for-first-consumer', 'migration', 'snapshot-restore', 'hot-plug', 'deletion'] } },
      { kind: 'data-volume-http', imageUrl: 'https://images.example/disk.qcow2' },
      { kind: 'data-volume-clone', expectedCloneType: 'csi-clone' },
      { kind: 'sriov', networkAttachmentDefinitionName: 'vf' },
      { kind: 'network-policy' },
      { kind: 'deletion', storageClass: 'keep' },
    ]),
  ],
  [
    'an upload that succeeds at the third try',
    profile([{ kind: 'stateful-upload' }], { faults: [{ fault: 'upload-503', times: 2 }] }),
  ],
]
testGreen('lifecycle', green)

test.concurrent('what a cluster does not offer is skipped with the reason; a run of nothing else is not green', async () => {
  const { document, output } = await runProject(
    'lifecycle',
    profile([{ kind: 'migration' }, { kind: 'sriov' }, { kind: 'data-volume-blank', storageClass: 'fast' }], {
      nodes: [node('worker1')],
    }),
  )
  expect(
    document?.cases.map(({ verdict, reason }) => [verdict, reason]),
    output,
  ).toEqual([
    ['skipped', 'a live migration needs 2 schedulable nodes; the cluster has 1'],
    ['skipped', 'no SR-IOV network: set networkAttachmentDefinitionName'],
    ['skipped', 'no StorageClass "fast"; the cluster has keep, local, standard'],
  ])
  expect(document?.verdict).not.toBe('passed')
}, 180_000)

test.concurrent('a VM boots from an image that was uploaded from a file, and lets its key in over SSH', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifecycle-image-'))
  try {
    const imagePath = join(folder, 'disk.raw')
    await writeFile(imagePath, Buffer.alloc(5 * 2 ** 20, 7))
    const { document, output } = await runProject(
      'lifecycle',
      profile([{ kind: 'stateful-upload', imagePath, volumeSize: '10Gi', sshUser: 'fedora' }]),
    )
    const [record] = document?.cases ?? []
    expect(record?.verdict, output).toBe('passed')
    expect(output).toMatch(/UPLOAD +\| INFO +\| lifecycle-upload-\w+ 5\.00 of 5\.00 MiB, 100%/)
    expect(record?.checks.find(({ subject }) => subject === 'uploaded image, stop and start')?.verdict).toBe('passed')
  } finally {
    await rm(folder, { recursive: true })
  }
}, 180_000)

test.concurrent('repeats are samples, with phases and answers for people to read', async () => {
  const { document, output } = await runProject('lifecycle', profile([{ kind: 'stateless', repeats: 3 }]))
  const [record] = document?.cases ?? []
  expect(record?.verdict, output).toBe('passed')
  const samples = record?.measurements.find(({ name }) => name === 'startMilliseconds')?.samples
  expect(samples).toHaveLength(3)
  expect(record?.tables?.map(({ title }) => title)).toEqual([
    'Times (ms)',
    'Phases, as the objects tell them',
    'Answers',
  ])
  expect(record?.tables?.[1]?.rows.map(([, phase]) => phase)).toContain('Scheduling')
}, 180_000)
