/** Things that go wrong in guests which measure their disks, and with SSH connections to guests. */
import { z } from 'zod'
import { durationText } from './duration-text.ts'
import { guestSelector } from './guest-selector.ts'

export const guestStorageFaults = [
  z.strictObject({
    fault: z.literal('fio-enospc'),
    vmi: guestSelector.describe(
      'Glob over VMI names. fio finds no space on the device for the files that it lays out.',
    ),
  }),
  z.strictObject({
    fault: z.literal('fio-terminated'),
    vmi: guestSelector,
    after: durationText('fio is ended by SIGTERM this long after its start.').default('1s'),
  }),
  z.strictObject({
    fault: z.literal('service-never-starts'),
    vmi: guestSelector,
    unit: z
      .string()
      .min(1)
      .default('perf-test')
      .describe('Glob over units, without .service. systemctl says that it starts them, and nothing happens.'),
  }),
  z.strictObject({
    fault: z.literal('fio-empty-result'),
    vmi: guestSelector.describe('Glob over VMI names. fio ends with 0 and leaves its --output file empty.'),
  }),
  z.strictObject({
    fault: z.literal('fio-output-corrupted'),
    vmi: guestSelector,
    bytes: z.int().nonnegative().default(2000).describe('The --output file of fio ends after this many bytes.'),
  }),
  z.strictObject({
    fault: z.literal('fio-short-ios'),
    vmi: guestSelector,
    count: z
      .int()
      .positive()
      .default(3)
      .describe('How many I/Os of each direction of each job moved less than they were asked to, as fio counts them.'),
  }),
  z.strictObject({
    fault: z.literal('slow-disk'),
    vmi: guestSelector,
    factor: z.number().gt(1).default(4).describe('How many times longer than others their requests take.'),
  }),
  z.strictObject({
    fault: z.literal('ssh-drops'),
    vmi: guestSelector,
    times: z
      .int()
      .positive()
      .default(1000)
      .describe('How many SSH connections of each guest are cut at the first command.'),
  }),
  z.strictObject({
    fault: z.literal('clock-skew'),
    vmi: guestSelector,
    offset: durationText('How far the clocks of these guests are behind.').default('5m'),
  }),
  z.strictObject({
    fault: z.literal('data-disk-not-mounted'),
    vmi: guestSelector.describe('Glob over VMI names. Disks other than the root disk are not mounted at boot.'),
  }),
  z.strictObject({
    fault: z.literal('hotplug-invisible'),
    vmi: guestSelector.describe('Glob over VMI names. Volumes plugged into them are Ready, and no disk shows up.'),
  }),
  z.strictObject({
    fault: z.literal('hotplug-stays'),
    vmi: guestSelector.describe('Glob over VMI names. Disks of volumes that were unplugged stay in their guests.'),
  }),
] as const
