/* An update of one source: its folder, its rules, its role; then what its kind asks for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "core/fetch_in.h"

#define ARENA ((size_t)1 << 30)
#define TOTAL 6u * 3600u /* seconds for one file */

static struct hn_err open_folder(struct update *u, struct hn_diag *reterr)
{
    u->dir = open(u->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (u->dir < 0)
        return hn_fail_errno(reterr, "%s", u->folder);
    if ((mkdirat(u->dir, "data", 0700) != 0 && errno != EEXIST) ||
        (mkdirat(u->dir, "index", 0700) != 0 && errno != EEXIST) ||
        (mkdirat(u->dir, "keys", 0700) != 0 && errno != EEXIST))
        return hn_fail_errno(reterr, "%s", u->folder);
    return HN_OK;
}

/* Those of the addresses and those named besides, separated by blanks. */
static struct hn_err hosts_of(struct update *u, struct hn_buf *out, struct hn_diag *reterr)
{
    for (size_t i = 0; i < u->src->n_urls; i++) {
        struct hn_url url;
        if (!hn_url_parse(u->src->urls[i], &url))
            return hn_fail(reterr, HN_E_INVALID, "not an address that is fetched from: %.*s", HN_FMT(u->src->urls[i]));
        hn_buf_fmt(out, "%.*s ", HN_FMT(url.host));
    }
    for (size_t i = 0; i < u->src->n_hosts; i++)
        hn_buf_fmt(out, "%.*s ", HN_FMT(u->src->hosts[i]));
    hn_buf_chr(out, 0);
    return hn_buf_err(out);
}

static struct hn_err run(struct update *u, struct hn_diag *reterr)
{
    HN_AUTO(hn_buf_done) struct hn_buf hosts = {0};
    hn_buf_init(&hosts, 64u << 10);
    HN_TRY(open_folder(u, reterr));
    HN_TRY(hosts_of(u, &hosts, reterr));
    struct hn_fetch_rules rules = {.hosts = hosts.p,
                                   .plain = u->src->plain,
                                   .ca = u->src->ca.n ? hn_arena_cstr(&u->a, u->src->ca) : NULL,
                                   .most = u->src->most,
                                   .stall = (unsigned)u->src->stall,
                                   .total = TOTAL};
    HN_TRY(hn_fetch_new(&rules, &u->f, reterr));
    u->keys = u->src->keyed;
    return update_of_kind(u, reterr);
}

struct hn_err hn_source_update(struct hn_sources *s, struct hn_source *src, const char *home,
                               const struct hn_update_watch *watch, struct hn_update_done *ret, struct hn_diag *reterr)
{
    struct update u = {.s = s, .src = src, .watch = watch, .done = ret, .dir = -1};
    char folder[4096];
    *ret = (struct hn_update_done){.first_failed = HN_STR("")};
    if (snprintf(folder, sizeof folder, "%s/fetch/%.*s", home, HN_FMT(src->name)) >= (int)sizeof folder)
        return hn_fail(reterr, HN_E_INVALID, "%s", home);
    HN_TRY(hn_mkdirs(folder, 0700, reterr));
    hn_arena_init(&u.a, ARENA);
    hn_arena_init(&u.one, ARENA);
    u.folder = folder;
    struct hn_diag d = {{0}};
    struct hn_err e = run(&u, &d);
    hn_fetch_free(u.f);
    if (u.dir >= 0)
        close(u.dir);
    hn_arena_done(&u.a);
    hn_arena_done(&u.one);
    src->checked = hn_now();
    src->changed = ret->fetched ? src->checked : src->changed;
    src->error = hn_ok(e) ? ret->first_failed : hn_arena_str(&s->arena, hn_str_c(d.msg));
    struct hn_err saved = hn_sources_save(s, reterr);
    if (hn_ok(e))
        return saved;
    return hn_fail(reterr, e.code, "%s", d.msg);
}
