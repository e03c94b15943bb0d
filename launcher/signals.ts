// Signals to the launcher, and what becomes of them.

export interface SignalTargets {
  /** End the job with this exit code. */
  terminate(code: number): void
  /** Pass the signal on to every rank. */
  forward(signal: NodeJS.Signals): void
}

/** 128 + signal number: what shells report. */
const TERMINATE = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export function forwardSignals(targets: SignalTargets): void {
  for (const [signal, code] of Object.entries(TERMINATE)) process.on(signal, () => targets.terminate(code))
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => targets.forward(signal))
  process.on('SIGTSTP', () => {
    // The kernel ignores TSTP in process groups without a terminal, as the ranks' are; nothing ignores STOP.
    targets.forward('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
  process.on('SIGCONT', () => targets.forward('SIGCONT'))
}
