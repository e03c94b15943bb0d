// Operations that a frame may name: those that wait for an answer or for data, by the id that went to the peer.
import type { Operation } from './operation.js'

/** An operation with a place in the table; `id` 0: none. */
export interface Named extends Operation {
  id: number
}

export class RequestTable {
  /** Id 0 is nobody's. */
  readonly #operations: (Named | undefined)[] = [undefined]
  readonly #free: number[] = []

  register(op: Named): void {
    op.id = this.#free.pop() ?? this.#operations.length
    this.#operations[op.id] = op
  }

  release(op: Named): void {
    if (op.id === 0) return
    this.#operations[op.id] = undefined
    this.#free.push(op.id)
    op.id = 0
  }

  get(id: number): Named | undefined {
    return this.#operations[id]
  }

  *[Symbol.iterator](): Iterator<Named> {
    for (const op of this.#operations) if (op !== undefined) yield op
  }
}
