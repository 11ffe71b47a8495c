/**
 * What a remote clock and the embedded cluster say to each other: one JSON object per WebSocket text message.
 * `id` is chosen by the client and names one sleep, deadline or question.
 */
export type ClockRequest =
  | { ask: 'now'; id: number }
  | { ask: 'sleep'; id: number; milliseconds: number }
  | { ask: 'deadline'; id: number; milliseconds: number }
  /** Ends a sleep or a deadline; not answered. */
  | { ask: 'cancel'; id: number }
  /** Answer to `probe`: whether the client's event loop was free. */
  | { ask: 'idle'; id: number; idle: boolean }

export type ClockReply =
  | { tell: 'now'; id: number; now: number }
  | { tell: 'due'; id: number }
  /** Sent before time is skipped to a deadline: is the client still busy with something? */
  | { tell: 'probe'; id: number }
