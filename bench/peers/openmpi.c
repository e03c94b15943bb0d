// The benchmark's work in C on MPI: reads commands "family bytes count skip spaced", answers "microseconds elapsed".
// The loops are those of the OSU micro-benchmarks, and those of bench/ours/mpi.mjs line for line.
#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW 64
#define LINE 64

static int rank, size;
static char *out, *in;
static size_t room;

static void buffers(size_t bytes) {
  if (bytes <= room) return;
  free(out);
  free(in);
  out = malloc(bytes);
  in = malloc(bytes);
  if (!out || !in) MPI_Abort(MPI_COMM_WORLD, 1);
  memset(out, 1, bytes);
  memset(in, 1, bytes);
  room = bytes;
}

// Commands reach rank 0 on its standard input and the others by named pipes, so that a waiting rank uses no processor.
static int pipes[1024];

static void open_pipes(const char *folder) {
  char path[4096];
  for (int peer = 1; rank == 0 && peer < size; peer++) {
    snprintf(path, sizeof path, "%s/%d", folder, peer);
    if (mkfifo(path, 0600)) MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  for (int peer = 1; peer < size; peer++) {
    if (rank != 0 && rank != peer) continue;
    snprintf(path, sizeof path, "%s/%d", folder, peer);
    pipes[peer] = open(path, rank == 0 ? O_WRONLY : O_RDONLY);
    if (pipes[peer] < 0) MPI_Abort(MPI_COMM_WORLD, 1);
  }
}

static int next_command(char *line) {
  memset(line, 0, LINE);
  if (rank != 0) return read(pipes[rank], line, LINE) == LINE && line[0];
  int more = fgets(line, LINE, stdin) != NULL;
  for (int peer = 1; peer < size; peer++) {
    if (write(pipes[peer], line, LINE) != LINE) return 0;
  }
  return more;
}

static double latency(int bytes, int count, int skip) {
  double start = 0;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) start = MPI_Wtime();
    if (rank == 0) {
      MPI_Send(out, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
      MPI_Recv(in, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else if (rank == 1) {
      MPI_Recv(in, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      MPI_Send(out, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    }
  }
  return (MPI_Wtime() - start) / count / 2;
}

// The first half of the ranks sends windows to the second half; each window is answered by one short message. The slowest
// pair counts.
static double window(int bytes, int count, int skip) {
  MPI_Request requests[WINDOW];
  int pairs = size / 2, sender = rank < pairs, peer = sender ? rank + pairs : rank - pairs;
  double start = 0;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) start = MPI_Wtime();
    if (rank >= 2 * pairs) continue;
    for (int j = 0; j < WINDOW; j++) {
      if (sender) MPI_Isend(out, bytes, MPI_BYTE, peer, 0, MPI_COMM_WORLD, &requests[j]);
      else MPI_Irecv(in, bytes, MPI_BYTE, peer, 0, MPI_COMM_WORLD, &requests[j]);
    }
    MPI_Waitall(WINDOW, requests, MPI_STATUSES_IGNORE);
    if (sender) MPI_Recv(in, 4, MPI_BYTE, peer, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    else MPI_Send(out, 4, MPI_BYTE, peer, 1, MPI_COMM_WORLD);
  }
  double timed = MPI_Wtime() - start, slowest;
  MPI_Allreduce(&timed, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return slowest / count / WINDOW / pairs;
}

static double both_ways(int bytes, int count, int skip) {
  MPI_Request requests[2 * WINDOW];
  double start = 0;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) start = MPI_Wtime();
    if (rank > 1) continue;
    for (int j = 0; j < WINDOW; j++) MPI_Irecv(in, bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, &requests[j]);
    for (int j = 0; j < WINDOW; j++) MPI_Isend(out, bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, &requests[WINDOW + j]);
    MPI_Waitall(2 * WINDOW, requests, MPI_STATUSES_IGNORE);
  }
  return (MPI_Wtime() - start) / count / WINDOW / 2;
}

static void collective(const char *family, int bytes) {
  int doubles = bytes / 8;
  if (!strcmp(family, "barrier")) MPI_Barrier(MPI_COMM_WORLD);
  else if (!strcmp(family, "bcast")) MPI_Bcast(out, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
  else if (!strcmp(family, "scatter")) MPI_Scatter(out, bytes, MPI_BYTE, in, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
  else if (!strcmp(family, "gather")) MPI_Gather(out, bytes, MPI_BYTE, in, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
  else if (!strcmp(family, "allgather")) MPI_Allgather(out, bytes, MPI_BYTE, in, bytes, MPI_BYTE, MPI_COMM_WORLD);
  else if (!strcmp(family, "alltoall")) MPI_Alltoall(out, bytes, MPI_BYTE, in, bytes, MPI_BYTE, MPI_COMM_WORLD);
  else if (!strcmp(family, "reduce")) MPI_Reduce(out, in, doubles, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
  else MPI_Allreduce(out, in, doubles, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

// The mean over operations and ranks. Spaced: a barrier that is not timed parts the operations, as OSU has it.
static double collectives(const char *family, int bytes, int count, int skip, int spaced) {
  double timed = 0, sum;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) timed = 0;
    double start = MPI_Wtime();
    collective(family, bytes);
    timed += MPI_Wtime() - start;
    if (spaced) MPI_Barrier(MPI_COMM_WORLD);
  }
  timed /= count;
  MPI_Allreduce(&timed, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return sum / size;
}

static double measure(const char *family, int bytes, int count, int skip, int spaced) {
  if (!strcmp(family, "latency")) return latency(bytes, count, skip);
  if (!strcmp(family, "bandwidth") || !strcmp(family, "message-rate")) return window(bytes, count, skip);
  if (!strcmp(family, "bibandwidth")) return both_ways(bytes, count, skip);
  return collectives(family, bytes, count, skip, spaced && strcmp(family, "barrier"));
}

int main(int argc, char **argv) {
  char line[LINE], family[LINE];
  int bytes, count, skip, spaced;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (argc < 2 || size > 1024) MPI_Abort(MPI_COMM_WORLD, 1);
  open_pipes(argv[1]);
  if (rank == 0) printf("ready\n"), fflush(stdout);
  while (next_command(line) && sscanf(line, "%63s %d %d %d %d", family, &bytes, &count, &skip, &spaced) == 5) {
    buffers((size_t)bytes * (size_t)size + 64);
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime(), seconds = measure(family, bytes, count, skip, spaced);
    if (rank == 0) printf("%.6f %.3f\n", 1e6 * seconds, 1e6 * (MPI_Wtime() - start)), fflush(stdout);
    // A message that is queued leaves only while its sender is inside MPI, not while it reads the next command.
    MPI_Barrier(MPI_COMM_WORLD);
  }
  MPI_Finalize();
}
