#include "cli/watch_net.h"

#include <dirent.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/registry.h"
#include "format/netlink.h"

#define PIDS_MAX   65536u
#define ANSWER_MAX (16u << 20)
#define SERVER_MAX 32768u /* UDP ports from here on are what clients get (ip_local_port_range) */

struct pid {
    int pid;
    bool user; /* a process with a program, not a thread of the kernel */
};

struct watch_net {
    int route, firewall;
    uint64_t by_route, by_firewall, by_sockets, by_processes; /* modules */
    uint64_t listeners;                                       /* of the last look */
    struct pid *pids;
    size_t n_pids;
    bool looked, counted;
};

/* ---------------------------------------------------------------- told */

static int open_group(int protocol, const int *groups, size_t n)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    struct sockaddr_nl a = {.nl_family = AF_NETLINK};
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    for (size_t i = 0; i < n && ok; i++)
        ok = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]) == 0;
    if (!ok)
        hn_fd_cleanup(&fd);
    return fd;
}

struct watch_net *watch_net_new(void)
{
    static const int route[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                                RTNLGRP_IPV6_ROUTE};
    static const int firewall[] = {NFNLGRP_NFTABLES};
    struct watch_net *w = hn_alloc_zero(sizeof *w);
    if (!w)
        return NULL;
    w->route = open_group(NETLINK_ROUTE, route, sizeof route / sizeof route[0]);
    w->firewall = open_group(NETLINK_NETFILTER, firewall, sizeof firewall / sizeof firewall[0]);
    return w;
}

void watch_net_free(struct watch_net *w)
{
    if (!w)
        return;
    hn_fd_cleanup(&w->route);
    hn_fd_cleanup(&w->firewall);
    hn_free(w->pids);
    hn_free(w);
}

void watch_net_learn(struct watch_net *w, const struct hn_run *r)
{
    w->by_route = w->by_firewall = w->by_sockets = w->by_processes = 0;
    for (size_t k = 0; k < r->n_cover; k++) {
        struct hn_str rest = {(const char *)r->cover[k].inputs.p, r->cover[k].inputs.n}, entry;
        uint64_t bit = hn_module_bit(r->cover[k].module), protocol;
        while (hn_str_split(&rest, 0, &entry)) {
            if (entry.n && entry.p[0] == 'P')
                w->by_processes |= bit;
            if (!entry.n || entry.p[0] != 'N' || !hn_str_u64(hn_str_cut(entry, 1, entry.n), 10, &protocol))
                continue;
            w->by_route |= protocol == NETLINK_ROUTE ? bit : 0;
            w->by_firewall |= protocol == NETLINK_NETFILTER ? bit : 0;
            w->by_sockets |= protocol == NETLINK_SOCK_DIAG ? bit : 0;
        }
    }
}

void watch_net_fds(const struct watch_net *w, int ret[2])
{
    ret[0] = w->route;
    ret[1] = w->firewall;
}

static bool drain(int fd)
{
    uint8_t buf[16384];
    bool any = false;
    while (fd >= 0 && recv(fd, buf, sizeof buf, 0) > 0)
        any = true;
    return any;
}

uint64_t watch_net_take(struct watch_net *w)
{
    uint64_t modules = drain(w->route) ? w->by_route : 0;
    return modules | (drain(w->firewall) ? w->by_firewall : 0);
}

/* ---------------------------------------------------------------- looked at */

/* struct inet_diag_msg: family, state, timer, retransmits │ ports, addresses, interface, cookie (48) │ expires, queues,
 * uid, inode. Timers and queues change all the time and are left out. */
static uint64_t listener(struct hn_cur *body, int protocol)
{
    struct {
        uint8_t family, protocol;
        uint8_t id[48];
    } key = {.protocol = (uint8_t)protocol};
    key.family = hn_cur_u8(body);
    hn_cur_skip(body, 3);
    struct hn_bytes id = hn_cur_take(body, sizeof key.id);
    if (hn_cur_bad(body) || !id.n)
        return 0;
    memcpy(key.id, id.p, sizeof key.id);
    unsigned port = (unsigned)id.p[0] << 8 | id.p[1];
    bool peer = id.p[2] || id.p[3];
    if (protocol == IPPROTO_UDP && (peer || port >= SERVER_MAX))
        return 0;
    return hn_hash64(hn_bytes_of(&key, sizeof key));
}

/* The sum of what listens, so that the order of the answer does not matter. */
static uint64_t listeners(int family, int protocol)
{
    struct {
        struct nlmsghdr h;
        struct inet_diag_req_v2 q;
    } ask = {.h = {.nlmsg_len = sizeof ask,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = 1},
             .q = {.sdiag_family = (uint8_t)family,
                   .sdiag_protocol = (uint8_t)protocol,
                   .idiag_states = protocol == IPPROTO_TCP ? 1u << 10 /* TCP_LISTEN */ : ~0u}};
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_cur c;
    struct hn_nl_msg m;
    uint64_t sum = 0;
    hn_buf_init(&b, ANSWER_MAX);
    if (hn_collect_netlink_read(NETLINK_SOCK_DIAG, hn_bytes_of(&ask, sizeof ask), &b))
        return 0;
    hn_cur_init(&c, hn_bytes_of(b.p, b.n), b.n);
    while (hn_nl_next(&c, &m))
        sum += listener(&m.body, protocol);
    return sum;
}

static int by_pid(const void *a, const void *b)
{
    const struct pid *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool is_user(int pid)
{
    char path[32], target[8];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return getpgid(pid) != getpgrp() && readlink(path, target, sizeof target) > 0;
}

/* Everybody who is there, with what was known of him before. */
static size_t look_at_processes(const struct watch_net *w, struct pid *out)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    size_t n = 0;
    while (d && (e = readdir(d)) && n < PIDS_MAX) {
        uint64_t v;
        if (!hn_str_u64(hn_str_c(e->d_name), 10, &v) || v > INT32_MAX)
            continue;
        struct pid key = {.pid = (int)v};
        const struct pid *old = w->n_pids ? bsearch(&key, w->pids, w->n_pids, sizeof key, by_pid) : NULL;
        key.user = old ? old->user : is_user(key.pid);
        out[n++] = key;
    }
    if (d)
        closedir(d);
    if (n)
        qsort(out, n, sizeof *out, by_pid);
    return n;
}

static bool processes_changed(struct watch_net *w)
{
    struct pid *now = hn_alloc(PIDS_MAX * sizeof *now);
    size_t n = now ? look_at_processes(w, now) : 0, i = 0, k = 0;
    bool changed = false;
    while (now && (i < w->n_pids || k < n)) {
        bool gone = k == n || (i < w->n_pids && w->pids[i].pid < now[k].pid);
        bool came = i == w->n_pids || (k < n && now[k].pid < w->pids[i].pid);
        changed = changed || (gone && w->pids[i].user) || (came && now[k].user);
        i += !came;
        k += !gone;
    }
    hn_free(w->pids);
    w->pids = now;
    w->n_pids = n;
    bool first = !w->counted;
    w->counted = true;
    return changed && !first;
}

uint64_t watch_net_look(struct watch_net *w, bool processes)
{
    uint64_t modules = 0, sum = 0;
    if (w->by_sockets) {
        sum = listeners(AF_INET, IPPROTO_TCP) + listeners(AF_INET6, IPPROTO_TCP) + listeners(AF_INET, IPPROTO_UDP) +
              listeners(AF_INET6, IPPROTO_UDP);
        modules = w->looked && sum != w->listeners ? w->by_sockets | w->by_processes : 0;
    }
    w->listeners = sum;
    w->looked = true;
    if (processes && w->by_processes && processes_changed(w))
        modules |= w->by_processes | w->by_sockets;
    return modules;
}
