// Every kernel that this machine can run computes Philox4x32-10 as published: Random123's known-answer vectors.
import t from 'tap'
import { kernels, philox } from '../../lib/montecarlo/index.js'

const vectors = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
]

for (const kernel of kernels()) {
  await t.test(`known answers: ${kernel}`, async (t) => {
    for (const { counter, key, words } of vectors) t.same([...philox(kernel, counter, key)], words)
  })
}
