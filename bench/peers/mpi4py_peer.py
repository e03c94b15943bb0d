"""The benchmark's work in mpi4py: reads commands "family bytes count skip spaced", answers "microseconds elapsed".
The loops are those of bench/ours/mpi.mjs line for line."""
import os
import sys

import numpy as np
from mpi4py import MPI

WINDOW = 64
LINE = 64
world = MPI.COMM_WORLD
rank, size = world.rank, world.size

# What is sent and what is received into lie in two areas, made once and grown as needed, as in the C program.
areas = {}


def area(name, length):
    if name not in areas or len(areas[name]) < length:
        areas[name] = np.ones(length, np.uint8)
    return areas[name][:length]


OBJECTS = [
    1,
    {"a": 1, "b": [1, 2, 3]},
    list(range(1000)),
    [{"id": i, "name": f"name{i}", "score": i * 1.5} for i in range(100)],
]


def commands(folder):
    """Reach rank 0 on its standard input and the others by named pipes, so that a waiting rank uses no processor."""
    if rank == 0:
        for peer in range(1, size):
            os.mkfifo(f"{folder}/{peer}", 0o600)
    world.Barrier()
    if rank > 0:
        with open(f"{folder}/{rank}", "rb", buffering=0) as pipe:
            while line := pipe.read(LINE).rstrip(b"\0").decode():
                yield line
        return
    pipes = [open(f"{folder}/{peer}", "wb", buffering=0) for peer in range(1, size)]
    print("ready", flush=True)
    for line in sys.stdin:
        for pipe in pipes:
            pipe.write(line.encode().ljust(LINE, b"\0"))
        yield line


def latency(out, into, count, skip):
    for i in range(count + skip):
        if i == skip:
            start = MPI.Wtime()
        if rank == 0:
            world.Send(out, 1)
            world.Recv(into, 1)
        elif rank == 1:
            world.Recv(into, 0)
            world.Send(out, 0)
    return (MPI.Wtime() - start) / count / 2


def objects(value, count, skip):
    for i in range(count + skip):
        if i == skip:
            start = MPI.Wtime()
        if rank == 0:
            world.send(value, 1)
            world.recv(None, 1)
        elif rank == 1:
            world.recv(None, 0)
            world.send(value, 0)
    return (MPI.Wtime() - start) / count / 2


def window(out, into, count, skip):
    """The first half of the ranks sends windows to the second half; each window is answered by one short message. The
    slowest pair counts."""
    pairs = size // 2
    sender = rank < pairs
    peer = rank + pairs if sender else rank - pairs
    short = np.zeros(4, np.uint8)
    for i in range(count + skip):
        if i == skip:
            start = MPI.Wtime()
        if rank >= 2 * pairs:
            continue
        if sender:
            MPI.Request.Waitall([world.Isend(out, peer) for _ in range(WINDOW)])
            world.Recv(short, peer, 1)
        else:
            MPI.Request.Waitall([world.Irecv(into, peer) for _ in range(WINDOW)])
            world.Send(short, peer, 1)
    return world.allreduce(MPI.Wtime() - start, MPI.MAX) / count / WINDOW / pairs


def both_ways(out, into, count, skip):
    for i in range(count + skip):
        if i == skip:
            start = MPI.Wtime()
        if rank > 1:
            continue
        requests = [world.Irecv(into, 1 - rank) for _ in range(WINDOW)]
        requests += [world.Isend(out, 1 - rank) for _ in range(WINDOW)]
        MPI.Request.Waitall(requests)
    return (MPI.Wtime() - start) / count / WINDOW / 2


def collective(family, bytes):
    whole, whole_into = area("out", bytes * size), area("into", bytes * size)
    block, block_into = whole[:bytes], whole_into[:bytes]
    doubles, doubles_into = (a[: bytes // 8 * 8].view(np.float64) for a in (block, block_into))
    return {
        "barrier": lambda: world.Barrier(),
        "bcast": lambda: world.Bcast(block, 0),
        "scatter": lambda: world.Scatter(whole, block_into, 0),
        "gather": lambda: world.Gather(block, whole_into, 0),
        "allgather": lambda: world.Allgather(block, whole_into),
        "alltoall": lambda: world.Alltoall(whole, whole_into),
        "reduce": lambda: world.Reduce(doubles, doubles_into, MPI.SUM, 0),
        "allreduce": lambda: world.Allreduce(doubles, doubles_into, MPI.SUM),
    }[family]


def collectives(run, count, skip, spaced):
    """The mean over operations and ranks. Spaced: a barrier that is not timed parts the operations, as OSU has it."""
    timed = 0.0
    for i in range(count + skip):
        if i == skip:
            timed = 0.0
        start = MPI.Wtime()
        run()
        timed += MPI.Wtime() - start
        if spaced:
            world.Barrier()
    return world.allreduce(timed / count) / size


def measure(family, bytes, count, skip, spaced):
    if family == "objects":
        return lambda: objects(OBJECTS[bytes], count, skip)
    points = {"latency": latency, "bandwidth": window, "message-rate": window, "bibandwidth": both_ways}
    if family in points:
        out, into = area("out", bytes), area("into", bytes)
        return lambda: points[family](out, into, count, skip)
    run = collective(family, bytes)
    return lambda: collectives(run, count, skip, spaced and family != "barrier")


for line in commands(sys.argv[1]):
    family, *numbers = line.split()
    timed = measure(family, *map(int, numbers))
    world.Barrier()
    start = MPI.Wtime()
    seconds = timed()
    if rank == 0:
        print(f"{1e6 * seconds:.6f} {1e6 * (MPI.Wtime() - start):.3f}", flush=True)
    # A message that is queued leaves only while its sender is inside MPI, not while it reads the next command.
    world.Barrier()
