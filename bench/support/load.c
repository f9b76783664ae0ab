// Load generator: keeps `depth` requests in flight on each of many connections and times the answers.
//
// usage: load PORT CONNECTIONS REQUEST ANSWER DEPTH PERIOD LEAD SECONDS [HEAD]
//
// REQUEST and ANSWER are lengths in bytes. Both streams repeat the bytes 0 .. PERIOD-1, of which the first ones are
// HEAD instead, in hexadecimal, if it is given. The answers of the first LEAD seconds are checked for that. Then it prints "begin", counts for SECONDS, prints "end" with the result as
// JSON, and keeps the load up for a moment, so that whoever measures the server has the time to look.
//
// Compiled with -DTLS, it does all that over TLS.
//
// load.js is its twin for machines without a compiler.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
#endif

enum { BLOCK = 256 * 1024, MICROSECONDS = 1000 * 1000 };

struct connection {
  int fd;
  int blocked;               // waits for the socket to become writable
  unsigned long long owed;   // bytes of requests that are still to be written
  unsigned long long out;    // bytes written
  unsigned long long in;     // bytes read
  unsigned long long done;   // answers read
  long long *begun;          // when each request in flight was made, a ring
#ifdef TLS
  SSL *ssl;
  int full;                  // the last take had no room for more
#endif
};

static long request, answer, depth, period;
static unsigned char *pattern;
static unsigned char block[BLOCK];
static unsigned latencies[MICROSECONDS]; // how many answers took that many microseconds
static int epoll;

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

// `take` and `give` are read and write; `left` tells whether there may be more to take although the socket has nothing.
#ifdef TLS
static SSL_CTX *context;

static ssize_t failure(struct connection *c, int result) {
  int error = SSL_get_error(c->ssl, result);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
  return -1;
}

// As many records as there are.
static ssize_t take(struct connection *c, unsigned char *to, size_t room) {
  size_t taken = 0;
  int n = 0;
  do {
    n = SSL_read(c->ssl, to + taken, room - taken);
    if (n > 0) taken += n;
  } while (n > 0 && taken < room && SSL_has_pending(c->ssl));
  c->full = taken == room;
  return taken > 0 ? (ssize_t)taken : failure(c, n);
}

static ssize_t give(struct connection *c, const unsigned char *from, size_t length) {
  int n = SSL_write(c->ssl, from, length);
  return n > 0 ? n : failure(c, n);
}

static int left(struct connection *c) { return c->full; }

static void start_tls(struct connection *c) {
  if (context == NULL) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A read of the socket per record would be two, without this.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 64 * 1024);
  }
  c->ssl = SSL_new(context);
  SSL_set_fd(c->ssl, c->fd);
  if (SSL_connect(c->ssl) != 1) fail("cannot shake hands");
}
#else
static ssize_t take(struct connection *c, void *to, size_t room) { return read(c->fd, to, room); }
static ssize_t give(struct connection *c, const void *from, size_t length) { return write(c->fd, from, length); }
static int left(struct connection *c) { return (void)c, 0; }
static void start_tls(struct connection *c) { (void)c; }
#endif

static void watch(struct connection *c, int operation, int blocked) {
  struct epoll_event event = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(epoll, operation, c->fd, &event);
  c->blocked = blocked;
}

static void write_owed(struct connection *c) {
  while (c->owed > 0) {
    size_t length = c->owed < BLOCK ? c->owed : BLOCK;
    ssize_t n = give(c, pattern + c->out % period, length);
    if (n == 0 || (n < 0 && errno != EAGAIN)) fail("the server does not take what is written");
    if (n < 0) {
      if (!c->blocked) watch(c, EPOLL_CTL_MOD, 1);
      return;
    }
    c->out += n;
    c->owed -= n;
  }
  if (c->blocked) watch(c, EPOLL_CTL_MOD, 0);
}

// Reads once, and makes a new request for every answer that is complete. Returns how many were.
static long read_answers(struct connection *c, int checking) {
  ssize_t n = take(c, block, BLOCK);
  if (n < 0 && errno == EAGAIN) return 0;
  if (n <= 0) fail("the server has closed a connection");
  if (checking && memcmp(block, pattern + c->in % period, n) != 0) fail("an answer has the wrong bytes");
  c->in += n;
  long complete = c->in / answer - c->done;
  if (complete == 0) return 0;
  if (complete > depth) fail("more answers than requests");
  long long at = now();
  for (long i = 0; i < complete; i++) {
    long long *begun = &c->begun[c->done++ % depth];
    long long took = (at - *begun) / 1000;
    latencies[took < MICROSECONDS ? took : MICROSECONDS - 1]++;
    *begun = at;
  }
  c->owed += complete * request;
  write_owed(c);
  return complete;
}

static void open_connection(struct connection *c, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) fail("cannot connect");
  int yes = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  start_tls(c);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->begun = malloc(depth * sizeof *c->begun);
  watch(c, EPOLL_CTL_ADD, 0);
}

static long percentile(double share, long long messages) {
  long long seen = 0;
  for (long i = 0; i < MICROSECONDS; i++)
    if ((seen += latencies[i]) >= share * messages) return i;
  return MICROSECONDS;
}

int main(int argc, char **argv) {
  if (argc != 9 && argc != 10) fail("wrong number of arguments");
  int port = atoi(argv[1]), connections = atoi(argv[2]);
  request = atol(argv[3]), answer = atol(argv[4]), depth = atol(argv[5]), period = atol(argv[6]);
  double lead = atof(argv[7]), seconds = atof(argv[8]);

  pattern = malloc(BLOCK + period);
  for (long i = 0; i < period; i++) pattern[i] = i;
  if (argc == 10)
    for (long i = 0; i < period && sscanf(argv[9] + 2 * i, "%2hhx", &pattern[i]) == 1; i++) continue;
  for (long i = period; i < BLOCK + period; i++) pattern[i] = pattern[i - period];

  epoll = epoll_create1(0);
  struct connection *all = calloc(connections, sizeof *all);
  for (int i = 0; i < connections; i++) open_connection(&all[i], port);
  for (int i = 0; i < connections; i++) {
    for (long k = 0; k < depth; k++) all[i].begun[k] = now();
    all[i].owed = depth * request;
    write_owed(&all[i]);
  }

  enum { LEADING, COUNTING, TRAILING } phase = LEADING;
  long long start = now(), due = start + lead * 1e9, messages = 0;
  double cpu = 0;
  struct epoll_event events[256];
  for (;;) {
    int n = epoll_wait(epoll, events, 256, 100);
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) write_owed(c);
      if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      messages += read_answers(c, phase == LEADING);
      while (left(c)) messages += read_answers(c, phase == LEADING);
    }
    long long at = now();
    if (at < due) continue;
    if (phase == TRAILING) return 0;
    if (phase == LEADING) {
      phase = COUNTING, start = at, due = at + seconds * 1e9, messages = 0, cpu = cpu_seconds();
      memset(latencies, 0, sizeof latencies);
      puts("begin");
    } else {
      phase = TRAILING, due = at + 50 * 1000000LL;
      printf("end {\"messages\":%lld,\"seconds\":%.6f,\"cpu\":%.6f,\"p50\":%ld,\"p99\":%ld}\n", messages,
             (at - start) / 1e9, cpu_seconds() - cpu, percentile(0.5, messages), percentile(0.99, messages));
    }
    fflush(stdout);
  }
}
