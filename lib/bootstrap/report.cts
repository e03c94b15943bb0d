// What every rank runs first, by `node --require` from the launcher or by importing tsmpi: an uncaught error goes to
// the launcher, which prints the first of a job once, and nothing that was printed before is lost.
{
  const fs = process.getBuiltinModule('node:fs')
  const { inspect } = process.getBuiltinModule('node:util')
  const installed = Symbol.for('tsmpi.report')
  const here = globalThis as unknown as Record<symbol, boolean>
  // Taken by who runs first, the main thread: worker threads, whose errors are their parent's, and children find none.
  const fd = Number(process.env['TSMPI_REPORT_FD'] ?? -1)
  delete process.env['TSMPI_REPORT_FD']
  const MAX_STACK = 65536

  /** Tells the launcher; false if it cannot be reached. */
  const tell = (error: unknown, printed: boolean): boolean => {
    const text = (error instanceof Error ? '' : 'Uncaught ') + inspect(error)
    const message = { type: 'uncaught', pid: process.pid, stack: text.slice(0, MAX_STACK), printed }
    try {
      fs.writeSync(fd, `${JSON.stringify(message)}\n`)
      return true
    } catch {
      return false
    }
  }

  /** Node knows where an ES module's syntax is wrong, but only its own printing says it. */
  const lacksPlace = (error: unknown): boolean =>
    error instanceof SyntaxError && /^SyntaxError.*\n +at compileSourceTextModule/.test(error.stack ?? '')

  const leave = (): void => {
    if (process.listenerCount('uncaughtException') === 1) process.exit(1)
  }

  const report = (error: unknown): void => {
    if (process.listenerCount('uncaughtException') > 1 || process.hasUncaughtExceptionCaptureCallback()) return
    const printed = lacksPlace(error)
    const told = tell(error, printed)
    if (told && !printed) return
    process.off('uncaughtException', leave)
    // The launcher silences the same error of the other ranks, so it must hear of it before Node prints.
    if (told) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }

  /**
   * Writes to a pipe are asynchronous in Node: `process.exit` loses them, and a slow reader makes the process grow.
   * A rank's are synchronous, from the first use of the stream on.
   */
  const makeBlocking = (name: 'stdout' | 'stderr'): void => {
    const own = Object.getOwnPropertyDescriptor(process, name)
    if (!own?.get || !own.configurable) return
    const open = own.get.bind(process)
    Object.defineProperty(process, name, {
      ...own,
      get: () => {
        Object.defineProperty(process, name, own)
        const stream = open() as { _handle?: { setBlocking?: (on: boolean) => void } }
        stream._handle?.setBlocking?.(true)
        return stream
      },
    })
  }

  if (fd >= 0 && !here[installed]) {
    here[installed] = true
    process.on('uncaughtExceptionMonitor', report)
    process.on('uncaughtException', leave)
    makeBlocking('stdout')
    makeBlocking('stderr')
  }
}
