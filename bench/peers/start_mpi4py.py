"""A job that starts, passes one barrier and ends."""
from mpi4py import MPI

MPI.COMM_WORLD.Barrier()
