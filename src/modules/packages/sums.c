/* Deep runs: has a file changed since its package was installed? dpkg keeps MD5 sums (info/NAME.md5sums, and those of
 * configuration files in the status file). MD5 does not stop a forger who prepared both files; it does show every
 * change made afterwards. Only a hash of the path is kept: 24 bytes a file instead of a path of sixty. */
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

/* The collector's digest of one file, 16 bytes. */
void packages_digest(struct packages_state *st, const struct hn_rec *r)
{
    if (r->err || r->data.n != 16 || !st->cap_sums)
        return;
    struct hn_bytes path = hn_path_canonical(hn_parse_scratch(st->p), r->path);
    const struct packages_sum *s = slot(st->sums, st->cap_sums, path_hash(st, path));
    if (!s->hash)
        return;
    st->digests++;
    if (memcmp(s->md5, r->data.p, sizeof(s->md5)) == 0)
        return;
    struct hn_str text = hn_str_from_hostile(hn_parse_scratch(st->p), path, PACKAGES_TEXT * 4);
    hn_obs_begin(st->p, "changed_file", text);
    hn_obs_str(st->p, "path", text);
    hn_obs_str(st->p, "package", s->pkg->subject);
    hn_obs_bool(st->p, "conffile", s->conffile);
    hn_obs_end(st->p);
}
