/* apt's lists on disk: Release files (who offers it, how old) and Packages files (which versions are offered). Only
 * what concerns installed packages is kept: the main list of a Debian release is 47 MB of text. */
#include "base/str.h"
#include "format/version/version.h"
#include "modules/packages/packages.h"

static struct hn_str text_of(struct hn_bytes b)
{
    return (struct hn_str){(const char *)b.p, b.n};
}

static struct hn_bytes base_name(struct hn_bytes path)
{
    return hn_str_bytes(hn_str_base(text_of(path)));
}

static bool ends(struct hn_bytes b, const char *suffix)
{
    size_t n = strlen(suffix);
    return b.n >= n && memcmp(b.p + b.n - n, suffix, n) == 0;
}

static struct packages_repo *repo_new(struct packages_state *st, struct hn_bytes prefix)
{
    for (struct packages_repo *r = st->repos; r; r = r->next) {
        if (r->prefix.n == prefix.n && memcmp(r->prefix.p, prefix.p, prefix.n) == 0)
            return r;
    }
    struct packages_repo *r = HN_NEW(hn_parse_arena(st->p), struct packages_repo);
    if (!r || st->n_repos++ >= PACKAGES_MAX_REPOS)
        return NULL;
    r->prefix = packages_keep(st, prefix);
    struct packages_repo **last = &st->repos;
    while (*last)
        last = &(*last)->next;
    return *last = r;
}

static void release_field(struct packages_state *st, struct packages_repo *r, struct hn_bytes name,
                          struct hn_bytes value, uint64_t offset)
{
    if (hn_deb822_is(name, "Origin"))
        r->origin = packages_keep(st, value);
    else if (hn_deb822_is(name, "Label"))
        r->label = packages_keep(st, value);
    else if (hn_deb822_is(name, "Suite"))
        r->suite = packages_keep(st, value);
    else if (hn_deb822_is(name, "Codename"))
        r->codename = packages_keep(st, value);
    else if (hn_deb822_is(name, "NotAutomatic"))
        r->not_automatic = hn_bytes_eqc(value, "yes");
    else if (hn_deb822_is(name, "Date") && !hn_time_parse_rfc2822(text_of(value), &r->date))
        packages_malformed(st, offset, "Date of a Release file cannot be read");
    else if (hn_deb822_is(name, "Valid-Until") && !hn_time_parse_rfc2822(text_of(value), &r->valid_until))
        packages_malformed(st, offset, "Valid-Until of a Release file cannot be read");
}

/* Debian: Label "Debian-Security"; Ubuntu: suite "jammy-security", "jammy-infra-security" and the like. */
static bool is_security(const struct packages_repo *r)
{
    return hn_str_find(r->label, HN_STR("Security")) >= 0 || hn_str_ends(r->suite, "-security") ||
           hn_str_ends(r->codename, "-security") || hn_str_find(r->codename, HN_STR("/updates")) >= 0;
}

/* The fields stand before the list of checksums; a clear-signed file has its armour lines before them. */
void packages_release(struct packages_state *st, const struct hn_rec *r)
{
    struct hn_bytes name = base_name(r->path), rest = r->data, field, value, line;
    if (r->err || r->offset)
        return;
    size_t cut = ends(name, "_InRelease") ? strlen("_InRelease") : ends(name, "_Release") ? strlen("_Release") : 0;
    if (!cut)
        return;
    struct packages_repo *repo = repo_new(st, hn_bytes_of(name.p, name.n - cut));
    if (!repo)
        return;
    if (hn_str_starts(text_of(rest), "-----BEGIN PGP SIGNED MESSAGE-----")) {
        while (hn_bytes_line(&rest, &line) && line.n)
            ;
    }
    const char *bad = NULL;
    while (hn_deb822_field(&rest, &field, &value, &bad)) {
        if (hn_deb822_is(field, "MD5Sum") || hn_deb822_is(field, "SHA1") || hn_deb822_is(field, "SHA256") ||
            hn_deb822_is(field, "SHA512"))
            break;
        release_field(st, repo, field, value, r->offset);
    }
    if (bad || !repo->date)
        packages_malformed(st, 0, bad ? bad : "Release file without Date");
    repo->security = is_security(repo);
}

static void offer_take(struct packages_state *st, struct packages_offer *to, struct hn_bytes version,
                       struct hn_bytes source)
{
    struct hn_bytes name, source_version;
    hn_deb822_source(source, &name, &source_version);
    to->version = packages_keep(st, version);
    to->source_version = source_version.n ? packages_keep(st, source_version) : to->version;
    to->repo = st->repo;
}

static void offered(struct packages_state *st, struct packages_pkg *k, struct hn_bytes version, struct hn_bytes source)
{
    int newer = hn_version_deb_cmp(version, hn_str_bytes(k->version));
    const struct packages_repo *repo = st->repo;
    if (newer == 0) {
        for (unsigned i = 0; i < k->n_suites; i++) {
            if (k->suites[i] == repo)
                return;
        }
        if (k->n_suites < PACKAGES_SUITES)
            k->suites[k->n_suites++] = repo;
        return;
    }
    if (newer < 0 || repo->not_automatic)
        return;
    if (!k->candidate.repo || hn_version_deb_cmp(version, hn_str_bytes(k->candidate.version)) > 0)
        offer_take(st, &k->candidate, version, source);
    if (repo->security && (!k->fixed.repo || hn_version_deb_cmp(version, hn_str_bytes(k->fixed.version)) < 0))
        offer_take(st, &k->fixed, version, source);
    if (repo->date && (!k->published || repo->date < k->published))
        k->published = repo->date;
}

static void each_paragraph(void *arg, struct hn_bytes text, uint64_t offset)
{
    struct packages_state *st = arg;
    struct hn_bytes version = {0}, arch = {0}, source = {0}, name = {0}, field, value, rest = text;
    const char *bad = NULL;
    st->repo->offered++;
    /* nearly every paragraph begins with its name and is of no interest: look no further */
    if (text.n > 9 && memcmp(text.p, "Package: ", 9) == 0) {
        const uint8_t *nl = memchr(text.p, '\n', text.n);
        if (nl && !hn_map_find(&st->by_name, hn_bytes_of(text.p + 9, (size_t)(nl - text.p) - 9)))
            return;
    }
    while (hn_deb822_field(&rest, &field, &value, &bad)) {
        if (hn_deb822_is(field, "Package"))
            name = value;
        else if (hn_deb822_is(field, "Version"))
            version = value;
        else if (hn_deb822_is(field, "Architecture"))
            arch = value;
        else if (hn_deb822_is(field, "Source"))
            source = value;
    }
    if (bad || !name.n || !version.n) {
        packages_malformed(st, offset, bad ? bad : "offered package without name or version");
        st->lists_incomplete = true;
        return;
    }
    for (struct packages_pkg *k = hn_map_find(&st->by_name, name); k; k = k->same_name) {
        k->known = true;
        bool same_arch = hn_str_eq(text_of(arch), k->arch) || hn_bytes_eqc(arch, "all") || hn_str_eqc(k->arch, "all");
        if (k->installed && !k->replaced && same_arch)
            offered(st, k, version, source);
    }
}

static void unpacked(void *arg, struct hn_bytes b)
{
    struct packages_state *st = arg;
    hn_deb822_feed(&st->text, b);
}

/* The repository whose Release file has the longest name that this list's name begins with. */
static struct packages_repo *repo_of(struct packages_state *st, struct hn_bytes name)
{
    struct packages_repo *best = NULL;
    for (struct packages_repo *r = st->repos; r; r = r->next) {
        bool fits = name.n > r->prefix.n && memcmp(name.p, r->prefix.p, r->prefix.n) == 0 && name.p[r->prefix.n] == '_';
        if (fits && (!best || r->prefix.n > best->prefix.n))
            best = r;
    }
    return best ? best : repo_new(st, name);
}

static bool list_begin(struct packages_state *st, const struct hn_rec *r)
{
    struct hn_bytes name = base_name(r->path);
    enum hn_pack pack;
    hn_unpack_free(st->unpack);
    st->unpack = NULL;
    if (ends(name, "_Packages")) {
        pack = HN_PACK_PLAIN;
    } else if (ends(name, "_Packages.gz")) {
        pack = HN_PACK_GZIP;
    } else if (ends(name, "_Packages.lz4")) {
        pack = HN_PACK_LZ4;
    } else {
        hn_parse_not_seen(st->p, packages_keep(st, r->path), "compressed in a way that is not supported");
        st->lists_incomplete = true;
        return false;
    }
    st->repo = repo_of(st, name);
    if (!st->repo)
        return false;
    st->repo->lists++;
    st->saw_lists = true;
    hn_deb822_restart(&st->text, st);
    st->text.each = each_paragraph;
    st->unpack = hn_unpack_new(pack, PACKAGES_MAX_LIST, unpacked, st);
    return st->unpack != NULL;
}

void packages_list(struct packages_state *st, const struct hn_rec *r)
{
    if (r->err) {
        st->lists_incomplete = st->lists_incomplete || r->err != 2; /* ENOENT */
        return;
    }
    if (r->offset == 0 && !list_begin(st, r))
        return;
    if (!st->unpack)
        return;
    const char *bad = hn_unpack_feed(st->unpack, r->data);
    if (!bad && r->more)
        return;
    if (!bad)
        bad = hn_unpack_end(st->unpack);
    if (!bad && r->truncated)
        bad = "list is too long";
    if (bad) {
        packages_malformed(st, hn_unpack_read(st->unpack), bad);
        st->lists_incomplete = true;
    } else {
        hn_deb822_end(&st->text);
    }
    hn_unpack_free(st->unpack);
    st->unpack = NULL;
}

void packages_refreshed(struct packages_state *st, const struct hn_rec *r)
{
    if (r->has_stat && r->st.mtime > st->refreshed)
        st->refreshed = r->st.mtime;
}
