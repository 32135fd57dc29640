/* Deep runs: has a file changed since its package was installed? dpkg keeps MD5 sums (info/NAME.md5sums, and those of
 * configuration files in the status file). MD5 does not stop a forger who prepared both files; it does show every
 * change made afterwards. Only a hash of the path is kept: 24 bytes a file instead of a path of sixty. */
#include "base/cur.h"
#include "base/hash.h"
#include "base/str.h"
#include "modules/packages/packages.h"

#define SUMS_MAX (1u << 22)

static struct packages_sum *slot(struct packages_sum *table, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (table[i].hash && table[i].hash != hash)
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static bool grow(struct packages_state *st)
{
    size_t cap = st->cap_sums ? st->cap_sums * 2 : 4096;
    struct packages_sum *table = cap > SUMS_MAX ? NULL : hn_arena_alloc(hn_parse_arena(st->p), cap * sizeof(*table));
    if (!table)
        return false;
    for (size_t i = 0; i < st->cap_sums; i++) {
        if (st->sums[i].hash)
            *slot(table, cap, st->sums[i].hash) = st->sums[i];
    }
    st->sums = table;
    st->cap_sums = cap;
    return true;
}

static uint64_t path_hash(struct packages_state *st, struct hn_bytes path)
{
    uint64_t h = hn_hash64(hn_path_canonical(hn_parse_scratch(st->p), path));
    return h ? h : 1;
}

void packages_sum_add(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes path,
                      struct hn_bytes hex, bool conffile)
{
    struct packages_sum s = {.hash = path_hash(st, path), .pkg = pkg, .conffile = conffile};
    if (!hn_unhex((struct hn_str){(const char *)hex.p, hex.n}, s.md5, sizeof(s.md5)))
        return; /* "newconffile" and the like: nothing to compare with */
    if (st->n_sums * 4 >= st->cap_sums * 3 && !grow(st)) {
        hn_parse_not_seen(st->p, HN_STR("part of the checksums"), "too many files");
        return;
    }
    struct packages_sum *to = slot(st->sums, st->cap_sums, s.hash);
    st->n_sums += to->hash == 0;
    *to = s;
}

/* "d41d8cd98f00b204e9800998ecf8427e  usr/bin/foo" */
static bool one_sum(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes line, uint64_t offset)
{
    if (!line.n)
        return true;
    if (line.n < 35 || line.p[32] != ' ') {
        packages_malformed(st, offset, "checksum list with a line that is none");
        return false;
    }
    struct hn_arena *a = hn_parse_scratch(st->p);
    struct hn_bytes path = {line.p + 34, line.n - 34};
    struct hn_bytes full = hn_path_canonical(a, hn_str_bytes(hn_arena_fmt(a, "/%.*s", HN_FMT(path))));
    if (!st->diversions.n || !hn_map_has(&st->diversions, full)) /* what lies at a diverted name is another package's */
        packages_sum_add(st, pkg, full, hn_bytes_of(line.p, 32), false);
    return true;
}

void packages_md5sums(struct packages_state *st, const struct hn_rec *r)
{
    const struct packages_pkg *pkg = r->err ? NULL : packages_of_file(st, r->path, ".md5sums");
    if (pkg && pkg->installed)
        packages_lines(st, r, one_sum, pkg);
}

static void older(hn_time *oldest, hn_time at)
{
    if (!*oldest || at < *oldest)
        *oldest = at;
}

static void changed_file(struct packages_state *st, struct hn_bytes path, const struct packages_sum *s, hn_time at)
{
    struct hn_str text = hn_str_from_hostile(hn_parse_scratch(st->p), path, PACKAGES_TEXT * 4);
    hn_obs_begin(st->p, "changed_file", text);
    hn_obs_str(st->p, "path", text);
    hn_obs_str(st->p, "package", s->pkg->subject);
    hn_obs_bool(st->p, "conffile", s->conffile);
    hn_obs_time(st->p, "checked", at);
    hn_obs_end(st->p);
}

/* The collector's digest of one file: 16 bytes, and from a live collector when it was read and whether in this run. */
void packages_digest(struct packages_state *st, const struct hn_rec *r)
{
    struct hn_cur c;
    hn_cur_init(&c, r->data, 16);
    struct hn_bytes md5 = hn_cur_take(&c, 16);
    bool dated = hn_cur_left(&c) > 0;
    hn_time at = dated ? (hn_time)(hn_cur_le64(&c) & INT64_MAX) : hn_parse_now(st->p);
    bool read = !dated || hn_cur_u8(&c);
    if (r->err || hn_cur_bad(&c) || !st->cap_sums)
        return;
    struct hn_bytes path = hn_path_canonical(hn_parse_scratch(st->p), r->path);
    struct packages_sum *s = slot(st->sums, st->cap_sums, path_hash(st, path));
    if (!s->hash)
        return;
    st->digests++;
    st->read += read;
    older(&st->oldest_check, at);
    bool differs = memcmp(s->md5, md5.p, sizeof(s->md5)) != 0;
    struct packages_checks *k = s->pkg->checks;
    older(&k->oldest, at);
    k->files++;
    k->changed += differs;
    if (differs)
        changed_file(st, path, s, at);
}

/* How old the word on each package's files is. */
void packages_emit_checks(struct packages_state *st)
{
    for (const struct packages_pkg *k = st->first; k; k = k->next) {
        if (k->replaced || !k->checks->files)
            continue;
        hn_obs_begin(st->p, "checksum", k->subject);
        hn_obs_str(st->p, "package", k->subject);
        hn_obs_int(st->p, "files", k->checks->files);
        hn_obs_int(st->p, "changed", k->checks->changed);
        hn_obs_time(st->p, "oldest", k->checks->oldest);
        hn_obs_end(st->p);
    }
}
