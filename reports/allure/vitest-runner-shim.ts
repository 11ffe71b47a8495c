/**
 * Stands in for `@vitest/runner` where allure-vitest imports it: that package is no part of Vitest 5, so what it says
 * about the current test is never true. Without this, steps and attachments of hooks and file fixtures are lost.
 */
import { TestRunner } from 'vitest'

export const getCurrentTest = () => TestRunner.getCurrentTest()
export const getCurrentSuite = () => TestRunner.getCurrentSuite()
