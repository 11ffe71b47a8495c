import { defineConfig } from 'vitest/config'
import { kubevirtAcceptance } from './index.ts'

export default defineConfig({ plugins: [kubevirtAcceptance()] })
