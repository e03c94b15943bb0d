// Heat spreads over a square plate whose rim is cold and in which a disc is kept hot: explicit finite differences, each
// rank with some of the rows, and one more row on either side that it gets from its neighbours in each step (a halo).
//   tsmpirun -n 4 examples/heat2d.ts                                       a picture in text
//   tsmpirun -n 4 examples/heat2d.ts --size 400 --steps 20000 --out heat.png
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { crc32, deflateSync } from 'node:zlib'
import { COMM_WORLD as world, MAX, PROC_NULL, Request } from 'tsmpi'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { size: text, steps: text, out: text } })
const [size, steps] = [Number(values.size ?? 72), Number(values.steps ?? 2000)]
if (!(Number.isInteger(size) && size >= world.size)) throw new RangeError('--size must be at least the number of ranks')

const firstRow = Math.floor((world.rank * size) / world.size)
const rows = Math.floor(((world.rank + 1) * size) / world.size) - firstRow

/** Rows 1 to `rows` are this rank's; rows 0 and `rows` + 1 are the halo. */
let heat = new Float64Array((rows + 2) * size)
let after = new Float64Array((rows + 2) * size)
const row = (index: number): Float64Array => heat.subarray(index * size, (index + 1) * size)

async function exchangeHalo(): Promise<void> {
  const above = world.rank === 0 ? PROC_NULL : world.rank - 1
  const below = world.rank === world.size - 1 ? PROC_NULL : world.rank + 1
  const receives = [world.irecv(above, 0, { into: row(0) }), world.irecv(below, 0, { into: row(rows + 1) })]
  await Request.waitAll([...receives, world.isend(row(1), above), world.isend(row(rows), below)])
}

/** One step in time; returns the largest change of a temperature, which lies between 0 and 1. */
function step(): number {
  let change = 0
  for (let i = 1; i <= rows; i++) {
    const y = firstRow + i - 1
    for (let x = 0, at = i * size; x < size; x++, at++) {
      const old = heat[at]
      const rim = x === 0 || y === 0 || x === size - 1 || y === size - 1
      const hot = (x - 0.35 * size) ** 2 + (y - 0.4 * size) ** 2 < (0.12 * size) ** 2
      const flow = rim ? 0 : heat[at - size] + heat[at + size] + heat[at - 1] + heat[at + 1] - 4 * old
      after[at] = hot ? 1 : old + 0.2 * flow
      change = Math.max(change, Math.abs(after[at] - old))
    }
  }
  ;[heat, after] = [after, heat]
  return change
}

/** A PNG whose palette goes from black over red and yellow to white. */
function png(pixels: Uint8Array): Buffer {
  const words = (...list: number[]): Buffer => Buffer.from(list.flatMap((w) => [w >>> 24, w >>> 16, w >>> 8, w]))
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    return Buffer.concat([words(data.length), body, words(crc32(body))])
  }
  const palette = Uint8ClampedArray.from({ length: 768 }, (_, i) => 3 * Math.floor(i / 3) - 255 * (i % 3))
  const lines = Buffer.alloc(size * (size + 1)) // each line begins with a 0: no filter
  for (let y = 0; y < size; y++) lines.set(pixels.subarray(y * size, (y + 1) * size), y * (size + 1) + 1)
  const header = Buffer.concat([words(size, size), Buffer.from([8, 3, 0, 0, 0])])
  const chunks = [chunk('IHDR', header), chunk('PLTE', Buffer.from(palette)), chunk('IDAT', deflateSync(lines))]
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks, chunk('IEND', Buffer.alloc(0))])
}

for (let done = 1; done <= steps; done++) {
  await exchangeHalo()
  const change = step()
  if (done % 500 > 0 && done < steps) continue
  const largest = await world.allreduce(change, MAX)
  if (world.rank === 0) console.log(`step ${done}: largest change ${largest.toExponential(3)}`)
}
const parts = await world.gather(Uint8Array.from(heat.subarray(size, (rows + 1) * size), (t) => 255 * t), 0)
const pixels = Buffer.concat(parts ?? [])
if (values.out !== undefined && parts !== undefined) writeFileSync(values.out, png(pixels))
if (values.out === undefined) {
  const picture = Array.from(pixels, (pixel) => ' .:-=+*#%@'[Math.floor((pixel * 10) / 256)]).join('')
  for (let at = 0; at < picture.length; at += 2 * size) console.log(picture.slice(at, at + size).trimEnd())
}
