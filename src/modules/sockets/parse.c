/* Dispatch of records, and what needs no file of its own: who holds a socket, addresses of the host, firewall settings.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/str.h"
#include "modules/sockets/parse.h"

/* "812 (nginx) S … start": the process that the next "fds" record is of. */
static void parse_stat(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_str text = {(const char *)r->data.p, r->data.n}, w = {0};
    const char *close = text.n ? memrchr(text.p, ')', text.n) : NULL;
    ptrdiff_t open = hn_str_chr(text, '(');
    uint64_t pid, start;
    st->process = (struct hn_str){0};
    if (!close || open < 1 || !hn_str_u64(hn_str_trim(hn_str_cut(text, 0, (size_t)open)), 10, &pid)) {
        hn_parse_malformed(st->p, r->path, 0, "stat of a process cannot be read");
        return;
    }
    struct hn_str rest = hn_str_cut(text, (size_t)(close - text.p) + 1, text.n);
    for (unsigned field = 3; field <= 22; field++) {
        if (!hn_str_word(&rest, &w))
            return;
    }
    if (hn_str_u64(w, 10, &start))
        st->process =
            hn_arena_fmt(hn_parse_arena(st->p), "%llu:%llu", (unsigned long long)pid, (unsigned long long)start);
}

static void parse_fds(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    struct hn_arena *a = hn_parse_arena(st->p);
    uint64_t inode;
    while (st->process.n && hn_bytes_line(&rest, &line)) {
        if (!hn_str_u64((struct hn_str){(const char *)line.p, line.n}, 10, &inode)) {
            hn_parse_malformed(st->p, r->path, r->offset + (uint64_t)(line.p - r->data.p), "no inode number");
            return;
        }
        struct owner *before = hn_map_find(&st->owners, hn_bytes_of(&inode, sizeof(inode)));
        if (before && hn_str_eq(before->process, st->process))
            continue; /* several descriptors of the same socket */
        struct owner *o = HN_NEW(a, struct owner);
        struct hn_bytes key = hn_arena_bytes(a, hn_bytes_of(&inode, sizeof(inode)));
        if (!o || a->failed)
            return;
        *o = (struct owner){.next = before, .process = st->process};
        if (!hn_ok(hn_map_set(&st->owners, key, o)))
            return;
    }
}

static void parse_addresses(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_cur c;
    struct hn_nl_msg m;
    st->saw_addresses = true;
    hn_cur_init(&c, r->data, r->data.n / 16 + 1);
    while (hn_nl_next(&c, &m)) {
        if (m.type != RTM_NEWADDR || hn_cur_left(&m.body) < sizeof(struct ifaddrmsg))
            continue;
        hn_cur_skip(&m.body, sizeof(struct ifaddrmsg));
        struct hn_bytes b = hn_nl_find(&m.body, IFA_LOCAL);
        if (!b.n)
            b = hn_nl_find(&m.body, IFA_ADDRESS);
        if ((b.n == 4 || b.n == 16) && st->n_addresses < SOCKETS_ADDRESSES)
            st->addresses[st->n_addresses++] = b.n == 4 ? hn_ip4(b.p) : hn_ip6(b.p);
    }
    if (hn_cur_bad(&c))
        hn_parse_malformed(st->p, r->path, c.bad_at, c.bad);
}

static void parse_ports(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_str text = {(const char *)r->data.p, r->data.n}, low, high;
    uint64_t a, b;
    text = hn_str_trim(text);
    if (hn_str_word(&text, &low) && hn_str_word(&text, &high) && hn_str_u64(low, 10, &a) && hn_str_u64(high, 10, &b) &&
        a <= b && b <= UINT16_MAX) {
        st->port_low = (unsigned)a;
        st->port_high = (unsigned)b;
    }
}

/* ENABLED=yes of ufw; of other files, that there is a line that is no comment. */
static void parse_config(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    bool enabled = false, ufw = memmem(r->path.p, r->path.n, "ufw", 3) != NULL;
    bool firewalld = memmem(r->path.p, r->path.n, "firewalld", 9) != NULL;
    int64_t rules = 0;
    while (hn_bytes_line(&rest, &line)) {
        struct hn_str t = hn_str_trim((struct hn_str){(const char *)line.p, line.n});
        if (!t.n || t.p[0] == '#')
            continue;
        enabled = enabled || hn_str_eqc(t, "ENABLED=yes");
        rules++;
    }
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(st->p), r->path, 1024);
    hn_obs_begin(st->p, "firewall_config", path);
    hn_obs_str(st->p, "path", path);
    hn_obs_int(st->p, "lines", rules);
    if (ufw)
        hn_obs_bool(st->p, "enabled", enabled);
    hn_obs_str(st->p, "tool",
               ufw                                           ? HN_STR("ufw")
               : firewalld                                   ? HN_STR("firewalld")
               : memmem(r->path.p, r->path.n, "iptables", 8) ? HN_STR("iptables")
                                                             : HN_STR("nftables"));
    hn_obs_end(st->p);
}

static void parse_legacy(struct sockets_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, line;
    while (hn_bytes_line(&rest, &line))
        st->xt.listed = st->xt.listed || (line.n && !hn_bytes_eqc(line, "nat"));
}

void sockets_parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct sockets_state *st = hn_parse_state(p);
    st->p = p;
    if (!st->begun) {
        st->begun = true;
        st->last = &st->first;
        st->nft.last_chain = &st->nft.chains;
        hn_buf_init(&st->xt.partial, 64u << 20);
        st->port_low = 32768;
        st->port_high = 60999;
    }
    if (r->err) {
        st->xt.listed = st->xt.listed || (hn_str_eqc(r->tag, "legacy") && r->err != ENOENT);
        return;
    }
    if (hn_str_eqc(r->tag, "stat"))
        parse_stat(st, r);
    else if (hn_str_eqc(r->tag, "fds"))
        parse_fds(st, r);
    else if (hn_str_eqc(r->tag, "diag"))
        sockets_diag(st, r);
    else if (hn_str_eqc(r->tag, "proc") || hn_str_starts(r->tag, "ns-"))
        sockets_proc_line(st, r);
    else if (hn_str_eqc(r->tag, "address"))
        parse_addresses(st, r);
    else if (hn_str_eqc(r->tag, "ports"))
        parse_ports(st, r);
    else if (hn_str_eqc(r->tag, "config"))
        parse_config(st, r);
    else if (hn_str_eqc(r->tag, "legacy"))
        parse_legacy(st, r);
    else if (hn_str_eqc(r->tag, "denied"))
        st->denied_fds = true;
    else if (hn_str_starts(r->tag, "nft-"))
        sockets_nft(st, r);
    else if (hn_str_starts(r->tag, "xt-"))
        sockets_xt(st, r);
}

void sockets_finish(struct hn_parse *p)
{
    struct sockets_state *st = hn_parse_state(p);
    st->p = p;
    if (st->begun) {
        sockets_emit(st);
        hn_buf_done(&st->xt.partial);
    }
    hn_map_done(&st->owners);
    hn_map_done(&st->nft.chain_names);
    hn_map_done(&st->nft.set_names);
}
