import { expect, test } from 'vitest'
import * as failure from './upstream-failure.ts'

test.each([
  [
    failure.maxLatencyExceeded({ actual: 10_461_000, desired: 10_000_000 }),
    'run : actual max latency "10.461ms" is greater than desired "10ms"',
  ],
  [
    failure.networkNotRead('network-attachment-definitions.k8s.cni.cncf.io "blue" not found'),
    'setup: network-attachment-definitions.k8s.cni.cncf.io "blue" not found',
  ],
  [
    failure.vmiNotStarted('latency-check-source-x7k2p', 'quota'),
    'setup: failed to start VMI /latency-check-source-x7k2p: quota',
  ],
  [
    failure.addressNotReported('ns/vmi'),
    "setup: failed to wait for VMI 'ns/vmi' IP address to appear on status: timed out waiting for the condition",
  ],
  [failure.guestNotReached('no prompt'), 'run: failed to run check: no prompt'],
  [failure.allPacketsLost(), 'run: ping parser: no connectivity - 100% packet loss'],
  [failure.pingNotRead(), 'run: ping parser: input does not match regex'],
])('%s', (text, documented) => {
  expect(text).toBe(documented)
})
