// Load generator for datagrams: keeps `depth` of them in flight on each of many sockets and times the answers.
//
// usage: load-udp PORT SOCKETS LENGTH DEPTH LEAD SECONDS
//
// Each datagram begins with the time at which it was sent, and the answer has to be the same bytes. What does not come
// back within 50 ms is taken for lost, and others are sent instead. After LEAD seconds it prints "begin", counts for
// SECONDS, prints "end" with the result as JSON, and keeps the load up for a moment, so that whoever measures the
// server has the time to look.
//
// load-udp.js is its twin for machines without a compiler.
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MICROSECONDS = 1000 * 1000, LONGEST = 65536, PATIENCE = 50 * 1000 * 1000 };

struct flow {
  int fd;
  long flying;      // datagrams that have not come back
  long long heard;  // when one came last
};

static long length, depth;
static unsigned char out[LONGEST], in[LONGEST];
static unsigned latencies[MICROSECONDS]; // how many answers took that many microseconds
static long long lost;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what) {
  fprintf(stderr, "load: %s\n", what);
  exit(1);
}

static void fill(struct flow *f, long long at) {
  memcpy(out, &at, sizeof at);
  while (f->flying < depth) {
    // A buffer that is full is a datagram that is lost.
    (void)!send(f->fd, out, length, 0);
    f->flying++;
  }
}

// Takes all answers that are there. Returns how many were.
static long take(struct flow *f) {
  long count = 0;
  ssize_t n;
  while ((n = recv(f->fd, in, LONGEST, 0)) >= 0) {
    if (n != length) continue; // a heartbeat, or a notice
    if (memcmp(in + 8, out + 8, length - 8) != 0) fail("an answer has the wrong bytes");
    long long at = now(), begun;
    memcpy(&begun, in, sizeof begun);
    long long took = (at - begun) / 1000;
    latencies[took < MICROSECONDS ? took : MICROSECONDS - 1]++;
    if (f->flying > 0) f->flying--;
    f->heard = at;
    count++;
  }
  if (count > 0) fill(f, now());
  return count;
}

static void open_flow(struct flow *f, int port, int epoll) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  f->fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (connect(f->fd, (struct sockaddr *)&to, sizeof to) != 0) fail("cannot connect");
  fcntl(f->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = f};
  epoll_ctl(epoll, EPOLL_CTL_ADD, f->fd, &event);
  f->heard = now();
  fill(f, f->heard);
}

static long percentile(double share, long long messages) {
  long long seen = 0;
  for (long i = 0; i < MICROSECONDS; i++)
    if ((seen += latencies[i]) >= share * messages) return i;
  return MICROSECONDS;
}

int main(int argc, char **argv) {
  if (argc != 7) fail("wrong number of arguments");
  int port = atoi(argv[1]), sockets = atoi(argv[2]);
  length = atol(argv[3]), depth = atol(argv[4]);
  double lead = atof(argv[5]), seconds = atof(argv[6]);
  if (length < 24 || length > 65507) fail("a datagram has 24 to 65507 bytes here");
  for (long i = 8; i < length; i++) out[i] = i;

  int epoll = epoll_create1(0);
  struct flow *all = calloc(sockets, sizeof *all);
  for (int i = 0; i < sockets; i++) open_flow(&all[i], port, epoll);

  enum { LEADING, COUNTING, TRAILING } phase = LEADING;
  long long start = now(), due = start + lead * 1e9, looked = start, messages = 0;
  double cpu = 0;
  struct epoll_event events[256];
  for (;;) {
    int n = epoll_wait(epoll, events, 256, 20);
    for (int i = 0; i < n; i++) messages += take(events[i].data.ptr);
    long long at = now();
    if (at - looked > PATIENCE / 2) {
      looked = at;
      for (struct flow *f = all; f < all + sockets; f++) {
        if (at - f->heard < PATIENCE) continue;
        lost += f->flying, f->flying = 0, f->heard = at;
        fill(f, at);
      }
    }
    if (at < due) continue;
    if (phase == TRAILING) return 0;
    if (phase == LEADING) {
      phase = COUNTING, start = at, due = at + seconds * 1e9, messages = 0, lost = 0, cpu = cpu_seconds();
      memset(latencies, 0, sizeof latencies);
      puts("begin");
    } else {
      phase = TRAILING, due = at + 50 * 1000000LL;
      if (messages == 0) fail("nothing came back");
      printf("end {\"messages\":%lld,\"seconds\":%.6f,\"cpu\":%.6f,\"p50\":%ld,\"p99\":%ld,\"lost\":%lld}\n", messages,
             (at - start) / 1e9, cpu_seconds() - cpu, percentile(0.5, messages), percentile(0.99, messages), lost);
    }
    fflush(stdout);
  }
}
