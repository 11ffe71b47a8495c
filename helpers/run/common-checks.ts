import type { CheckDeclaration } from './checkup-contract.ts'

/** Statements that every case of every checkup makes, whatever it measures. */
export interface CommonChecks {
  provisioned: CheckDeclaration
  measured: CheckDeclaration
  nothingLeft: CheckDeclaration
}

const fixed = { results: [], operator: '==', limitParameter: null, defaultLimitSource: 'fixed' } as const

/** The common checks under the ids of one checkup: `latency.provisioned`, `latency.measured`, `latency.nothing-left`. */
export const commonChecks = (checkup: string): CommonChecks => ({
  provisioned: {
    ...fixed,
    id: `${checkup}.provisioned`,
    title: 'Everything that the case needs could be set up',
    proves: 'Networks exist, VMs are scheduled and start, and commands can be run in their guests.',
    measuredBy: 'No step of the provisioning fails or exceeds its time limit.',
    defaultLimit: 'done',
    remediation:
      'Read the error and the evidence: conditions of the VMI, events of its launcher pod, console transcript, state of the node.',
  },
  measured: {
    ...fixed,
    id: `${checkup}.measured`,
    title: 'The measurement ran to its end',
    proves: 'The numbers come from a complete run of the tool in the guest.',
    measuredBy: 'The tool ends by itself within its time, and its whole output can be read.',
    defaultLimit: 'done',
    remediation:
      'Read the error and the raw output; the transcript shows the dialogue with the guest up to that point.',
  },
  nothingLeft: {
    ...fixed,
    id: `${checkup}.nothing-left`,
    title: 'Nothing is left behind on the cluster',
    proves: 'Every object that the case created is gone.',
    measuredBy: 'After tear-down each journalled object answers 404.',
    defaultLimit: 'clean',
    remediation:
      'Remove the objects named here with: npx kubevirt-acceptance sweep. Look for finalizers that nobody removes.',
  },
})
