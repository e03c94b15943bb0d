// The benchmark's work on bare ZeroMQ: two processes, PAIR sockets over ipc, or with the argument "curve" over TCP with CURVE.
// Commands and answers as in openmpi.c.
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

// ZeroMQ's limit of 1,000 messages under way is as it comes.
static double stream(int bytes, int count, int skip) {
  double start = 0;
  for (int i = 0; i < count + skip; i++) {
    if (i == skip) start = now();
    first ? send_bytes(bytes) : receive_bytes(bytes);
  }
  first ? receive_bytes(4) : send_bytes(4);
  return (now() - start) / count;
}

static double measure(const char *family, int bytes, int count, int skip) {
  if (strstr(family, "latency")) return latency(bytes, count, skip);
  return strstr(family, "stream") ? stream(bytes, count, skip) : window(bytes, count, skip);
}

// Both ends know both pairs of keys.
static int use_curve(char keys[4][41]) {
  int yes = 1;
  if (first && zmq_setsockopt(sock, ZMQ_CURVE_SERVER, &yes, sizeof yes)) return -1;
  if (!first && (zmq_setsockopt(sock, ZMQ_CURVE_SERVERKEY, keys[0], 40) || zmq_setsockopt(sock, ZMQ_CURVE_PUBLICKEY, keys[2], 40))) return -1;
  return zmq_setsockopt(sock, ZMQ_CURVE_SECRETKEY, keys[first ? 1 : 3], 40);
}

static int next_command(char *line) {
  if (!first) return zmq_recv(sock, line, LINE, 0) == LINE && line[0];
  memset(line, 0, LINE);
  int more = fgets(line, LINE, stdin) != NULL;
  return zmq_send(sock, line, LINE, 0) == LINE && more;
}

int main(int argc, char **argv) {
  char address[256], keys[4][41], line[LINE], family[LINE];
  int bytes, count, skip, spaced, parent = getpid(), curve = argc > 1 && strcmp(argv[1], "curve") == 0, known[2];
  size_t length = sizeof address;
  snprintf(address, sizeof address, curve ? "tcp://127.0.0.1:*" : "ipc://@tsmpi-bench-%d", parent);
  for (int i = 0; i < 4 && curve; i += 2) zmq_curve_keypair(keys[i], keys[i + 1]);
  if (pipe(known)) return 1;
  first = fork() != 0;
  if (!first) prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!first && getppid() != parent) return 1;
  out = malloc(LARGEST);
  in = malloc(LARGEST);
  memset(out, 1, LARGEST);
  memset(in, 1, LARGEST);
  void *context = zmq_ctx_new();
  sock = zmq_socket(context, ZMQ_PAIR);
  if (curve && use_curve(keys)) return 1;
  if (first) {
    if (zmq_bind(sock, address) || zmq_getsockopt(sock, ZMQ_LAST_ENDPOINT, address, &length)) return 1;
    if (write(known[1], address, sizeof address) < 0) return 1;
  } else if (read(known[0], address, sizeof address) < 0 || zmq_connect(sock, address)) return 1;
  if (first) printf("ready\n"), fflush(stdout);
  while (next_command(line) && sscanf(line, "%63s %d %d %d %d", family, &bytes, &count, &skip, &spaced) == 5) {
    double start = now(), seconds = measure(family, bytes, count, skip);
    if (first) printf("%.6f %.3f\n", 1e6 * seconds, 1e6 * (now() - start)), fflush(stdout);
  }
  zmq_close(sock);
  zmq_ctx_term(context);
}
