import type { CheckDeclaration } from '../../helpers/run/checkup-contract.ts'
import { declareCheck } from './check-declaration.ts'

/** What KubeVirt and CDI are both asked. */
export function installationChecks(area: 'kubevirt' | 'cdi', name: string, version: string): CheckDeclaration[] {
  const id = (of: string) => `platform.${area}-${of}`
  const operator = area === 'kubevirt' ? 'virt-operator' : 'cdi-operator'
  return [
    declareCheck({
      id: id('installed'),
      title: `There is one installation of ${name}`,
      proves: `${name} is installed once; of two resources the operator serves one and ignores the other.`,
      measuredBy: `The number of ${name} resources in the cluster.`,
      results: [`${area}Version`],
      operator: '==',
      limit: '1',
      remediation: `Install ${name}, or delete the ${name} resource that has no components of its own.`,
    }),
    declareCheck({
      id: id('ready'),
      title: `${name} is ready`,
      proves: `The operator has deployed ${name} and sees all of it working; while it still works on it, it is watched until upgradeDeadline.`,
      measuredBy: `Phase Deployed, conditions Available=True, Progressing=False and Degraded=False of the ${name} resource.`,
      results: [`${area}OperatorVersion`],
      operator: '==',
      limit: 'ready',
      remediation: `Read the condition and the log of ${operator}; while an upgrade goes on, wait for its end or raise upgradeDeadline.`,
    }),
    declareCheck({
      id: id('rolled-out'),
      title: `The version of ${name} that is wanted is there`,
      proves: `No upgrade or change of configuration of ${name} is half done: Available=True alone does not tell.`,
      measuredBy: `Observed and target version of the ${name} resource${area === 'kubevirt' ? ', and of its deployment' : ''}.`,
      results: [`${area}Version`],
      operator: '==',
      limit: 'target version',
      source: `status of the ${name} resource`,
      remediation: `Wait for the end of the rollout or raise upgradeDeadline; look into the log of ${operator} for what holds it up.`,
    }),
    declareCheck({
      id: id('version'),
      title: `${name} has the version that is expected`,
      proves: `The cluster runs the release of ${name} that was to be accepted.`,
      measuredBy: `Observed version of the ${name} resource.`,
      results: [`${area}Version`],
      operator: '==',
      limit: null,
      parameter: version,
      source: 'any version unless one is given',
      remediation: `Install the expected release of ${name}, or correct ${version}.`,
    }),
    declareCheck({
      id: id('components'),
      title: `All components of ${name} are complete`,
      proves: `Every Deployment and DaemonSet of ${name} has all its pods ready, of the newest revision; conditions prove nothing once the operator is gone.`,
      measuredBy: 'Ready and updated pods in the status of each component.',
      results: [],
      operator: '==',
      limit: 'as many as asked for, at least 1',
      parameter: 'expectedReplicas',
      source: 'as many as the component itself asks for, and at least one',
      remediation:
        'Look at the pods of the component: describe them, read their events and their logs, and check the nodes they run on.',
    }),
    declareCheck({
      id: id('pods'),
      title: `All pods of ${name} are ready`,
      proves: `No pod of ${name} is pending, crashing or unready, surplus pods of a rollout included.`,
      measuredBy: 'Phase, condition Ready and waiting containers of each pod.',
      results: [],
      operator: '==',
      limit: '0',
      remediation:
        'Describe the pods that are named here, and read the logs of their containers, also of the previous ones.',
    }),
    declareCheck({
      id: id('restarts'),
      title: `No container of ${name} has restarted lately`,
      proves: `${name} is stable, not just up at this moment.`,
      measuredBy:
        'When containers with a restart count last ended: within restartWindow before the check, or during the run.',
      results: [],
      operator: '==',
      limit: '0',
      remediation:
        'Read the log of the previous container and the reason in lastState: memory limits, failed probes, lost leader election.',
    }),
  ]
}
