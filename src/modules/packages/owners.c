/* Which package installed which file: dpkg's info/NAME.list (and diversions), apk's and rpm's file lists. A database
 * names well over 100 000 paths; only those are kept that another module asked about or that lie in a system folder. */
#include "base/hash.h"
#include "base/str.h"
#include "modules/packages/packages.h"

#define EXAMPLES 40

static const char *const list_folder = "/var/lib/dpkg/info/";

const struct packages_pkg *packages_of_file(struct packages_state *st, struct hn_bytes path, const char *suffix)
{
    struct hn_str name = {(const char *)path.p, path.n};
    size_t from = strlen(list_folder);
    if (!hn_str_starts(name, list_folder) || !hn_str_ends(name, suffix) || name.n < from + strlen(suffix))
        return NULL;
    name = hn_str_cut(name, from, name.n - strlen(suffix));
    if (hn_str_chr(name, ':') >= 0)
        return hn_map_find(&st->by_subject, hn_str_bytes(name));
    const struct packages_pkg *found = NULL;
    for (const struct packages_pkg *k = hn_map_find(&st->by_name, hn_str_bytes(name)); k; k = k->same_name) {
        if (!k->replaced && (!found || k->installed))
            found = k;
    }
    return found;
}

void packages_entry_seen(struct packages_state *st, const struct hn_rec *r)
{
    uint32_t type = r->st.mode & 0170000;
    struct hn_arena *a = hn_parse_arena(st->p);
    if (r->err || !r->has_stat || (type != 0100000 && type != 0120000))
        return;
    struct packages_entry *e = HN_NEW(a, struct packages_entry);
    if (!e)
        return;
    e->path = hn_arena_bytes(a, hn_path_canonical(hn_parse_scratch(st->p), r->path));
    e->link = hn_arena_bytes(a, r->link);
    e->raw = hn_arena_bytes(a, r->path);
    e->size = r->st.size;
    e->executable = type == 0100000 && (r->st.mode & 0111);
    if (a->failed || hn_map_has(&st->entries, e->path) || !packages_set(st, &st->entries, e->path, e))
        return;
    *st->last_entry = e;
    st->last_entry = &e->next;
}

/* Three lines each: from, to, package that diverts (":" = the administrator). */
void packages_diversions(struct packages_state *st, const struct hn_rec *r)
{
    struct hn_bytes rest = r->data, from, to, by;
    struct hn_arena *a = hn_parse_arena(st->p);
    if (r->err || r->offset)
        return;
    while (hn_bytes_line(&rest, &from)) {
        if (!hn_bytes_line(&rest, &to) || !hn_bytes_line(&rest, &by)) {
            packages_malformed(st, r->data.n, "diversions end inside an entry");
            return;
        }
        struct packages_diversion *d = HN_NEW(a, struct packages_diversion);
        if (!d)
            return;
        d->to = hn_arena_bytes(a, hn_path_canonical(hn_parse_scratch(st->p), to));
        d->by = hn_arena_bytes(a, by);
        struct hn_bytes key = hn_arena_bytes(a, hn_path_canonical(hn_parse_scratch(st->p), from));
        if (a->failed || !packages_set(st, &st->diversions, key, d))
            return;
    }
}

/* Programs, and libraries by their name: what of a package is run. */
static bool deployable(const struct packages_entry *e)
{
    struct hn_str path = {(const char *)e->path.p, e->path.n};
    return !e->link.n && (e->executable || hn_str_ends(path, ".so") || hn_str_find(path, HN_STR(".so.")) >= 0);
}

void packages_file_digest(struct packages_state *st, const struct hn_rec *r)
{
    struct packages_entry *e = hn_map_find(&st->entries, hn_path_canonical(hn_parse_scratch(st->p), r->path));
    char hex[129];
    if (r->err || r->data.n != 64 || !e || !e->pkg)
        return;
    hn_hex(r->data, hex);
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(st->p), e->path, PACKAGES_TEXT * 4);
    hn_obs_begin(st->p, "file", path);
    hn_obs_str(st->p, "path", path);
    hn_obs_str(st->p, "package", e->pkg->subject);
    hn_obs_int(st->p, "size", (int64_t)(e->size & INT64_MAX));
    hn_obs_bool(st->p, "executable", e->executable);
    hn_obs_str(st->p, "sha512", hn_str_c(hex));
    hn_obs_end(st->p);
}

void packages_owns(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes path)
{
    uint64_t hash = hn_map_hash(path); /* of well over 100 000 paths, few are in any of the maps */
    struct packages_entry *e = hn_map_find_hashed(&st->entries, path, hash);
    if (e && !e->pkg && hn_parse_hashes(st->p) && deployable(e)) {
        e->pkg = pkg;
        hn_parse_want_sha512(st->p, "sha512", e->raw);
    }
    if (e)
        e->owned = true;
    if (!hn_parse_path_wanted(st->p, path, hash) || hn_map_has(&st->owned, path))
        return;
    struct hn_bytes key = hn_arena_bytes(hn_parse_arena(st->p), path);
    struct hn_str text = hn_str_from_hostile(hn_parse_scratch(st->p), path, PACKAGES_TEXT * 4);
    if (!packages_set(st, &st->owned, key, (void *)(uintptr_t)pkg))
        return;
    hn_obs_begin(st->p, "owner", text);
    hn_obs_str(st->p, "path", text);
    hn_obs_str(st->p, "package", pkg->subject);
    hn_obs_end(st->p);
}

/* Where the file that pkg calls `path` really lies. */
static struct hn_bytes diverted(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes path)
{
    const struct packages_diversion *d = st->diversions.n ? hn_map_find(&st->diversions, path) : NULL;
    if (!d || (d->by.n == pkg->name.n && memcmp(d->by.p, pkg->name.p, d->by.n) == 0))
        return path;
    return d->to;
}

static bool listed(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes line, uint64_t offset)
{
    if (line.n < 2)
        return true; /* "/." comes first */
    if (line.p[0] != '/') {
        packages_malformed(st, offset, "file list with a path that is not absolute");
        return false;
    }
    struct hn_bytes path = hn_path_canonical(hn_parse_scratch(st->p), line);
    packages_owns(st, pkg, diverted(st, pkg, path));
    return true;
}

void packages_file_list(struct packages_state *st, const struct hn_rec *r)
{
    const struct packages_pkg *pkg = r->err ? NULL : packages_of_file(st, r->path, ".list");
    if (!pkg)
        return;
    packages_lines(st, r, listed, pkg);
    if (r->truncated)
        hn_parse_not_seen(st->p, packages_keep(st, r->path), "file list is too long");
}

/* ---------------------------------------------------------------- files that nobody installed */

static struct hn_bytes folder_of(struct hn_bytes path)
{
    size_t n = path.n;
    while (n > 1 && path.p[n - 1] != '/')
        n--;
    return hn_bytes_of(path.p, n > 1 ? n - 1 : n);
}

/* Links that package scripts make: alternatives, and names that point at a file which has an owner. */
static bool link_is_fine(struct packages_state *st, const struct packages_entry *e)
{
    struct hn_str link = {(const char *)e->link.p, e->link.n};
    struct hn_bytes folder = folder_of(e->path), target = e->link;
    if (!e->link.n)
        return false;
    if (hn_str_starts(link, "/etc/alternatives/"))
        return true;
    if (link.p[0] != '/') {
        struct hn_str full = hn_arena_fmt(hn_parse_scratch(st->p), "%.*s/%.*s", HN_FMT(folder), HN_FMT(e->link));
        target = hn_str_bytes(full);
    }
    const struct packages_entry *to = hn_map_find(&st->entries, hn_path_canonical(hn_parse_scratch(st->p), target));
    return to && to->owned;
}

/* Written beside the real file by dpkg, the Python compiler or an editor of diversions. */
static bool name_is_fine(struct hn_bytes path)
{
    static const char *const ends[] = {".pyc",      ".dpkg-new", ".dpkg-old",     ".dpkg-dist",
                                       ".dpkg-tmp", ".distrib",  ".usr-is-merged"};
    struct hn_str s = {(const char *)path.p, path.n};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (hn_str_ends(s, ends[i]))
            return true;
    }
    return false;
}

struct group {
    struct hn_bytes folder;
    int64_t count;
    size_t n;
    struct hn_str examples[EXAMPLES];
    struct group *next;
};

static struct group *group_of(struct packages_state *st, struct group **groups, struct hn_bytes folder)
{
    for (struct group *g = *groups; g; g = g->next) {
        if (g->folder.n == folder.n && memcmp(g->folder.p, folder.p, folder.n) == 0)
            return g;
    }
    struct group *g = HN_NEW(hn_parse_arena(st->p), struct group);
    if (!g)
        return NULL;
    g->folder = folder;
    while (*groups)
        groups = &(*groups)->next;
    return *groups = g;
}

void packages_emit_foreign(struct packages_state *st)
{
    struct group *groups = NULL;
    for (const struct packages_entry *e = st->first_entry; e; e = e->next) {
        if (e->owned || name_is_fine(e->path) || link_is_fine(st, e))
            continue;
        struct group *g = group_of(st, &groups, folder_of(e->path));
        if (!g)
            return;
        g->count++;
        if (g->n < EXAMPLES)
            g->examples[g->n++] = packages_keep(st, e->path);
    }
    for (const struct group *g = groups; g; g = g->next) {
        struct hn_str folder = packages_keep(st, g->folder);
        hn_obs_begin(st->p, "foreign_file", folder);
        hn_obs_str(st->p, "directory", folder);
        hn_obs_int(st->p, "count", g->count);
        hn_obs_list(st->p, "examples", g->examples, g->n);
        hn_obs_end(st->p);
    }
}
