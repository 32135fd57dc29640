/* /var/lib/dpkg/status (deb822 paragraphs, dpkg 1.21 lib/dpkg/parse.c for which fields a state needs) and the table of
 * installed packages that all parts of the module share. */
#include "base/str.h"
#include "format/version/version.h"
#include "modules/packages/packages.h"

struct hn_str packages_keep(struct packages_state *st, struct hn_bytes b)
{
    if (!b.n)
        return (struct hn_str){"", 0};
    struct hn_str s = hn_str_from_hostile(hn_parse_scratch(st->p), b, PACKAGES_TEXT);
    return hn_arena_str(hn_parse_arena(st->p), s);
}

bool packages_set(struct packages_state *st, struct hn_map *m, struct hn_bytes key, void *value)
{
    if (hn_ok(hn_map_set(m, key, value)))
        return true;
    if (!st->out_of_memory)
        hn_parse_not_seen(st->p, HN_STR("part of the packages"), "out of memory");
    st->out_of_memory = true;
    return false;
}

void packages_malformed(void *arg, uint64_t offset, const char *why)
{
    struct packages_state *st = arg;
    hn_parse_malformed(st->p, st->path, offset, why);
}

static void line_keep(struct packages_state *st, struct hn_bytes b, uint64_t offset)
{
    if (!st->line)
        st->line = hn_arena_alloc(hn_parse_arena(st->p), PACKAGES_MAX_LINE);
    if (!st->line || b.n > PACKAGES_MAX_LINE - st->n_line) {
        packages_malformed(st, offset, "line too long");
        return;
    }
    if (b.n)
        memcpy(st->line + st->n_line, b.p, b.n);
    st->n_line += b.n;
}

void packages_lines(struct packages_state *st, const struct hn_rec *r,
                    bool (*each)(struct packages_state *st, const struct packages_pkg *pkg, struct hn_bytes line,
                                 uint64_t offset),
                    const struct packages_pkg *pkg)
{
    struct hn_bytes rest = r->data, line;
    if (r->offset == 0)
        st->n_line = 0;
    if (st->n_line && rest.n) {
        const uint8_t *nl = memchr(rest.p, '\n', rest.n);
        size_t n = nl ? (size_t)(nl - rest.p) + 1 : rest.n;
        line_keep(st, hn_bytes_of(rest.p, n), r->offset);
        rest = hn_bytes_of(rest.p + n, rest.n - n);
        struct hn_bytes whole = {st->line, st->n_line};
        if (!nl || !hn_bytes_line(&whole, &line) || !each(st, pkg, line, r->offset))
            return;
        st->n_line = 0;
    }
    if (r->more) { /* what follows the last newline waits for the next record */
        const uint8_t *nl = rest.n ? memrchr(rest.p, '\n', rest.n) : NULL;
        size_t n = nl ? (size_t)(nl - rest.p) + 1 : 0;
        line_keep(st, hn_bytes_of(rest.p + n, rest.n - n), r->offset + n);
        rest.n = n;
    }
    while (hn_bytes_line(&rest, &line)) {
        if (!each(st, pkg, line, r->offset + (uint64_t)(line.p - r->data.p)))
            return;
    }
}

struct packages_pkg *packages_add(struct packages_state *st, struct packages_pkg *k)
{
    struct packages_pkg *copy = HN_NEW(hn_parse_arena(st->p), struct packages_pkg);
    struct packages_checks *checks = HN_NEW(hn_parse_arena(st->p), struct packages_checks);
    if (!copy || !checks || st->n >= PACKAGES_MAX) {
        if (!st->out_of_memory)
            hn_parse_not_seen(st->p, HN_STR("part of the packages"), "too many packages");
        st->out_of_memory = true;
        return NULL;
    }
    *copy = *k;
    copy->checks = checks;
    copy->subject = copy->arch.n
                        ? hn_arena_fmt(hn_parse_arena(st->p), "%.*s:%.*s", HN_FMT(copy->name), HN_FMT(copy->arch))
                        : copy->name;
    struct packages_pkg *before = hn_map_find(&st->by_subject, hn_str_bytes(copy->subject));
    if (before) {
        before->replaced = true;
        packages_malformed(st, 0, "the same package twice");
    }
    copy->same_name = hn_map_find(&st->by_name, hn_str_bytes(copy->name));
    if (!packages_set(st, &st->by_name, hn_str_bytes(copy->name), copy) ||
        !packages_set(st, &st->by_subject, hn_str_bytes(copy->subject), copy))
        return NULL;
    *st->last = copy;
    st->last = &copy->next;
    st->n++;
    return copy;
}

/* One word of "install ok installed". */
static struct hn_str take_word(struct packages_state *st, struct hn_bytes *rest)
{
    while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
        rest->p++;
        rest->n--;
    }
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != '\n')
        n++;
    struct hn_bytes word = {rest->p, n};
    if (n)
        rest->p += n; /* an empty rest may have no address */
    rest->n -= n;
    return packages_keep(st, word);
}

static bool name_is_fine(struct hn_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (i == 0 || !strchr("+-._~", c) || !c))
            return false;
    }
    return b.n > 1;
}

/* Installed-Size counts KiB. */
static int64_t size_of(struct packages_state *st, struct hn_bytes value, uint64_t offset)
{
    uint64_t kib;
    if (!hn_str_u64((struct hn_str){(const char *)value.p, value.n}, 10, &kib) || kib > (UINT64_C(1) << 40)) {
        packages_malformed(st, offset, "Installed-Size is no sensible number");
        return 0;
    }
    return (int64_t)(kib * 1024);
}

struct fields {
    struct hn_bytes package, status, version, arch, source, section, priority, essential, size, origin, conffiles;
    struct hn_bytes maintainer, homepage, description, depends, pre_depends, provides;
};

static void read_fields(struct packages_state *st, struct hn_bytes text, uint64_t offset, struct fields *f)
{
    const struct {
        const char *name;
        struct hn_bytes *to;
    } wanted[] = {
        {"Package", &f->package},         {"Status", &f->status},           {"Version", &f->version},
        {"Architecture", &f->arch},       {"Source", &f->source},           {"Section", &f->section},
        {"Priority", &f->priority},       {"Essential", &f->essential},     {"Installed-Size", &f->size},
        {"Origin", &f->origin},           {"Conffiles", &f->conffiles},     {"Maintainer", &f->maintainer},
        {"Homepage", &f->homepage},       {"Description", &f->description}, {"Depends", &f->depends},
        {"Pre-Depends", &f->pre_depends}, {"Provides", &f->provides},
    };
    struct hn_bytes name, value, rest = text;
    const char *bad = NULL;
    while (hn_deb822_field(&rest, &name, &value, &bad)) {
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            if (hn_deb822_is(name, wanted[i].name)) {
                *wanted[i].to = value;
                break;
            }
        }
    }
    if (bad)
        packages_malformed(st, offset, bad);
}

static void check(struct packages_state *st, const struct fields *f, const struct packages_pkg *k, uint64_t offset)
{
    if (!name_is_fine(f->package))
        packages_malformed(st, offset, "package name has characters that no package name may have");
    if (!f->status.n && !k->installed)
        packages_malformed(st, offset, "package without Status");
    if (k->installed && !f->version.n)
        packages_malformed(st, offset, "installed package without Version");
    else if (f->version.n && !hn_version_deb_valid(f->version))
        packages_malformed(st, offset, "Version has characters that no version may have");
    if (memchr(f->package.p, 0, f->package.n))
        packages_malformed(st, offset, "NUL byte in a name");
}

/* " /etc/foo 0123…ef [obsolete]" per line. */
static int64_t read_conffiles(struct packages_state *st, const struct packages_pkg *k, struct hn_bytes value)
{
    int64_t n = 0;
    struct hn_bytes line;
    while (hn_bytes_line(&value, &line)) {
        while (line.n && line.p[0] == ' ') {
            line.p++;
            line.n--;
        }
        const uint8_t *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
        if (!space || line.p[0] != '/')
            continue;
        n++;
        struct hn_bytes hex = {space + 1, line.n - (size_t)(space + 1 - line.p)};
        if (hex.n > 32 && hex.p[32] == ' ')
            continue; /* obsolete or remove-on-upgrade: no longer the package's */
        if (hn_parse_deep(st->p))
            packages_sum_add(st, k, hn_bytes_of(line.p, (size_t)(space - line.p)), hex, true);
    }
    return n;
}

static struct hn_str keep_long(struct packages_state *st, struct hn_bytes b)
{
    struct hn_str s = hn_str_from_hostile(hn_parse_scratch(st->p), b, PACKAGES_MAX_PARAGRAPH);
    return b.n ? hn_arena_str(hn_parse_arena(st->p), s) : HN_STR("");
}

static void read_detail(struct packages_state *st, struct packages_pkg *k, const struct fields *f)
{
    struct packages_detail *d = packages_detail_of(st, k);
    struct hn_bytes description = f->description, line;
    if (!d)
        return;
    d->maintainer = packages_keep(st, f->maintainer);
    d->homepage = packages_keep(st, f->homepage);
    if (hn_bytes_line(&description, &line))
        d->summary = packages_keep(st, line);
    d->depends = keep_long(st, f->depends);
    d->pre_depends = keep_long(st, f->pre_depends);
    d->provides = keep_long(st, f->provides);
}

static void each_paragraph(void *arg, struct hn_bytes text, uint64_t offset)
{
    struct packages_state *st = arg;
    struct fields f = {0};
    struct packages_pkg k = {.manager = "dpkg"};
    read_fields(st, text, offset, &f);
    if (!f.package.n) {
        packages_malformed(st, offset, "paragraph without Package");
        return;
    }
    k.name = packages_keep(st, f.package);
    k.arch = packages_keep(st, f.arch);
    k.version = packages_keep(st, f.version);
    k.section = packages_keep(st, f.section);
    k.priority = packages_keep(st, f.priority);
    k.vendor = packages_keep(st, f.origin);
    k.essential = f.essential.n == 3 && hn_bytes_eqc(f.essential, "yes");
    struct hn_bytes rest = f.status;
    k.want = take_word(st, &rest);
    k.flag = take_word(st, &rest);
    k.state = f.status.n ? take_word(st, &rest) : HN_STR("installed"); /* status.d of images has no Status */
    bool part = hn_str_starts((struct hn_str){(const char *)st->path.p, st->path.n}, "/var/lib/dpkg/status.d/");
    if (!f.status.n && !part)
        k.state = HN_STR("unknown");
    k.installed = hn_str_eqc(k.state, "installed") || hn_str_starts(k.state, "triggers-") ||
                  hn_str_eqc(k.state, "unpacked") || hn_str_eqc(k.state, "half-configured");
    check(st, &f, &k, offset);
    struct hn_bytes source, source_version;
    hn_deb822_source(f.source, &source, &source_version);
    k.source = source.n ? packages_keep(st, source) : k.name;
    k.source_version = source_version.n ? packages_keep(st, source_version) : k.version;
    if (f.size.n)
        k.size = size_of(st, f.size, offset);
    if (hn_str_eqc(k.state, "not-installed"))
        return;
    struct packages_pkg *kept = packages_add(st, &k);
    if (kept && f.conffiles.n)
        kept->conffiles = read_conffiles(st, kept, f.conffiles);
    if (kept && hn_parse_inventory(st->p))
        read_detail(st, kept, &f);
}

void packages_status(struct packages_state *st, const struct hn_rec *r)
{
    if (r->err)
        return;
    if (r->offset == 0) {
        hn_deb822_restart(&st->text, st);
        st->text.each = each_paragraph;
    } else if (st->text.each != each_paragraph) {
        packages_malformed(st, r->offset, "goes on without a beginning");
        return;
    }
    st->saw_dpkg = st->saw_dpkg || r->data.n > 0;
    hn_deb822_feed(&st->text, r->data);
    if (r->more)
        return;
    if (r->data.n && r->data.p[r->data.n - 1] != '\n')
        packages_malformed(st, r->offset + r->data.n, "file ends inside a line");
    hn_deb822_end(&st->text);
    if (r->truncated)
        hn_parse_not_seen(st->p, HN_STR("part of the package database"), "the file is too long");
}
