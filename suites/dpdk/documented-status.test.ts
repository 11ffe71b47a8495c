import { expect, test } from 'vitest'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { ApiError } from '../../helpers/kubernetes/api-error.ts'
import { requestInformation } from '../../helpers/kubernetes/request-information.ts'
import { documentedStatusText } from '../documented-status.ts'
import { setUpFailure } from './documented-status.ts'
import { packetsDropped } from './upstream-failure.ts'

// The texts of its verdicts stand in judgement.test.ts, beside those of our checks.

test('the status text quotes the reason', () => {
  expect(documentedStatusText(packetsDropped({ rx: 2, tx: 0 }))).toBe(
    'status.succeeded: "false"\nstatus.failureReason: "detected packets dropped on the VM-Under-Test\'s side: RX: 2; TX: 0"\n',
  )
})

test('failed set-ups are told apart as far as the documented checkup does', () => {
  const path = '/api/v1/namespaces/ns/configmaps'
  const refused = new ApiError(requestInformation('POST', path), 403, { reason: 'Forbidden', message: 'quota' })
  expect(setUpFailure(refused)).toBe('setup: quota')
  expect(setUpFailure(new Error('VirtualMachineInstance ns/vmi-under-test-x did not become Ready'))).toBe(
    'failed to wait for VMI "ns/vmi-under-test-x" to be ready: timed out waiting for the condition',
  )
  expect(setUpFailure(new GuestError('login-timeout', 'ns/vmi-under-test-x', 'no prompt'))).toBe(
    'failed to login to VMI "ns/vmi-under-test-x": no prompt',
  )
})
