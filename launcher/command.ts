// What is executed for a rank.
import { fileURLToPath } from 'node:url'

export interface Command {
  /** Run by Node: then `args` are Node's, and `file` is the launcher's own Node. */
  node?: boolean
  file: string
  args: string[]
}

const REPORT = fileURLToPath(new URL('../lib/bootstrap/report.cjs', import.meta.url))

/** On this host: by the Node and the package of who asks, which may lie elsewhere on another. */
export function commandHere({ node, file, args }: Command): [file: string, args: string[]] {
  return node ? [process.execPath, ['--require', REPORT, ...args]] : [file, args]
}
