// What srun and the tasks of its step print (--label), and which node each line is about.
import { hostKey } from '../hosts/host.js'
import { expandNodeList } from '../hosts/nodelist.js'

/** `srun: error: n[1-2]: tasks 0-1: Exited with exit code 1` */
const ENDED = /^srun: error: ([^\s:]+): tasks? ([\d,-]+): /
/** A line of a task's: `12: words` */
const LABELLED = /^\s*(\d+): (.*)$/
const MOST_LINES = 200
const MAX_LINE = 1000

interface Line {
  text: string
  /** Of the task that printed it. */
  task?: number
  /** The nodes that srun names. */
  nodes?: string[]
}

export class SrunWords {
  readonly #lines: Line[] = []
  readonly #nodeOf = new Map<number, string>()

  /** The nodes, by their keys, whose tasks have ended as this line says. */
  hear(line: string): string[] {
    const parsed = parse(line.slice(0, MAX_LINE))
    this.#lines.push(parsed)
    if (this.#lines.length > MOST_LINES) this.#lines.shift()
    const tasks = expand(`[${ENDED.exec(line)?.[2]}]`)
    for (const [at, node] of (parsed.nodes ?? []).entries()) this.#nodeOf.set(Number(tasks[at]), node)
    return parsed.nodes ?? []
  }

  /** What is said about a node, or may be. */
  about(node: string): string[] {
    const fits = ({ task, nodes }: Line): boolean =>
      nodes === undefined ? task === undefined || (this.#nodeOf.get(task) ?? node) === node : nodes.includes(node)
    return this.#lines.filter(fits).map(({ text }) => text)
  }
}

function parse(line: string): Line {
  const [, task, words] = LABELLED.exec(line) ?? []
  if (task !== undefined) return { text: words, task: Number(task) }
  const list = ENDED.exec(line)?.[1]
  return { text: line, ...(list !== undefined && { nodes: expand(list).map(hostKey) }) }
}

/** None where it is no list. */
function expand(list: string): string[] {
  try {
    return expandNodeList(list)
  } catch {
    return []
  }
}
