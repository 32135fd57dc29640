/* Sockets that a worker serves: bound here, since it may not make any. */
#include <arpa/inet.h>
#include <errno.h>
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
#include "core/front_pcap.h"

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

/* ---------------------------------------------------------------- packets */

/* The ring is the worker's to map; its size and version are set here, where setsockopt is to be had. */
static struct hn_err ring_of(const struct hn_front_option *o, const char *filter, int *ret_fd, struct hn_diag *reterr)
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
    int fan = (getpid() & 0xffff) | PACKET_FANOUT_HASH << 16;
    if (filter && bind(fd, (struct sockaddr *)&none, sizeof none) != 0)
        return hn_fail_errno(reterr, "packets of %s", o->value);
    if (filter)
        HN_TRY(front_pcap_attach(fd, filter, reterr));
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        (o->o->most > 1 && setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &fan, sizeof fan) != 0))
        return hn_fail_errno(reterr, "packets of %s", o->value);
    *ret_fd = hn_fd_take(&fd);
    return HN_OK;
}

static struct hn_err packets_of(struct front_state *s, const struct hn_front_option *o, int *ret_fd,
                                struct hn_diag *reterr)
{
    const char *capture = hn_front_value(s->f, "capture"), *filter = hn_front_value(s->f, "bpf");
    return capture && strcmp(capture, "libpcap") == 0 ? front_pump_start(s, o->value, filter, ret_fd, reterr)
                                                      : ring_of(o, filter, ret_fd, reterr);
}

struct hn_err front_socket(struct front_state *s, const struct hn_front_option *o, int *ret_fd, struct hn_diag *reterr)
{
    return o->o->type == HN_OPT_PACKETS ? packets_of(s, o, ret_fd, reterr) : listen_on(o, ret_fd, reterr);
}
