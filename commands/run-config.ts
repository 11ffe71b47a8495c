/** The Vitest configuration of `run` where the working directory has none that uses the plugin. */
import { defineConfig } from 'vitest/config'
import { kubevirtAcceptance } from '../plugin/plugin.ts'

export default defineConfig({ plugins: [kubevirtAcceptance()] })
