/** What the guest of the realtime checkup does at boot. */
import { becomeReady, bootUserData } from '../boot-configuration.ts'

export const bootScript = 'realtime-checkup-boot.sh'
/** The readiness probe waits for it. */
export const readyMarker = '/tmp/realtime-checkup-ready-marker'

const tunedMarker = '/var/realtime-checkup-tuned-adm-set-marker'

export const realtimeUserData = (): string => bootUserData(bootScript)

/**
 * Keeps the guest from swapping, and isolates the CPUs that are measured, with a reboot. Images without tuned go without.
 * @param isolatedCpus as in `2-3`
 * @param tunedProfile or `none`
 */
export const realtimeBootScript = (isolatedCpus: string, tunedProfile: string): string =>
  `#!/bin/bash

if command -v systemctl > /dev/null; then
  for unit in $(systemctl list-units --type swap --no-legend --plain 2> /dev/null | cut -d' ' -f1); do
    systemctl mask $unit
  done
fi
${tunedProfile === 'none' ? '' : applyTunedProfile(isolatedCpus, tunedProfile)}
${becomeReady(readyMarker)}`

const applyTunedProfile = (isolatedCpus: string, profile: string): string => `
if command -v tuned-adm > /dev/null && [ ! -f ${tunedMarker} ]; then
  echo "isolated_cores=${isolatedCpus}" > /etc/tuned/${profile}-variables.conf
  echo "isolate_managed_irq=Y" >> /etc/tuned/${profile}-variables.conf
  systemctl restart tuned.service
  tuned-adm profile ${profile}
  touch ${tunedMarker}
  reboot
  exit 0
fi
`
