// A seeded generator of pseudo-random numbers (sfc32, C. Doty-Humphrey's PractRand): the same on every rank.

export class Random {
  #a
  #b
  #c
  #counter = 1

  constructor(seed, stream = 0) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 0x100000000) | 0
    this.#c = stream | 0
    for (let i = 0; i < 15; i++) this.word()
  }

  /** 32 bits. */
  word() {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0
    return t >>> 0
  }

  /** An integer in [0, bound). */
  below(bound) {
    return Math.floor((this.word() / 0x100000000) * bound)
  }

  chance(probability) {
    return this.word() / 0x100000000 < probability
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** A key of `weights`, as often as its weight says. */
  weighted(weights) {
    let left = this.below(Object.values(weights).reduce((sum, weight) => sum + weight, 0))
    for (const [key, weight] of Object.entries(weights)) if ((left -= weight) < 0) return key
    throw new Error('no weights')
  }

  shuffled(list) {
    const copy = [...list]
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[copy[i], copy[j]] = [copy[j], copy[i]]
    }
    return copy
  }
}
