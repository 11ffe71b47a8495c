/**
 * The failure texts that the documented checkup would have put into `status.failureReason`, for those who match on them.
 * They are evidence; the verdict is that of the checks.
 */

export const nothingSent = (): string => 'no packets were sent from the traffic generator'

/** @param packets output errors of the sending port, input errors of the receiving one */
export const generatorErrors = (packets: { output: number; input: number }): string =>
  `detected Error Packets on the traffic generator's side: Oerrors ${packets.output} Ierrors ${packets.input}`

export const packetsDropped = (packets: { rx: number; tx: number }): string =>
  `detected packets dropped on the VM-Under-Test's side: RX: ${packets.rx}; TX: ${packets.tx}`

export const notAllReceived = (packets: { sent: number; received: number }): string =>
  `not all generated packets had reached VM-Under-Test: Sent from traffic generator: ${packets.sent}; Received on VM-Under-Test: ${packets.received}`

/** What it says when it cannot read the counters of testpmd. */
export const countersNotRead = (): string =>
  'failed parsing section on port 0: could not extract statistics section. found start: false; found end: false'

/** An object could not be created. @param reason the API server's message */
export const notCreated = (reason: string): string => `setup: ${reason}`

/** Without the prefix of other failures of the set-up. @param vmi `namespace/name` */
export const notReady = (vmi: string): string =>
  `failed to wait for VMI "${vmi}" to be ready: timed out waiting for the condition`
