/** Every check of the lifecycle checkup. */
import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'
import { storageLifeChecks } from './storage-life-checks.ts'
import { timings } from './timings.ts'

const remarks = 'documented behaviour'
const answers =
  'Compare with the raw output answers.json; look at the log of virt-api, and whether an admission webhook or another KubeVirt release answers.'

const fixed = (
  declaration: Pick<CheckDeclaration, 'id' | 'title' | 'proves' | 'measuredBy' | 'remediation'> & { limit: string },
): CheckDeclaration => {
  const { id, limit, ...rest } = declaration
  return {
    id: `lifecycle.${id}`,
    results: [],
    operator: '==',
    limitParameter: null,
    defaultLimit: limit,
    defaultLimitSource: remarks,
    ...rest,
  }
}

const life: CheckDeclaration[] = [
  {
    id: 'lifecycle.requirements',
    title: 'The cluster offers what the case needs',
    proves: 'Nodes, storage, networks and the upload proxy allow for the life that is tried.',
    measuredBy: 'What the cluster says of its nodes, storage classes, CDI and networks before anything is created.',
    results: ['unmetRequirements'],
    operator: '==',
    limitParameter: 'required',
    defaultLimit: 'met',
    defaultLimitSource: 'the case is skipped where they are not',
    remediation: 'Give the cluster what is missing, name another class, network or address, or take `required` away.',
  },
  fixed({
    id: 'vm-status',
    title: 'The VM shows the status that it should',
    proves: 'People and tools who look at the VM see what it does.',
    measuredBy: 'status.printableStatus of the VM after each step, once it has settled.',
    limit: 'as documented',
    remediation: 'Look at the conditions and events of the VM and its VMI, and at the log of virt-controller.',
  }),
  fixed({
    id: 'answer-code',
    title: 'Requests are answered with the right code',
    proves: 'Clients can tell what was done from what was refused: 202 and 200, and 400, 404 and 409.',
    measuredBy: 'HTTP status of each call of a subresource, in every state of the VM.',
    limit: 'as documented',
    remediation: answers,
  }),
  {
    ...fixed({
      id: 'answer-text',
      title: 'Answers have the words that they are known for',
      proves: 'Tools that match on what KubeVirt says go on working.',
      measuredBy: 'Message of each answer; what is carried out is answered without a body.',
      limit: 'as documented',
      remediation: `${answers} With a release that words it otherwise, set judgeAnswerTexts to false.`,
    }),
    limitParameter: 'judgeAnswerTexts',
  },
  fixed({
    id: 'boot-id',
    title: 'The guest boots anew when it is restarted, and only then',
    proves: 'A restart is one, and pausing or moving a VM is none.',
    measuredBy: '/proc/sys/kernel/random/boot_id before and after each step.',
    limit: 'changed or the same, as documented',
    remediation: 'Look in the console log for why the guest booted, and at the VMI for whether it is another one.',
  }),
  fixed({
    id: 'marker',
    title: 'Files are kept or lost as their disk promises',
    proves: 'A containerDisk forgets, and a volume keeps, what was written.',
    measuredBy: 'A file that is written and synchronised before, and looked for after the step.',
    limit: 'kept or gone, as documented',
    remediation: 'Look at which volume the disk is made of, and whether the storage lost writes.',
  }),
  fixed({
    id: 'guest-address',
    title: 'The guest has the address of its binding',
    proves: 'The VM can be reached where its status says.',
    measuredBy: 'Addresses that `ip addr` lists in the guest, and status.interfaces of the VMI.',
    limit: 'as the binding says',
    remediation: 'Look at the DHCP lease in the guest and at the network annotations of the launcher pod.',
  }),
  fixed({
    id: 'paused-not-ready',
    title: 'A paused VM is not ready',
    proves: 'Services send nothing to a VM that stands still.',
    measuredBy: 'Condition Ready of VM and VMI while the VM is paused.',
    limit: 'False',
    remediation: 'Look at the readiness gate kubevirt.io/virtual-machine-unpaused of the launcher pod.',
  }),
  fixed({
    id: 'paused-guest-stands-still',
    title: 'A paused guest stands still',
    proves: 'Nothing runs in the guest while it is paused.',
    measuredBy: 'Beats of a loop in the guest, which may be no more than the time that was not paused allows for.',
    limit: 'no beat while paused',
    remediation: 'Look at the domain in the log of the launcher pod: it should say that it was suspended.',
  }),
  fixed({
    id: 'run-strategy',
    title: 'Requests change the run strategy as documented',
    proves: 'Start and stop turn Always, Halted and Once into each other, and leave Manual and RerunOnFailure alone.',
    measuredBy: 'spec.runStrategy of the VM after each step.',
    limit: 'as documented',
    remediation: answers,
  }),
  fixed({
    id: 'after-shutdown',
    title: 'A VM whose guest shuts itself down does what its run strategy says',
    proves: 'Always starts it again; Manual, RerunOnFailure and Once leave it stopped.',
    measuredBy: 'uid and phase of the VMI after poweroff in the guest.',
    limit: 'recreated or stays down',
    remediation: 'Look at the events of the VM, and whether the guest really went down.',
  }),
  fixed({
    id: 'console-takeover',
    title: 'A second console client takes the console over',
    proves: 'There is one client at a time, and the newest wins.',
    measuredBy: 'A second connection while the first one is logged in.',
    limit: 'disconnected',
    remediation: 'Look at the log of virt-handler on the node of the VM.',
  }),
  fixed({
    id: 'console-usable',
    title: 'The console can be used',
    proves: 'Whoever has the console can log in and run commands.',
    measuredBy: 'Exit code of a command that is run over it.',
    limit: '0',
    remediation: 'Read the transcript in the evidence.',
  }),
  {
    ...fixed({
      id: 'agent-connected',
      title: 'The guest agent connects',
      proves: 'KubeVirt can ask the guest: addresses, users, file systems, freezing.',
      measuredBy: 'Condition AgentConnected of the VMI.',
      limit: 'True',
      remediation: 'Install and enable qemu-guest-agent in the image, or set requireGuestAgent to false.',
    }),
    limitParameter: 'requireGuestAgent',
  },
  fixed({
    id: 'agent-info',
    title: 'What the agent tells is true',
    proves: 'guestosinfo is of this very guest.',
    measuredBy: 'Host name and kernel release of guestosinfo, and what hostname and uname print in the guest.',
    limit: 'as in the guest',
    remediation: 'Look at the version of the agent.',
  }),
  fixed({
    id: 'agent-lists',
    title: 'Users and file systems can be listed',
    proves: 'userlist and filesystemlist answer with lists.',
    measuredBy: 'GET of both subresources.',
    limit: 'a list',
    remediation: answers,
  }),
  fixed({
    id: 'ssh-login',
    title: 'The right key lets in over SSH',
    proves:
      'Port forwarding, the network of the VM, cloud-init and sshd work together; the host key is the one we made.',
    measuredBy: 'A command that is run over SSH through the port-forward subresource.',
    limit: 'logged in',
    remediation:
      'Look at network policies between virt-api and the VM, at the address in the status of the VMI, and for sshd in the console log.',
  }),
  fixed({
    id: 'ssh-wrong-key',
    title: 'Another key is refused',
    proves: 'Only who has the key gets in, and the refusal says so instead of running into a timeout.',
    measuredBy: 'A login with a key that the guest does not know.',
    limit: 'refused',
    remediation: 'Look at ssh_authorized_keys in the user data and at sshd_config of the image.',
  }),
  fixed({
    id: 'ssh-host-key',
    title: 'A guest with another host key is not trusted',
    proves: 'The pinned host key is really compared.',
    measuredBy: 'A login that expects another host key.',
    limit: 'refused',
    remediation: 'Look whether cloud-init put ssh_keys of the user data in place.',
  }),
]

const timed = Object.values(timings).map(
  ({ check, what, measuredBy, result, parameter, remediation }): CheckDeclaration => ({
    id: `lifecycle.${check}`,
    title: `The time of ${what} stays within its limit`,
    proves: `The time of ${what} is one that people and automation can rely on.`,
    measuredBy: `${measuredBy} The 95th percentile of all in the case.`,
    results: [result],
    operator: '<=',
    limitParameter: parameter,
    defaultLimit: null,
    defaultLimitSource: 'not judged unless given',
    remediation,
  }),
)

export const lifecycleChecks: readonly CheckDeclaration[] = [...life, ...storageLifeChecks(fixed), ...timed]
