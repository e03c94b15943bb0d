// The benchmark's work on bare ZeroMQ: two processes, PAIR sockets over ipc. Commands and answers as in openmpi.c.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define WINDOW 64
#define LINE 64
#define LARGEST (16 << 20)

static void *sock;
static char *out, *in;
static int first;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void send_bytes(int bytes) {
  if (zmq_send(sock, out, bytes, 0) != bytes) exit(1);
}

static void receive_bytes(int bytes) {
  if (zmq_recv(sock, in, LARGEST, 0) != bytes) exit(1);
}

static double latency(int bytes, int count, int skip) {
  double start = 0;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) start = now();
    if (first) send_bytes(bytes), receive_bytes(bytes);
    else receive_bytes(bytes), send_bytes(bytes);
  }
  return (now() - start) / count / 2;
}

static double window(int bytes, int count, int skip) {
  double start = 0;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) start = now();
    for (int j = 0; j < WINDOW; j++) first ? send_bytes(bytes) : receive_bytes(bytes);
    first ? receive_bytes(4) : send_bytes(4);
  }
  return (now() - start) / count / WINDOW;
}

static int next_command(char *line) {
  if (!first) return zmq_recv(sock, line, LINE, 0) == LINE && line[0];
  memset(line, 0, LINE);
  int more = fgets(line, LINE, stdin) != NULL;
  return zmq_send(sock, line, LINE, 0) == LINE && more;
}

int main(void) {
  char address[64], line[LINE], family[LINE];
  int bytes, count, skip, spaced, parent = getpid();
  snprintf(address, sizeof address, "ipc://@tsmpi-bench-%d", parent);
  first = fork() != 0;
  if (!first) prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!first && getppid() != parent) return 1;
  out = malloc(LARGEST);
  in = malloc(LARGEST);
  memset(out, 1, LARGEST);
  memset(in, 1, LARGEST);
  void *context = zmq_ctx_new();
  sock = zmq_socket(context, ZMQ_PAIR);
  if (first ? zmq_bind(sock, address) : zmq_connect(sock, address)) return 1;
  if (first) printf("ready\n"), fflush(stdout);
  while (next_command(line) && sscanf(line, "%63s %d %d %d %d", family, &bytes, &count, &skip, &spaced) == 5) {
    double start = now(), seconds = strcmp(family, "latency") ? window(bytes, count, skip) : latency(bytes, count, skip);
    if (first) printf("%.6f %.3f\n", 1e6 * seconds, 1e6 * (now() - start)), fflush(stdout);
  }
  zmq_close(sock);
  zmq_ctx_term(context);
}
