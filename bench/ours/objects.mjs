// The values of the object benchmarks, the same for tsmpi and its peers.
export const OBJECTS = [
  1,
  { a: 1, b: [1, 2, 3] },
  Array.from({ length: 1000 }, (_, i) => i),
  Array.from({ length: 100 }, (_, i) => ({ id: i, name: `name${i}`, score: i * 1.5 })),
]
