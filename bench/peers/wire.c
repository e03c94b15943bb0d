// What bare libzmq does between two processes over TCP: 8 B one-way, 1 MiB bandwidth; by CURVE where asked. Prints a line.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define LARGE (1 << 20)
#define WINDOW 16

static void *sock;
static char *bytes;
static int first;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static void give(int length) {
  if (zmq_send(sock, bytes, length, 0) != length) exit(1);
}

static void take(int length) {
  if (zmq_recv(sock, bytes, LARGE, 0) != length) exit(1);
}

static double latency(int count) {
  double start = now();
  for (int i = 0; i < count; i++) {
    if (first) give(8), take(8);
    else take(8), give(8);
  }
  return (now() - start) / count / 2;
}

// So many windows, of which the last is answered; ZeroMQ's limit of 1,000 messages under way is as it comes.
static double window(int length, int count, int size) {
  double start = now();
  for (int i = 0; i < count * size; i++) first ? give(length) : take(length);
  first ? take(4) : give(4);
  return (now() - start) / count / size;
}

int main(int argc, char **argv) {
  char endpoint[256], pub[2][41], sec[2][41];
  size_t length = sizeof endpoint;
  int curve = argc > 1 && strcmp(argv[1], "curve") == 0, yes = 1, pipes[2];
  for (int i = 0; i < 2; i++) zmq_curve_keypair(pub[i], sec[i]);
  if (pipe(pipes)) return 1;
  first = fork() != 0;
  if (!first) prctl(PR_SET_PDEATHSIG, SIGKILL);
  bytes = calloc(1, LARGE);
  sock = zmq_socket(zmq_ctx_new(), ZMQ_PAIR);
  if (curve) {
    if (first) zmq_setsockopt(sock, ZMQ_CURVE_SERVER, &yes, sizeof yes);
    else zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, pub[0], 40), zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, pub[1], 40);
    zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, sec[!first], 40);
  }
  if (first) {
    if (zmq_bind(sock, "tcp://127.0.0.1:*") || zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, endpoint, &length)) return 1;
    if (write(pipes[1], endpoint, sizeof endpoint) < 0) return 1;
  } else if (read(pipes[0], endpoint, sizeof endpoint) < 0 || zmq_connect(sock, endpoint)) return 1;
  latency(2000);
  double one = latency(10000);
  window(LARGE, 4, WINDOW);
  double large = window(LARGE, 30, WINDOW);
  window(64, 20, 1000);
  double small = window(64, 300, 1000);
  if (first) printf("{\"latency\":%.3f,\"bandwidth\":%.3f,\"rate\":%.0f}\n", 1e6 * one, LARGE / large / 1e9, 1 / small);
  fflush(stdout);
  // what was given last may still be on its way: the parent's end ends the child
  if (!first) pause();
  _exit(0);
}
