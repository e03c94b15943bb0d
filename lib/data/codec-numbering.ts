// What an encoder numbers: the objects of a value, so that each is sent once, and the keys of its objects.
import { NUMBERED_KEYS } from './codec-format.js'

/** So many are searched one by one: faster than a Map, which also takes a while to make. */
const FEW = 16

/** Numbers objects in the order in which they are met. */
export class ObjectNumbers {
  readonly #first: (object | undefined)[] = Array.from({ length: FEW }, () => undefined)
  #count = 0
  #map: Map<object, number> | undefined

  /** The number of an object, or -1. */
  find(object: object): number {
    if (this.#map !== undefined) return this.#map.get(object) ?? -1
    for (let i = 0; i < this.#count; i++) if (this.#first[i] === object) return i
    return -1
  }

  add(object: object): void {
    if (this.#count < FEW) this.#first[this.#count++] = object
    else (this.#map ??= this.#newMap()).set(object, this.#count++)
  }

  #newMap(): Map<object, number> {
    const map = new Map<object, number>()
    for (let i = 0; i < FEW; i++) map.set(this.#first[i] as object, i)
    return map
  }

  clear(): void {
    for (let i = 0; i < this.#count && i < FEW; i++) this.#first[i] = undefined
    this.#map = undefined
    this.#count = 0
  }
}

/** Numbers keys in the order in which they are met, and guesses the next: objects of one shape are guessed right. */
export class KeyNumbers {
  #names: string[] = []
  #map: Map<string, number> | undefined
  /** Which key came after key k last time, at k + 1; which key came first, at 0. */
  readonly #next: number[] = [0]

  /** The number of `key`, which stands after key `previous` (-1: first), or -1 where it is new. */
  find(key: string, previous: number): number {
    const guess = this.#next[previous + 1]
    if (guess < this.#names.length && this.#names[guess] === key) return guess
    const number = this.#search(key)
    if (number >= 0) this.#next[previous + 1] = number
    return number
  }

  #search(key: string): number {
    if (this.#map !== undefined) return this.#map.get(key) ?? -1
    for (let i = 0; i < this.#names.length; i++) if (this.#names[i] === key) return i
    return -1
  }

  /** Gives a new key its number, or -1 where all are given. */
  add(key: string, previous: number): number {
    if (this.#names.length === NUMBERED_KEYS) return -1
    const number = this.#names.push(key) - 1
    this.#next[previous + 1] = number
    this.#next[number + 1] = 0
    if (this.#map !== undefined) this.#map.set(key, number)
    else if (number === FEW) this.#map = new Map(this.#names.map((name, i) => [name, i]))
    return number
  }

  clear(): void {
    if (this.#names.length > 0) this.#names = []
    this.#map = undefined
  }
}
