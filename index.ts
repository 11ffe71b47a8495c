import './plugin/require-node.ts'

export { kubevirtAcceptance, type KubevirtAcceptanceOptions } from './plugin/plugin.ts'
