/* Sockets that a worker serves: bound here, since it may not make any. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/library.h"
#include "core/front_in.h"
#include "format/packet/packet.h"
#include "format/packet/ring.h"

#define RECEIVE_BUFFER (64 << 20) /* the kernel's 208 KiB lose datagrams in every burst */
#define BACKLOG        64

/* "127.0.0.1:9995", "[::1]:9995", ":9995" (every address). Numbers only: nothing is looked up. */
static struct hn_err address(const char *text, int kind, struct addrinfo **ret, struct hn_diag *reterr)
{
    char host[128];
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    if (!colon || n >= sizeof host)
        return hn_fail(reterr, HN_E_INVALID, "%s: ADDRESS:PORT expected", text);
    memcpy(host, text, n);
    host[n] = 0;
    char *start = host;
    if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        start++;
    }
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = kind};
    int rc = getaddrinfo(*start ? start : NULL, colon + 1, &hints, ret);
    return rc ? hn_fail(reterr, HN_E_INVALID, "%s: %s", text, gai_strerror(rc)) : HN_OK;
}

static void set_buffer(int fd)
{
    int size = RECEIVE_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static struct hn_err listen_on(const struct hn_front_option *o, int *ret_fd, struct hn_diag *reterr)
{
    bool udp = o->o->type == HN_OPT_UDP;
    struct addrinfo *ai = NULL;
    int yes = 1;
    HN_TRY(address(o->value, udp ? SOCK_DGRAM : SOCK_STREAM, &ai, reterr));
    int protocol = o->o->type == HN_OPT_SCTP ? IPPROTO_SCTP : 0;
    HN_AUTO_FD fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, protocol);
    bool ok = fd >= 0;
    if (ok) {
        if (o->o->most > 1)
            setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
        if (!udp)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        set_buffer(fd);
        ok = bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && (udp || listen(fd, BACKLOG) == 0);
    }
    int err = errno;
    freeaddrinfo(ai);
    errno = err;
    if (!ok)
        return hn_fail_errno(reterr, "cannot listen on %s", o->value);
    *ret_fd = hn_fd_take(&fd);
    return HN_OK;
}

/* ---------------------------------------------------------------- filters
 *
 * What users of tcpdump write is compiled by libpcap and done by the kernel, before a packet reaches the ring. Nothing
 * of libpcap reads packets here. Its structures that are handed over, as <pcap/bpf.h> has them: */

struct program {
    unsigned n;
    struct sock_filter *list;
};

static struct {
    void *(*open_dead)(int link, int snaplen);
    int (*compile)(void *p, struct program *ret, const char *text, int optimize, uint32_t netmask);
    char *(*geterr)(void *p);
    void (*freecode)(struct program *program);
    void (*close)(void *p);
} pcap;

static struct hn_err load_pcap(struct hn_diag *reterr)
{
    const struct hn_library_function list[] = {{"pcap_open_dead", &pcap.open_dead},
                                               {"pcap_compile", &pcap.compile},
                                               {"pcap_geterr", &pcap.geterr},
                                               {"pcap_freecode", &pcap.freecode},
                                               {"pcap_close", &pcap.close}};
    return hn_library_load("libpcap.so.0.8", "libpcap0.8", list, sizeof list / sizeof *list, reterr);
}

#define LINK_ETHERNET 1 /* DLT_EN10MB, DLT_RAW on Linux */
#define LINK_RAW      12
#define SNAPLEN       262144

static struct hn_err attach(int fd, const struct program *program, struct hn_diag *reterr)
{
    struct sock_fprog f = {.len = (unsigned short)program->n, .filter = program->list};
    if (program->n > BPF_MAXINSNS)
        return hn_fail(reterr, HN_E_LIMIT, "the filter is too long for the kernel");
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof f) == 0 ? HN_OK
                                                                           : hn_fail_errno(reterr, "the filter");
}

static struct hn_err set_filter(int fd, const char *text, struct hn_diag *reterr)
{
    struct program program = {0};
    HN_TRY(load_pcap(reterr));
    int link = hn_ring_link(fd) == HN_LINK_RAW ? LINK_RAW : LINK_ETHERNET; /* bound already, and silent yet */
    void *p = pcap.open_dead(link, SNAPLEN);
    if (!p)
        return hn_fail(reterr, HN_E_NOMEM, "the filter");
    struct hn_err e;
    if (pcap.compile(p, &program, text, 1, UINT32_MAX) != 0) {
        e = hn_fail(reterr, HN_E_INVALID, "--bpf %s: %s", text, pcap.geterr(p));
    } else {
        e = attach(fd, &program, reterr);
        pcap.freecode(&program);
    }
    pcap.close(p);
    return e;
}

static const char *filter_of(const struct hn_front *f)
{
    for (size_t i = 0; i < f->n_options; i++)
        if (f->options[i].o->type == HN_OPT_STR && strcmp(f->options[i].o->name, "bpf") == 0)
            return f->options[i].value;
    return NULL;
}

/* ---------------------------------------------------------------- packets */

/* The ring is the worker's to map; its size and version are set here, where setsockopt is to be had. */
static struct hn_err packets_of(const struct hn_front *f, const struct hn_front_option *o, int *ret_fd,
                                struct hn_diag *reterr)
{
    unsigned index = if_nametoindex(o->value);
    if (!index)
        return hn_fail_errno(reterr, "there is no interface %s", o->value);
    HN_AUTO_FD fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return hn_fail_errno(reterr, "packets of %s (root is needed)", o->value);
    int version = TPACKET_V3;
    struct tpacket_req3 ring = {.tp_block_size = HN_RING_BLOCK,
                                .tp_block_nr = HN_RING_BYTES / HN_RING_BLOCK,
                                .tp_frame_size = 2048,
                                .tp_frame_nr = HN_RING_BYTES / 2048,
                                .tp_retire_blk_tov = 100};
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
    struct sockaddr_ll none = {.sll_family = AF_PACKET, .sll_ifindex = (int)index}; /* of no protocol yet */
    const char *filter = filter_of(f);
    int fan = (getpid() & 0xffff) | PACKET_FANOUT_HASH << 16;
    if (filter && bind(fd, (struct sockaddr *)&none, sizeof none) != 0)
        return hn_fail_errno(reterr, "packets of %s", o->value);
    if (filter)
        HN_TRY(set_filter(fd, filter, reterr));
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        (o->o->most > 1 && setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &fan, sizeof fan) != 0))
        return hn_fail_errno(reterr, "packets of %s", o->value);
    *ret_fd = hn_fd_take(&fd);
    return HN_OK;
}

struct hn_err front_socket(const struct hn_front *f, const struct hn_front_option *o, int *ret_fd,
                           struct hn_diag *reterr)
{
    return o->o->type == HN_OPT_PACKETS ? packets_of(f, o, ret_fd, reterr) : listen_on(o, ret_fd, reterr);
}
