/* What the collector reads before it enters its sandbox, because the sandbox rightly refuses the way there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "core/collect_in.h"
#include "core/module.h"

#define TABLES_MAX  8u
#define ENTRIES_MAX (32u << 20) /* some 200 000 rules */
#define TRIES       5u          /* the rules may be replaced between the question for the size and that for them */

struct setting {
    const char *path;
    char data[64];
    ssize_t n;
};

struct table {
    char path[64]; /* "xtables:ip/filter" */
    uint8_t *p;    /* struct ipt_getinfo or ip6t_getinfo (they are the same), then the entries */
    size_t n;
    int err;
};

struct hn_early {
    struct setting settings[3];
    struct table tables[TABLES_MAX];
    size_t n_tables;
};

static const char *const names[] = {"/proc/sys/net/core/bpf_jit_harden", "/proc/sys/net/core/bpf_jit_kallsyms",
                                    "/proc/sys/net/core/bpf_jit_limit"};

static ssize_t read_early(const char *path, char *data, size_t n)
{
    HN_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? read(fd, data, n) : -1;
}

/* ---------------------------------------------------------------- iptables, without nf_tables */

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one layout for both");
_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "one layout for both");

static int one_try(int fd, int level, const char *name, struct table *t)
{
    struct ipt_getinfo info = {.size = 0};
    socklen_t n = sizeof info;
    snprintf(info.name, sizeof info.name, "%s", name);
    if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &n))
        return errno;
    if (info.size > ENTRIES_MAX)
        return EMSGSIZE;
    size_t head = sizeof(struct ipt_get_entries);
    n = (socklen_t)(head + info.size);
    struct ipt_get_entries *got = hn_alloc_zero(n);
    t->p = hn_alloc(sizeof info + info.size);
    int err = got && t->p ? 0 : ENOMEM;
    if (!err) {
        memcpy(got->name, info.name, sizeof got->name);
        got->size = info.size;
        err = getsockopt(fd, level, IPT_SO_GET_ENTRIES, got, &n) ? errno : 0;
    }
    if (!err) {
        memcpy(t->p, &info, sizeof info);
        memcpy(t->p + sizeof info, (const uint8_t *)got + head, info.size);
        t->n = sizeof info + info.size;
    } else {
        hn_free(t->p);
        t->p = NULL;
    }
    hn_free(got);
    return err;
}

/* Only tables that the kernel lists: asking for another one would make it. The socket is closed again: behind the
 * sandbox it could still send. */
static void read_tables(struct hn_early *e, const char *list, const char *family, int domain, int level)
{
    char text[256] = "", *rest = text;
    ssize_t n = read_early(list, text, sizeof text - 1);
    if (n <= 0)
        return;
    HN_AUTO_FD fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (const char *name; (name = strsep(&rest, "\n")) && e->n_tables < TABLES_MAX;) {
        if (!*name || strlen(name) >= sizeof(((struct ipt_getinfo *)0)->name) || strcmp(name, "nat") == 0)
            continue; /* nat leads elsewhere, it lets through nothing */
        struct table *t = &e->tables[e->n_tables++];
        snprintf(t->path, sizeof t->path, "xtables:%s/%s", family, name);
        t->err = fd < 0 ? errno : EAGAIN;
        for (unsigned i = 0; fd >= 0 && t->err == EAGAIN && i < TRIES; i++)
            t->err = one_try(fd, level, name, t);
    }
}

const struct hn_early *hn_collect_early(void)
{
    static struct hn_early early;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct setting *s = &early.settings[i];
        s->path = names[i];
        s->n = read_early(s->path, s->data, sizeof s->data);
    }
    read_tables(&early, "/proc/net/ip_tables_names", "ip", AF_INET, IPPROTO_IP);
    read_tables(&early, "/proc/net/ip6_tables_names", "ip6", AF_INET6, IPPROTO_IPV6);
    return &early;
}

/* ---------------------------------------------------------------- handing it on */

ssize_t collect_early_setting(struct hn_collect *c, const char *path, size_t want)
{
    int err = errno;
    const struct setting *s = c->o->early ? c->o->early->settings : NULL;
    for (size_t i = 0; s && i < sizeof names / sizeof names[0]; i++)
        if (err == EPERM && s[i].n >= 0 && (size_t)s[i].n <= want && strcmp(s[i].path, path) == 0) {
            memcpy(c->chunk, s[i].data, (size_t)s[i].n);
            return s[i].n;
        }
    errno = err;
    return -1;
}

int hn_collect_xtables(struct hn_collect *c, const char *tag)
{
    const struct hn_early *e = c->o->early;
    int err = 0;
    for (size_t i = 0; e && i < e->n_tables; i++) {
        const struct table *t = &e->tables[i];
        if (t->err)
            err = t->err;
        else
            hn_collect_bytes(c, tag, t->path, hn_bytes_of(t->p, t->n));
    }
    return err;
}
