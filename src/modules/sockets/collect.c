/* Sockets from sock_diag(7), or from /proc/net where that is refused; who holds them from one pass over the descriptors
 * of all processes; the firewall's rules from nf_tables. Modules of the kernel are not loaded for it: raw, packet and
 * SCTP sockets are read from /proc/net, which is there only when they are in use. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "modules/sockets/sockets.h"

#define PROC_MAX   (32u << 20)
#define NAMESPACES 64u

static struct {
    unsigned denied;
    struct hn_buf inodes;
    uint64_t ns[NAMESPACES]; /* network namespaces seen; [0] is our own */
    size_t n_ns;
} x; /* the collector has one thread */

/* ---------------------------------------------------------------- descriptors */

static void send_stat(struct hn_collect *c, int dir, int pid)
{
    char path[64], text[4096];
    HN_AUTO_FD fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (n <= 0)
        return;
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    hn_collect_bytes(c, "stat", path, hn_bytes_of(text, (size_t)n));
}

static void other_namespace(struct hn_collect *c, int pid, uint64_t ns)
{
    static const char *const files[] = {"tcp", "tcp6", "udp", "udp6"};
    char path[64], tag[64];
    for (size_t i = 0; i < x.n_ns; i++) {
        if (x.ns[i] == ns)
            return;
    }
    if (x.n_ns == NAMESPACES)
        return;
    x.ns[x.n_ns++] = ns;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, files[i]);
        snprintf(tag, sizeof(tag), "ns-%llu", (unsigned long long)ns);
        hn_collect_file(c, tag, path, PROC_MAX);
    }
}

static void each_pid(struct hn_collect *c, int pid)
{
    char path[64], target[64];
    struct dirent *e;
    struct stat st;
    snprintf(path, sizeof(path), "/proc/%d", pid);
    HN_AUTO_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fds = dir < 0 ? -1 : openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fds < 0 ? NULL : fdopendir(fds);
    if (!list) {
        x.denied += errno == EACCES || errno == EPERM;
        if (fds >= 0)
            close(fds);
        return;
    }
    hn_buf_clear(&x.inodes);
    while ((e = readdir(list)) != NULL) {
        ssize_t n = e->d_name[0] == '.' ? 0 : readlinkat(dirfd(list), e->d_name, target, sizeof(target));
        if (n > 9 && (size_t)n < sizeof(target) && memcmp(target, "socket:[", 8) == 0) {
            hn_buf_add(&x.inodes, target + 8, (size_t)n - 9);
            hn_buf_chr(&x.inodes, '\n');
        }
    }
    closedir(list);
    if (x.inodes.n) {
        send_stat(c, dir, pid);
        snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        hn_collect_bytes(c, "fds", path, hn_bytes_of(x.inodes.p, x.inodes.n));
        if (fstatat(dir, "ns/net", &st, 0) == 0)
            other_namespace(c, pid, st.st_ino);
    }
}

/* ---------------------------------------------------------------- sockets */

/* A netlink message: header, then the family's own request. */
static struct hn_bytes request(struct hn_buf *b, uint16_t type, const void *body, size_t n)
{
    struct nlmsghdr h = {.nlmsg_len = (uint32_t)(sizeof(h) + n),
                         .nlmsg_type = type,
                         .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                         .nlmsg_seq = 1};
    hn_buf_clear(b);
    hn_buf_add(b, &h, sizeof(h));
    hn_buf_add(b, body, n);
    return hn_bytes_of(b->p, b->n);
}

static void inet_sockets(struct hn_collect *c, struct hn_buf *b, const char *name, uint8_t proto)
{
    char path[64];
    for (int v6 = 0; v6 < 2; v6++) {
        struct inet_diag_req_v2 q = {
            .sdiag_family = v6 ? AF_INET6 : AF_INET, .sdiag_protocol = proto, .idiag_states = ~0u};
        snprintf(path, sizeof(path), "netlink:sock_diag/%s%s", name, v6 ? "6" : "");
        int err =
            hn_collect_netlink(c, "diag", path, NETLINK_SOCK_DIAG, request(b, SOCK_DIAG_BY_FAMILY, &q, sizeof(q)));
        if (err) {
            snprintf(path, sizeof(path), "/proc/net/%s%s", name, v6 ? "6" : "");
            hn_collect_file(c, "proc", path, PROC_MAX);
        }
    }
}

/* Our own namespace's /proc/net files lie under /proc/self, which is a link that a confined open may follow. */
static void proc_sockets(struct hn_collect *c)
{
    static const char *const files[] = {"raw", "raw6", "packet", "udplite", "udplite6", "sctp/eps", "icmp", "icmp6"};
    char path[64];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "/proc/net/%s", files[i]);
        hn_collect_file(c, "proc", path, PROC_MAX);
    }
}

static void addresses(struct hn_collect *c, struct hn_buf *b)
{
    struct ifaddrmsg q = {.ifa_family = AF_UNSPEC};
    int err = hn_collect_netlink(c, "address", "netlink:route/address", NETLINK_ROUTE,
                                 request(b, RTM_GETADDR, &q, sizeof(q)));
    if (err)
        hn_collect_not_seen(c, "addresses of this host", strerror(err));
}

/* ---------------------------------------------------------------- the firewall */

static void add_attr(struct hn_buf *b, uint16_t type, struct hn_bytes v)
{
    struct nlattr a = {.nla_len = (uint16_t)(sizeof(a) + v.n), .nla_type = type};
    hn_buf_add(b, &a, sizeof(a));
    hn_buf_add(b, v.p, v.n);
    hn_buf_add(b, "\0\0\0", (4 - v.n % 4) % 4);
}

static int nft_dump(struct hn_collect *c, struct hn_buf *b, const char *tag, uint16_t what)
{
    struct nfgenmsg q = {.nfgen_family = 0, .version = NFNETLINK_V0};
    return hn_collect_netlink(c, tag, "netlink:nf_tables", NETLINK_NETFILTER,
                              request(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | what), &q, sizeof(q)));
}

/* Elements have to be asked for set by set, so this dump of our own kernel is looked into for names. */
static void set_elements(struct hn_collect *c, struct hn_bytes sets)
{
    struct hn_cur cur;
    struct hn_nl_msg m;
    struct hn_buf b, body;
    hn_buf_init(&b, 4096);
    hn_buf_init(&body, 4096);
    hn_cur_init(&cur, sets, sets.n / 16 + 1);
    while (hn_nl_next(&cur, &m)) {
        struct nfgenmsg q = {.nfgen_family = hn_cur_u8(&m.body), .version = NFNETLINK_V0};
        hn_cur_skip(&m.body, 3);
        struct hn_cur attrs = hn_nl_nested(hn_cur_take(&m.body, hn_cur_left(&m.body)));
        struct hn_bytes table = hn_nl_find(&attrs, NFTA_SET_TABLE), name = hn_nl_find(&attrs, NFTA_SET_NAME);
        if (!table.n || !name.n || table.n > 512 || name.n > 512)
            continue;
        hn_buf_clear(&body);
        hn_buf_add(&body, &q, sizeof(q));
        add_attr(&body, NFTA_SET_ELEM_LIST_TABLE, table);
        add_attr(&body, NFTA_SET_ELEM_LIST_SET, name);
        hn_collect_netlink(c, "nft-elements", "netlink:nf_tables", NETLINK_NETFILTER,
                           request(&b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, body.p, body.n));
    }
    hn_buf_done(&b);
    hn_buf_done(&body);
}

static void firewall(struct hn_collect *c, struct hn_buf *b)
{
    struct nfgenmsg q = {.nfgen_family = 0, .version = NFNETLINK_V0};
    struct hn_buf sets;
    hn_buf_init(&sets, 8u << 20);
    int err = nft_dump(c, b, "nft-tables", NFT_MSG_GETTABLE);
    err = err ? err : nft_dump(c, b, "nft-chains", NFT_MSG_GETCHAIN);
    err = err ? err
              : hn_collect_netlink_read(NETLINK_NETFILTER,
                                        request(b, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSET, &q, sizeof(q)), &sets);
    if (!err) {
        hn_collect_bytes(c, "nft-sets", "netlink:nf_tables", hn_bytes_of(sets.p, sets.n));
        set_elements(c, hn_bytes_of(sets.p, sets.n));
        err = nft_dump(c, b, "nft-rules", NFT_MSG_GETRULE);
    }
    hn_buf_done(&sets);
    if (!err)
        hn_collect_bytes(c, "nft-end", "netlink:nf_tables", (struct hn_bytes){0});
    if (err && err != ENOENT && err != EPROTONOSUPPORT && err != EINVAL)
        hn_collect_not_seen(c, "firewall rules (nf_tables)", strerror(err));
    hn_collect_file(c, "legacy", "/proc/net/ip_tables_names", 4096);
    hn_collect_file(c, "legacy", "/proc/net/ip6_tables_names", 4096);
    err = hn_collect_xtables(c, "xt-table");
    if (err)
        hn_collect_not_seen(c, "firewall rules (iptables)", strerror(err));
    else
        hn_collect_bytes(c, "xt-end", "xtables:", (struct hn_bytes){0});
}

void sockets_collect(struct hn_collect *c)
{
    struct stat st;
    struct hn_buf b;
    hn_collect_file(c, "config", "/etc/nftables.conf", 1u << 20);
    hn_collect_file(c, "config", "/etc/iptables/rules.v4", 1u << 20);
    hn_collect_file(c, "config", "/etc/iptables/rules.v6", 1u << 20);
    hn_collect_file(c, "config", "/etc/ufw/ufw.conf", 65536);
    hn_collect_file(c, "config", "/etc/firewalld/firewalld.conf", 65536);
    if (!hn_collect_live(c)) {
        hn_collect_not_seen(c, "open sockets and active firewall rules", "a mounted root has no live facts");
        return;
    }
    hn_buf_init(&b, 4096);
    memset(&x, 0, sizeof(x));
    hn_buf_init(&x.inodes, HN_REC_CHUNK);
    if (stat("/proc/self/ns/net", &st) == 0)
        x.ns[x.n_ns++] = st.st_ino;
    hn_collect_file(c, "ports", "/proc/sys/net/ipv4/ip_local_port_range", 256);
    hn_collect_each_pid(c, each_pid);
    inet_sockets(c, &b, "tcp", SOCKETS_TCP);
    inet_sockets(c, &b, "udp", SOCKETS_UDP);
    proc_sockets(c);
    addresses(c, &b);
    firewall(c, &b);
    if (x.denied) {
        char text[96];
        snprintf(text, sizeof(text), "open sockets of %u processes", x.denied);
        hn_collect_bytes(c, "denied", text, (struct hn_bytes){0});
        hn_collect_not_seen(c, text, "permission denied");
    }
    hn_buf_done(&x.inodes);
    hn_buf_done(&b);
}
