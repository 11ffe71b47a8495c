import { expect, test } from 'vitest'
import { acceptanceRun } from './acceptance-run.ts'
import { namespace, separateCluster } from './separate-cluster.ts'

const leases = { group: 'coordination.k8s.io', resource: 'leases' }

test('a run that loses its lock to another one ends in good order, with the exit code of a locked cluster', async () => {
  await using separate = await separateCluster()
  const { store } = separate.cluster
  let taken = false
  const run = await acceptanceRun(separate.folder, {
    profile: separate.profile({
      case: { sampleIntervalMilliseconds: 1000, sampleCount: 120 },
      profile: { cluster: { kubeconfig: { path: separate.kubeconfigPath } }, timeouts: { lease: '3s' } },
    }),
    onOutput: (output) => {
      if (taken || !/ LOGIN +\| DONE /.test(output)) return
      taken = true
      store.update(leases, 'kubevirt-acceptance', namespace, (lease) => {
        Object.assign(lease.spec as object, { holderIdentity: 'mallory@elsewhere run 20261120T000000Z-zzzzz' })
      })
    },
  })
  expect(taken, run.output).toBe(true)
  expect(run.document, run.output).toMatchObject({
    verdict: 'broken',
    exitCode: 7,
    errors: [
      {
        phase: 'lock',
        message: expect.stringMatching(
          /lease kubevirt-acceptance\/kubevirt-acceptance is lost: mallory@elsewhere .* has taken it; the run was ended/,
        ),
      },
    ],
  })
  expect(run.exitCode).toBe(7)
  // What is left is the lease of the other one, and nothing of ours.
  expect(separate.leftBehind()).toEqual(['Lease kubevirt-acceptance/kubevirt-acceptance'])
}, 120_000)
