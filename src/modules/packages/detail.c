/* For a bill of materials: who maintains a package, under which licences, and what it needs, resolved among what is
 * installed. Only gathered in an inventory; a diagnosis has no use for it.
 *
 * Relations of dpkg (deb-control(5)): "a (>= 1) | b:any, c"; of apk: "so:libc.musl-x86_64.so.1 busybox>1"; of rpm: a
 * list of capabilities. Each is met by a package of that name or by one that provides it. */
#include "base/str.h"
#include "modules/packages/packages.h"

#define LICENCES_MAX 64u
#define DEPENDS_MAX  2000u
#define COPYRIGHT    "/usr/share/doc/"

struct packages_detail *packages_detail_of(struct packages_state *st, struct packages_pkg *k)
{
    if (k && !k->detail)
        k->detail = HN_NEW(hn_parse_arena(st->p), struct packages_detail);
    return k ? k->detail : NULL;
}

/* ---------------------------------------------------------------- licences (debian/copyright, format 1.0) */

static void add_licence(struct packages_state *st, struct packages_detail *d, struct hn_bytes name)
{
    struct hn_str s = hn_str_trim((struct hn_str){(const char *)name.p, name.n});
    if (!s.n || s.n > 200 || d->n_licences == LICENCES_MAX)
        return;
    for (size_t i = 0; i < d->n_licences; i++)
        if (d->licences[i].n == s.n && strncasecmp(d->licences[i].p, s.p, s.n) == 0)
            return;
    if (!d->licences)
        d->licences = hn_arena_alloc(hn_parse_arena(st->p), LICENCES_MAX * sizeof(*d->licences));
    if (d->licences)
        d->licences[d->n_licences++] = packages_keep(st, hn_str_bytes(s));
}

static bool starts(struct hn_bytes line, const char *s)
{
    size_t n = strlen(s);
    return line.n >= n && strncasecmp((const char *)line.p, s, n) == 0;
}

/* Older files are prose; the texts that they point to under /usr/share/common-licenses are what can be told. */
static void add_common(struct packages_state *st, struct packages_detail *d, struct hn_bytes text)
{
    static const char folder[] = "/usr/share/common-licenses/";
    const uint8_t *at;
    while (text.n && (at = memmem(text.p, text.n, folder, sizeof(folder) - 1)) != NULL) {
        at += sizeof(folder) - 1;
        size_t left = text.n - (size_t)(at - text.p), n = 0;
        while (n < left && (at[n] == '-' || at[n] == '.' || (at[n] >= '0' && at[n] <= '9') ||
                            ((at[n] | 0x20) >= 'a' && (at[n] | 0x20) <= 'z')))
            n++;
        text = hn_bytes_of(at + n, left - n);
        while (n && at[n - 1] == '.')
            n--;
        add_licence(st, d, hn_bytes_of(at, n));
    }
}

static struct packages_pkg *documented_by(struct packages_state *st, struct hn_bytes file)
{
    struct hn_str path = {(const char *)file.p, file.n}, name;
    if (!hn_str_starts(path, COPYRIGHT))
        return NULL;
    path = hn_str_cut(path, sizeof(COPYRIGHT) - 1, path.n);
    return hn_str_split(&path, '/', &name) ? hn_map_find(&st->by_name, hn_str_bytes(name)) : NULL;
}

static void read_licences(struct packages_state *st, struct packages_detail *d, struct hn_bytes text)
{
    struct hn_bytes line, rest = text;
    if (!hn_bytes_line(&rest, &line))
        return;
    d->machine_readable = starts(line, "Format:");
    rest = text;
    if (!d->machine_readable)
        add_common(st, d, rest);
    while (d->machine_readable && hn_bytes_line(&rest, &line))
        if (line.n && (line.p[0] | 0x20) == 'l' && starts(line, "License:"))
            add_licence(st, d, hn_bytes_of(line.p + 8, line.n - 8));
}

static void share_licences(struct packages_detail *to, const struct packages_detail *from)
{
    if (!to || to == from)
        return;
    to->licences = from->licences;
    to->n_licences = from->n_licences;
    to->machine_readable = from->machine_readable;
}

/* Packages of one source carry the same file: one of the same size and time as another's is that, within a source. */
void packages_copyright(struct packages_state *st, const struct hn_rec *r)
{
    struct packages_pkg *first = r->err || r->offset ? NULL : documented_by(st, r->path);
    struct packages_detail *d = packages_detail_of(st, first);
    const struct packages_pkg *like = r->link.n ? documented_by(st, r->link) : NULL;
    if (!d)
        return;
    if (!r->link.n) {
        read_licences(st, d, r->data);
    } else if (like && like->detail && hn_str_eq(like->source, first->source) &&
               hn_str_eq(like->source_version, first->source_version)) {
        share_licences(d, like->detail);
    } else {
        hn_parse_want_part(st->p, "copyright", r->path, 0, PACKAGES_COPYRIGHT_MAX);
        return;
    }
    for (struct packages_pkg *k = first->same_name; k; k = k->same_name) /* the same file for every architecture */
        share_licences(packages_detail_of(st, k), d);
}

/* ---------------------------------------------------------------- dependencies */

struct provider {
    const struct packages_pkg *pkg;
    struct provider *next;
};

struct relations {
    struct packages_state *st;
    struct hn_map provided; /* name → provider */
};

/* "b:any (>= 1)", "so:libc.so=1", "/bin/sh": the name. A qualifier follows a colon in dpkg only. */
static struct hn_str name_of(struct hn_str s, bool dpkg)
{
    size_t n = 0;
    s = hn_str_trim(s);
    while (n < s.n && !strchr(dpkg ? " (:\t\n" : " =<>~\t\n", s.p[n]))
        n++;
    return hn_str_cut(s, 0, n);
}

static void provide(struct relations *r, const struct packages_pkg *k, struct hn_str name)
{
    struct provider *p = name.n ? HN_NEW(hn_parse_arena(r->st->p), struct provider) : NULL;
    if (!p)
        return;
    *p = (struct provider){k, hn_map_find(&r->provided, hn_str_bytes(name))};
    packages_set(r->st, &r->provided, hn_str_bytes(name), p);
}

static void provide_all(struct relations *r)
{
    for (const struct packages_pkg *k = r->st->first; k; k = k->next) {
        struct hn_str rest = k->detail ? k->detail->provides : HN_STR(""), one;
        bool dpkg = strcmp(k->manager, "dpkg") == 0;
        if (k->replaced || !k->installed || !rest.n)
            continue;
        while (dpkg ? hn_str_split(&rest, ',', &one) : hn_str_word(&rest, &one))
            provide(r, k, name_of(one, dpkg));
    }
}

/* Of the same architecture, or of all; else any that is installed. */
static const struct packages_pkg *by_name(const struct relations *r, const struct packages_pkg *k, struct hn_str name)
{
    const struct packages_pkg *found = NULL;
    for (const struct packages_pkg *o = hn_map_find(&r->st->by_name, hn_str_bytes(name)); o; o = o->same_name) {
        if (o->replaced || !o->installed)
            continue;
        if (!found || hn_str_eq(o->arch, k->arch))
            found = o;
    }
    return found;
}

struct found {
    struct hn_str v[DEPENDS_MAX], missing[64];
    size_t n, n_missing;
};

static void add_found(struct found *f, const struct packages_pkg *k)
{
    for (size_t i = 0; i < f->n; i++)
        if (hn_str_eq(f->v[i], k->subject))
            return;
    if (f->n < DEPENDS_MAX)
        f->v[f->n++] = k->subject;
}

/* One name: the package, else the first that provides it and is not the asker itself. False: nobody. */
static bool resolve(const struct relations *r, const struct packages_pkg *k, struct hn_str name, struct found *f)
{
    const struct packages_pkg *o = by_name(r, k, name);
    if (!o)
        for (const struct provider *p = hn_map_find(&r->provided, hn_str_bytes(name)); p; p = p->next)
            if (!o || hn_str_cmp(p->pkg->subject, o->subject) < 0) /* whatever the order in the database */
                o = p->pkg;
    if (o && o != k)
        add_found(f, o);
    return o != NULL;
}

static void resolve_dpkg(const struct relations *r, const struct packages_pkg *k, struct hn_str rest, struct found *f)
{
    struct hn_str group, one;
    while (rest.n && hn_str_split(&rest, ',', &group)) {
        struct hn_str first = name_of(group, true);
        bool met = !first.n;
        while (hn_str_split(&group, '|', &one))
            met = resolve(r, k, name_of(one, true), f) || met;
        if (!met && f->n_missing < 64)
            f->missing[f->n_missing++] = first;
    }
}

/* A leading "!" of apk is a conflict; rpmlib(…) and config(…) of rpm are its own. */
static void resolve_words(const struct relations *r, const struct packages_pkg *k, struct hn_str rest, struct found *f)
{
    struct hn_str one;
    while (hn_str_word(&rest, &one)) {
        struct hn_str name = name_of(one, false);
        if (name.n && name.p[0] != '!' && !hn_str_starts(name, "rpmlib(") && !resolve(r, k, name, f) &&
            f->n_missing < 64)
            f->missing[f->n_missing++] = name;
    }
}

static void put(struct hn_parse *p, const char *field, struct hn_str s)
{
    if (s.n)
        hn_obs_str(p, field, s);
}

static void emit(const struct relations *r, const struct packages_pkg *k, struct found *f)
{
    struct hn_parse *p = r->st->p;
    const struct packages_detail *d = k->detail;
    f->n = f->n_missing = 0;
    if (strcmp(k->manager, "dpkg") == 0) {
        resolve_dpkg(r, k, d->pre_depends, f);
        resolve_dpkg(r, k, d->depends, f);
    } else {
        resolve_words(r, k, d->depends, f);
    }
    hn_obs_begin(p, "detail", k->subject);
    hn_obs_str(p, "package", k->subject);
    put(p, "maintainer", d->maintainer);
    put(p, "homepage", d->homepage);
    put(p, "summary", d->summary);
    put(p, "licence", d->licence);
    if (d->n_licences) {
        hn_obs_list(p, "licences", d->licences, d->n_licences);
        hn_obs_bool(p, "machine_readable", d->machine_readable);
    }
    hn_obs_list(p, "depends", f->v, f->n);
    if (f->n_missing)
        hn_obs_list(p, "missing", f->missing, f->n_missing);
    hn_obs_end(p);
}

void packages_emit_details(struct packages_state *st)
{
    struct relations r = {.st = st};
    struct found *f = HN_NEW(hn_parse_arena(st->p), struct found);
    hn_map_init(&r.provided);
    provide_all(&r);
    for (const struct packages_pkg *k = st->first; f && k; k = k->next)
        if (!k->replaced && k->installed && k->detail)
            emit(&r, k, f);
    hn_map_done(&r.provided);
}
