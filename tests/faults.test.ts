/** For every check of the latency checkup there is a fault that turns it red, with the right verdict and text. */
import { embeddedProfile } from './acceptance-run.ts'
import { broken, failed, type GreenRow, type RedRow, refused, testGreen, testRed } from './fault-table.ts'

const faulty = (...faults: Record<string, unknown>[]) => embeddedProfile({ embedded: { faults } })
const shortLogin = { guest: { loginTimeout: '20s', commandTimeout: '5s' } }

const red: RedRow[] = [
  [
    'latency 1 ms beyond the limit',
    embeddedProfile({ link: { latency: '5500us' } }),
    failed({
      'latency.max':
        /maxLatencyNanoSec 1[12]\.\d+ms > 10ms \(.*profile\.yaml:\d+:\d+ checkups\.latency\.cases\.?\[?0\]?\.maxDesiredLatencyMilliseconds\)/,
    }),
  ],
  [
    'a fifth of the packets lost',
    embeddedProfile({ link: { lossPercent: 10.6 } }),
    failed({ 'latency.packet-loss': /packetLossPercent \d+% > 0%/ }),
  ],
  [
    'a peer that never answers',
    embeddedProfile({ link: { connected: false } }),
    failed({ 'latency.connectivity': /packetsReceived 0 packets < 1 packets/ }),
  ],
  [
    'no route to the peer',
    faulty({ fault: 'network-unreachable' }),
    failed({ 'latency.connectivity': /unreachable/i }),
  ],
  [
    'a mean, a 99th percentile, jitter and duplicates above their limits',
    embeddedProfile({
      link: { latency: '2ms', jitter: '500us', duplicatePercent: 40 },
      case: { maxAverageLatency: '100us', maxP99Latency: '100us', maxJitter: '50us', maxDuplicatePackets: 0 },
    }),
    failed({
      'latency.average': /avgLatencyNanoSec .* > 100µs/,
      'latency.p99': /p99LatencyNanoSec .* > 100µs/,
      'latency.jitter': /jitterNanoSec .* > 50µs/,
      'latency.duplicates': /duplicatePackets \d+ packets > 0 packets/,
    }),
  ],
  [
    'a VM on another node than asked for',
    faulty({ fault: 'wrong-node', node: 'worker1' }),
    failed({ 'latency.placement': /both on worker1 != different nodes/ }),
  ],
  [
    'a network that does not exist',
    embeddedProfile({ case: { networkAttachmentDefinitionName: 'nope' } }),
    broken({ 'latency.provisioned': /network-attachment-definitions\.k8s\.cni\.cncf\.io "nope" not found/ }),
  ],
  [
    'a console that drops after login',
    faulty({ fault: 'console-drops-after-login' }),
    broken({ 'latency.provisioned': /console.*dropped/i }),
  ],
  ['only one node', embeddedProfile({ embedded: { nodes: [{ name: 'worker1' }] } }), refused(/node/)],
  [
    'a node without memory',
    embeddedProfile({ embedded: { nodes: [{ name: 'worker1' }, { name: 'worker2', memory: '64Mi' }] } }),
    broken({ 'latency.provisioned': /Insufficient memory/ }),
  ],
  [
    'an image that cannot be pulled',
    faulty({ fault: 'image-pull-fails', vmi: '*target*' }),
    broken({ 'latency.provisioned': /ImagePullBackOff|ErrImagePull/ }),
  ],
  [
    'a guest that never boots',
    { ...faulty({ fault: 'never-boots', vmi: '*source*' }), ...shortLogin },
    broken({ 'latency.provisioned': /20 s .*guest\.loginTimeout/ }),
  ],
  [
    'a login that takes too long',
    { ...faulty({ fault: 'slow-login', delay: '1m' }), ...shortLogin },
    broken({ 'latency.provisioned': /20 s .*guest\.loginTimeout/ }),
  ],
  [
    'a login that is refused',
    { ...faulty({ fault: 'login-refused' }), ...shortLogin },
    broken({ 'latency.provisioned': /login/i }),
  ],
  ['a guest that crashes', faulty({ fault: 'guest-crashes', vmi: '*source*', after: '8s' }), broken({})],
  [
    'a guest without ping',
    faulty({ fault: 'command-missing', command: 'ping' }),
    broken({ 'latency.measured': /not found.*exit code 127/s }),
  ],
  [
    'an output that ends early',
    faulty({ fault: 'truncated-output', command: 'ping', bytes: 300 }),
    broken({ 'latency.measured': /ping output/ }),
  ],
  [
    'a ping that hangs',
    faulty({ fault: 'command-hangs', command: 'ping' }),
    broken({ 'latency.measured': /did not|not (end|done|finish)|within/i }),
  ],
  [
    'a quota that refuses VMs',
    faulty({ fault: 'create-refused', resource: 'virtualmachineinstances' }),
    broken({ 'latency.provisioned': /exceeded quota/ }),
  ],
  [
    'a VM that may not be deleted',
    faulty({ fault: 'delete-refused', resource: 'virtualmachineinstances' }),
    broken({ 'latency.nothing-left': /left behind/ }),
  ],
  [
    'a VM that is never gone',
    faulty({ fault: 'never-deleted', resource: 'virtualmachineinstances' }),
    broken({ 'latency.nothing-left': /finalizer/ }),
  ],
]

testRed('latency', red)

const green: GreenRow[] = [
  ['a guest without agent', faulty({ fault: 'no-guest-agent' })],
  ['kernel messages that break into lines', faulty({ fault: 'kernel-messages', every: '700ms' })],
  ['a login that takes three minutes', faulty({ fault: 'slow-login', delay: '3m' })],
  ['an API server that answers every tenth request with 503', faulty({ fault: 'api-errors', code: 503, percent: 10 })],
  ['watches that are reset', faulty({ fault: 'watch-drops', after: '2s' })],
  ['an SR-IOV network', embeddedProfile({ embedded: { networks: [{ name: 'blue', type: 'sriov' }] } })],
  ['guests reached over SSH', embeddedProfile({ case: { guestAccess: 'ssh' } })],
  ['IPv6 beside IPv4', embeddedProfile({ case: { ipFamilies: ['IPv4', 'IPv6'], bothDirections: true } })],
]

testGreen('latency', green)
