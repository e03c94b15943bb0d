// Where inside a value something stands, in words for an error message: value.items[3].callback
import { types } from 'node:util'

type Step = (path: string) => string

/** A value inside another one, and what to append to the other's path. */
interface Place {
  readonly value: unknown
  readonly step: Step
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

function* insideMap(map: Map<unknown, unknown>): Generator<Place> {
  let i = 0
  for (const [key, value] of Map.prototype.entries.call(map)) {
    const at = i++
    yield { value: key, step: (path) => `[...${path}.keys()][${at}]` }
    const name = typeof key === 'string' ? JSON.stringify(key) : typeof key === 'number' ? String(key) : undefined
    yield { value, step: (path) => (name === undefined ? `[...${path}.values()][${at}]` : `${path}.get(${name})`) }
  }
}

function* insideSet(set: Set<unknown>): Generator<Place> {
  let i = 0
  for (const value of Set.prototype.values.call(set)) {
    const at = i++
    yield { value, step: (path) => `[...${path}][${at}]` }
  }
}

function stepTo(key: string, isArray: boolean): Step {
  if (isArray) return (path) => `${path}[${key}]`
  return IDENTIFIER.test(key) ? (path) => `${path}.${key}` : (path) => `${path}[${JSON.stringify(key)}]`
}

/** What the codec looks at inside `value`, in its order. */
function* inside(value: object): Generator<Place> {
  if (types.isMap(value)) yield* insideMap(value)
  else if (types.isSet(value)) yield* insideSet(value)
  else if (!ArrayBuffer.isView(value)) {
    const keys = types.isNativeError(value) ? ['cause', 'errors'] : Object.keys(value)
    for (const key of keys) {
      yield { value: (value as Record<string, unknown>)[key], step: stepTo(key, Array.isArray(value)) }
    }
  }
}

/** The path from `root` to the first place of `wanted`, or `value` where a getter no longer gives it. */
export function pathTo(root: unknown, wanted: unknown): string {
  const seen = new Set<unknown>()
  const stack: { rest: Iterator<Place>; step: Step }[] = []
  let place: Place | undefined = { value: root, step: () => 'value' }
  while (place !== undefined || stack.length > 0) {
    if (place !== undefined) {
      const { value, step }: Place = place
      if (Object.is(value, wanted)) {
        return [...stack.map((outer) => outer.step), step].reduce((path, next) => next(path), '')
      }
      const isNew = typeof value === 'object' && value !== null && !seen.has(value)
      if (isNew) {
        seen.add(value)
        stack.push({ rest: inside(value), step })
      }
    }
    const next = stack.at(-1)?.rest.next()
    if (next?.done === true) stack.pop()
    place = next?.done === false ? next.value : undefined
  }
  return 'value'
}
