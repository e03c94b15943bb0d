// A probe: waits until a message could be received, and leaves it where it is.
import type { Unexpected } from './matching.js'
import { Operation } from './operation.js'
import type { Scope } from './operation.js'
import { ANY_SOURCE, ANY_TAG, Status } from './status.js'

export class ProbeOp extends Operation {
  readonly scope: Scope
  /** Rank of COMM_WORLD. */
  readonly source: number
  readonly tag: number
  message: Unexpected | undefined = undefined

  constructor(scope: Scope, source: number, tag: number) {
    super()
    this.scope = scope
    this.source = source
    this.tag = tag
  }

  matches(message: Unexpected): boolean {
    return (
      (this.source === ANY_SOURCE || this.source === message.source) &&
      (this.tag === ANY_TAG || this.tag === message.tag)
    )
  }

  result(): Status {
    const status = new Status()
    this.fillStatus(status)
    return status
  }

  fillStatus(status: Status): void {
    const { source, tag, type, bytes } = this.message as Unexpected
    status.fill(this.scope.rankOf(source), tag, type, bytes)
  }

  describe(): string {
    const source = this.source === ANY_SOURCE ? 'ANY_SOURCE' : `source ${this.scope.rankOf(this.source)}`
    return `probe(${source}, ${this.tag === ANY_TAG ? 'ANY_TAG' : `tag ${this.tag}`}) on ${this.scope.name}`
  }
}
