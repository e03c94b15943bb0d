"""Hits in the quarter circle by numpy. Commands as in openmpi.c, of which the bytes are the samples of one operation."""
import sys
import time

import numpy as np

# Arrays of this many samples stay in the second-level cache.
CHUNK = 20_000
generator = np.random.default_rng(42)


def count(samples):
    hits = 0
    for first in range(0, samples, CHUNK):
        n = min(CHUNK, samples - first)
        x, y = generator.random(n), generator.random(n)
        hits += np.count_nonzero(x * x + y * y < 1)
    return hits


print("ready", flush=True)
for line in sys.stdin:
    samples, operations, skip = map(int, line.split()[1:4])
    begin = time.perf_counter()
    for _ in range(skip):
        count(samples)
    start = time.perf_counter()
    for _ in range(operations):
        count(samples)
    end = time.perf_counter()
    print(f"{1e6 * (end - start) / operations:.6f} {1e6 * (end - begin):.3f}", flush=True)
