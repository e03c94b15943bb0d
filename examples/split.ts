// The product of a matrix and a vector on a grid of ranks. Each rank has one block of the matrix; ranks of one grid row
// form a communicator, and so do those of one grid column.
//   tsmpirun -n 6 examples/split.ts --size 1000
import { parseArgs } from 'node:util'
import { COMM_WORLD as world, SUM } from 'tsmpi'

const { values } = parseArgs({ options: { size: { type: 'string', default: '240' } } })
const size = Number(values.size)
if (!(Number.isInteger(size) && size > 0)) throw new RangeError('--size must be a whole number from 1')

// The grid is as square as the number of ranks allows: 6 ranks are 2 rows of 3, 7 are 1 row of 7.
let height = Math.floor(Math.sqrt(world.size))
while (world.size % height > 0) height--
const width = world.size / height
const [gridRow, gridColumn] = [Math.floor(world.rank / width), world.rank % width]
const rowRanks = (await world.split(gridRow, gridColumn))!
const columnRanks = (await world.split(gridColumn, gridRow))!

/** First and end of the `index`th of `parts` parts of the numbers below `size`. */
const range = (index: number, parts: number): [number, number] =>
  [Math.floor((index * size) / parts), Math.floor(((index + 1) * size) / parts)]
const [top, bottom] = range(gridRow, height)
const [left, right] = range(gridColumn, width)

const matrix = (i: number, j: number): number => ((i + 2 * j) % 7) - 3
const vector = (j: number): number => (j % 5) - 1

// The first grid row knows the vector. Each of its ranks hands its part down its grid column.
const x = columnRanks.rank === 0 ? Float64Array.from({ length: right - left }, (_, j) => vector(left + j)) : undefined
const part = (await columnRanks.bcast(x, 0))!

// The block times the part of the vector, summed over the grid row: at its first rank a part of the product.
const partial = Float64Array.from({ length: bottom - top }, (_, i) =>
  part.reduce((sum, xj, j) => sum + matrix(top + i, left + j) * xj, 0))
const product = await rowRanks.reduce(partial, SUM, 0)

// The first grid column puts the parts together, and its first rank holds them against the product made in one go.
const parts = product && (await columnRanks.gather(product, 0))
if (parts !== undefined) {
  const y = parts.flatMap((values) => [...values])
  const wrong = y.filter((value, i) => {
    let expected = 0
    for (let j = 0; j < size; j++) expected += matrix(i, j) * vector(j)
    return value !== expected
  })
  console.log(`a grid of ${height} x ${width} ranks, a matrix of ${size} x ${size}`)
  console.log(`the product begins ${y.slice(0, 6).join(' ')}; ${wrong.length} of ${y.length} entries are wrong`)
}
