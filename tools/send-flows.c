/* Sends NetFlow v5 at a given rate, to see what a collector loses: send-flows PORT PACKETS-PER-SECOND SECONDS.
 * 30 records a datagram to 127.0.0.1, sequence numbers as an exporter counts them, records at random.
 * Prints what was sent. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORDS 30u
#define SIZE    (24u + 48u * RECORDS)
#define BATCH   50u

static unsigned long long random_state = 88172645463325252ull;

static unsigned next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 16);
}

static void put(unsigned char *p, unsigned v, unsigned n)
{
    while (n) {
        p[--n] = (unsigned char)v;
        v >>= 8;
    }
}

static void fill(unsigned char *b, unsigned sequence, unsigned engine)
{
    put(b, 5, 2);
    put(b + 2, RECORDS, 2);
    put(b + 4, 3600000, 4);
    put(b + 8, (unsigned)time(NULL), 4);
    put(b + 12, 0, 4);
    put(b + 16, sequence, 4);
    put(b + 20, engine, 2);
    put(b + 22, 0, 2);
    for (unsigned i = 0; i < RECORDS; i++) {
        unsigned char *r = b + 24 + 48 * i;
        unsigned first = 3590000 + next_random() % 9000;
        memset(r, 0, 48);
        put(r, 0x0a000000u | next_random() % 65536, 4);
        put(r + 4, 0xcb007100u + next_random() % 250, 4);
        put(r + 16, 1 + next_random() % 20, 4);
        put(r + 20, 40 + next_random() % 20000, 4);
        put(r + 24, first, 4);
        put(r + 28, first + next_random() % 1000, 4);
        put(r + 32, 1024 + next_random() % 60000, 2);
        put(r + 34, i % 3 ? 443 : 53, 2);
        r[37] = 0x1b;
        r[38] = i % 3 ? 6 : 17;
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Datagrams that are made once; only their sequence numbers change. */
static unsigned char packets[1024][SIZE];

static unsigned long send_all(int fd, double rate, double seconds)
{
    struct mmsghdr m[BATCH];
    struct iovec v[BATCH];
    unsigned long sent = 0;
    double start = now();
    for (unsigned i = 0; i < 1024; i++)
        fill(packets[i], 0, 1);
    while (now() - start < seconds) {
        if ((double)sent >= (now() - start) * rate) {
            usleep(200);
            continue;
        }
        for (unsigned i = 0; i < BATCH; i++) {
            unsigned char *p = packets[(sent + i) % 1024];
            put(p + 16, (unsigned)((sent + i) * RECORDS), 4);
            v[i] = (struct iovec){p, SIZE};
            m[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &v[i], .msg_iovlen = 1}};
        }
        int n = sendmmsg(fd, m, BATCH, 0);
        sent += n > 0 ? (unsigned long)n : 0;
    }
    return sent;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "send-flows PORT PACKETS-PER-SECOND SECONDS\n");
        return 2;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)strtoul(argv[1], NULL, 10))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("send-flows");
        return 3;
    }
    double start = now();
    unsigned long n = send_all(fd, strtod(argv[2], NULL), strtod(argv[3], NULL));
    printf("{\"packets\":%lu,\"flows\":%lu,\"seconds\":%.2f}\n", n, n * RECORDS, now() - start);
    close(fd);
    return 0;
}
