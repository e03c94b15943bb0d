// What an encoder numbers: the objects of a value, so that each is sent once, and the keys of its objects.
import { NUMBERED_KEYS } from './codec-format.js'

/** So many are searched one by one: faster than a Map, which also takes a while to make. */
const FEW = 16

/** A list that is filled and emptied again and again, in the same memory as long as it is short. */
export class Refilled<T> {
  #items: (T | undefined)[] = Array.from({ length: FEW }, () => undefined)
  count = 0

  /** `index`: less than `count`. */
  at(index: number): T {
    return this.#items[index] as T
  }

  /** Returns where it is. */
  add(item: T): number {
    this.#items[this.count] = item
    return this.count++
  }

  replace<Item extends T>(index: number, item: Item): Item {
    this.#items[index] = item
    return item
  }

  /** Keeps nothing alive. */
  clear(): void {
    if (this.count > FEW) this.#items = this.#items.slice(0, FEW)
    for (let i = 0; i < this.count && i < FEW; i++) this.#items[i] = undefined
    this.count = 0
  }
}

/** Numbers objects in the order in which they are met. */
export class ObjectNumbers {
  readonly #first = new Refilled<object>()
  #count = 0
  #map: Map<object, number> | undefined

  /** The number of an object, or -1. */
  find(object: object): number {
    if (this.#map !== undefined) return this.#map.get(object) ?? -1
    for (let i = 0; i < this.#count; i++) if (this.#first.at(i) === object) return i
    return -1
  }

  add(object: object): void {
    if (this.#count < FEW) this.#first.add(object)
    else (this.#map ??= this.#newMap()).set(object, this.#count)
    this.#count++
  }

  #newMap(): Map<object, number> {
    const map = new Map<object, number>()
    for (let i = 0; i < FEW; i++) map.set(this.#first.at(i), i)
    return map
  }

  clear(): void {
    this.#first.clear()
    this.#map = undefined
    this.#count = 0
  }
}

/** Numbers keys in the order in which they are met, and guesses the next: objects of one shape are guessed right. */
export class KeyNumbers {
  readonly #names = new Refilled<string>()
  #map: Map<string, number> | undefined
  /** Which key came after key k last time, at k + 1; which key came first, at 0. */
  readonly #next: number[] = [0]

  /** The number of `key`, which stands after key `previous` (-1: first), or -1 where it is new. */
  find(key: string, previous: number): number {
    const guess = this.#next[previous + 1]
    if (guess < this.#names.count && this.#names.at(guess) === key) return guess
    const number = this.#search(key)
    if (number >= 0) this.#next[previous + 1] = number
    return number
  }

  #search(key: string): number {
    if (this.#map !== undefined) return this.#map.get(key) ?? -1
    for (let i = 0; i < this.#names.count; i++) if (this.#names.at(i) === key) return i
    return -1
  }

  /** Gives a new key its number, or -1 where all are given. */
  add(key: string, previous: number): number {
    if (this.#names.count === NUMBERED_KEYS) return -1
    const number = this.#names.add(key)
    this.#next[previous + 1] = number
    this.#next[number + 1] = 0
    if (this.#map !== undefined) this.#map.set(key, number)
    else if (number === FEW) this.#map = this.#newMap()
    return number
  }

  #newMap(): Map<string, number> {
    const map = new Map<string, number>()
    for (let i = 0; i < this.#names.count; i++) map.set(this.#names.at(i), i)
    return map
  }

  clear(): void {
    this.#names.clear()
    this.#map = undefined
  }
}
