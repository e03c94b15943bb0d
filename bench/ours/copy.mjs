// The floor of a message: a copy of its bytes from one buffer to another, in one process.
import { serve } from './lines.mjs'

const from = new Uint8Array(4 << 20).fill(1)
const to = new Uint8Array(4 << 20).fill(1)

await serve((bytes) => {
  const source = from.subarray(0, bytes)
  return () => to.set(source)
})
