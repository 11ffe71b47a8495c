/** The `cluster.embedded.processors` part of a cluster profile: how punctual the CPUs of scripted guests are, and what is wrong with them. */
import { z } from 'zod'
import { durationText } from './duration-text.ts'
import { guestSelector } from './guest-selector.ts'

/** Latencies that oslat, cyclictest and hwlatdetect find in a scripted guest. */
export const embeddedProcessors = z.strictObject({
  counterMegahertz: z.int().positive().default(2597).describe('Frequency of the time stamp counter.'),
  isolatedMaximum: durationText(
    'What no latency of an isolated CPU under a real-time kernel exceeds, however long the run.',
  ).default('12us'),
  disturbedMaximum: durationText(
    'The same for CPUs that are not isolated, and for all CPUs under a kernel that is not a real-time one.',
  ).default('900us'),
  wakeupLatency: durationText('Typical time from the expiry of a timer to the start of its thread.').default('3us'),
  hardwareMaximum: durationText('What no gap that the hardware causes exceeds.').default('4us'),
})
export type EmbeddedProcessors = z.infer<typeof embeddedProcessors>

/** Things that go wrong with the timing of guests, or with those who measure it. */
export const processorFaults = [
  z.strictObject({
    fault: z.literal('cpu-latency'),
    vmi: guestSelector,
    cpu: z.int().nonnegative().describe('Number of the virtual CPU.'),
    maximum: durationText(
      'In every run of oslat and cyclictest the largest latency of this CPU is exactly this, in whole microseconds.',
    ),
  }),
  z.strictObject({
    fault: z.literal('kernel-not-realtime'),
    vmi: guestSelector.describe('Glob over VMI names. They boot the standard kernel of their distribution.'),
  }),
  z.strictObject({
    fault: z.literal('cpus-not-isolated'),
    vmi: guestSelector.describe(
      'Glob over VMI names. The kernel command line lacks what tuned has asked for, although its profile is active.',
    ),
  }),
  z.strictObject({
    fault: z.literal('tuned-not-applied'),
    vmi: guestSelector.describe('Glob over VMI names. At each boot tuned goes back to the profile virtual-guest.'),
  }),
  z.strictObject({
    fault: z.literal('swap-on'),
    vmi: guestSelector.describe('Glob over VMI names. A swap file is in use, whatever units are masked.'),
  }),
  z.strictObject({
    fault: z.literal('oslat-output'),
    vmi: guestSelector,
    defect: z
      .enum([
        'missing-maximum',
        'empty-maximum',
        'wrong-unit',
        'one-cpu-fewer',
        'interleaved',
        'short-runtime',
        'other-runtime',
      ])
      .describe(
        'What is wrong with the table and the JSON file that oslat writes. short-runtime: it measures for half the asked time and says so. other-runtime: the same, but the header names the asked time.',
      ),
  }),
  z.strictObject({
    fault: z.literal('hardware-latency'),
    vmi: guestSelector,
    maximum: durationText('The largest gap that hwlatdetect finds is exactly this, in whole microseconds.'),
    every: durationText('How often there is a gap.').default('10s'),
  }),
  z.strictObject({
    fault: z.literal('console-drops'),
    vmi: guestSelector,
    after: durationText('Time from the opening of a console until it is cut; the guest goes on.'),
    times: z.int().positive().default(1).describe('How many connections are cut.'),
  }),
] as const
