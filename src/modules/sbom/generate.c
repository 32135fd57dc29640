/* hinomi sbom generate: what is installed, as a bill of materials (CycloneDX, SPDX), the same bytes for the same host.
 */
#include "modules/sbom/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"
#include "modules/sbom/sbom.h"

#define DOCUMENT_MAX ((size_t)1 << 30)

const struct hn_verb_option sbom_generate_options[] = {
    {"root", HN_OPT_STR, "DIR"},
    {"image", HN_OPT_STR, "FILE|DIR"},
    {"platform", HN_OPT_STR, "OS/ARCH"},
    {"deep", HN_OPT_SWITCH},
    {"hashes", HN_OPT_SWITCH},
    {"format", HN_OPT_STR, "FORMAT",
     .enums = "cyclonedx cyclonedx-1.4 cyclonedx-1.5 cyclonedx-1.6 cyclonedx-1.7 spdx spdx-2.2 spdx-2.3 spdx-3.0 "
              "spdx-3.0.1"},
    {"name", HN_OPT_STR, "NAME"},
    {"version", HN_OPT_STR, "VERSION"},
    {"author", HN_OPT_STR, "TEXT"},
    {"timestamp", HN_OPT_TIME, "TIME"},
    {"serial", HN_OPT_STR, "URN"},
    {"output", HN_OPT_OUTPUT, "FILE"},
    {0}};

/* ---------------------------------------------------------------- shared */

void sbom_generate_prop(struct generate *g, struct hn_bom_component *c, const char *name, struct hn_str value)
{
    if (value.n)
        hn_bom_prop_add(&g->bom, &c->props, hn_str_c(name), value);
}

/* The lists grow to tens of thousands: their ends are kept. */
void sbom_generate_told(struct generate *g, const struct hn_bom_component *c, bool all)
{
    struct hn_bom_text *t = HN_NEW(g->a, struct hn_bom_text);
    struct hn_bom_text ***end = all ? &g->complete_end : &g->unknown_end;
    if (!t)
        return;
    t->s = c->ref;
    **end = t;
    *end = &t->next;
}

/* What stands between the last open and the next close; empty: nothing, or nothing behind open. */
static struct hn_str between(struct hn_str text, char open, char close, size_t *at)
{
    const char *p = text.n ? memrchr(text.p, open, text.n) : NULL;
    struct hn_str rest = p ? hn_str_cut(text, (size_t)(p + 1 - text.p), text.n) : HN_STR("");
    ptrdiff_t end = hn_str_chr(rest, close);
    *at = p ? (size_t)(p - text.p) : text.n;
    return hn_str_cut(rest, 0, end < 0 ? 0 : (size_t)end);
}

static bool is_address(struct hn_str s)
{
    return hn_bom_is_page(s) || (hn_str_chr(s, '@') > 0 && hn_str_chr(s, ' ') < 0);
}

/* "Name <address>", npm's "Name <address> (page)" and "Name (page)"; the first address is taken. One alone is the name
 * too. Packages also name a page where a mail address belongs ("Team <https://…>"); what is neither stays part of the
 * name, e.g. "Team (of some house)". */
static struct hn_str name_and_address(struct hn_str text, struct hn_str *address)
{
    size_t at, round_at;
    struct hn_str told = between(text, '<', '>', &at), page = between(text, '(', ')', &round_at);

    if (!is_address(told) && hn_bom_is_page(page)) {
        told = page;
        at = round_at;
    }
    *address = is_address(told) ? told : is_address(text) ? text : HN_STR("");
    struct hn_str name = hn_str_trim(is_address(told) ? hn_str_cut(text, 0, at) : text);
    return name.n ? name : *address;
}

void sbom_generate_supplier(struct generate *g, struct hn_bom_component *c, struct hn_str text)
{
    struct hn_str address, name = name_and_address(text, &address);
    if (!text.n)
        return;
    struct hn_bom_party *p = hn_bom_party_add(&g->bom, &c->supplier, false, name);
    if (p && hn_bom_is_page(address)) {
        hn_bom_party_address(&g->bom, p, address);
        return;
    }
    struct hn_bom_party *contact = p && address.n ? hn_bom_party_add(&g->bom, &p->contacts, true, name) : NULL;
    if (contact)
        contact->email = address;
}

/* A path as a URI, without what RFC 3986, 3.3 does not allow in one; letters of other scripts stay, since the formats
 * take IRIs. */
static struct hn_str file_uri(struct generate *g, struct hn_str path)
{
    struct hn_buf b;
    hn_buf_init(&b, 16 * 1024);
    hn_buf_c(&b, "file://");
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool plain = c >= 0x80 || (c > ' ' && !strchr("\"#%<>?[\\]^`{|}\x7f", c));
        if (plain)
            hn_buf_chr(&b, (char)c);
        else
            hn_buf_fmt(&b, "%%%02X", c);
    }
    struct hn_str uri = hn_arena_str(g->a, hn_buf_text(&b));
    hn_buf_done(&b);
    return uri;
}

/* TR-03183-2 asks for the digest of the deployable file in the reference that says where it is. */
void sbom_generate_digest(struct generate *g, struct hn_bom_component *c, struct hn_str path, struct hn_str sha512)
{
    if (!sha512.n)
        return;
    hn_bom_hash_add(&g->bom, &c->hashes, HN_BOM_ALG_SHA512, sha512);
    struct hn_bom_link *l = hn_bom_link_add(&g->bom, &c->links, HN_STR("distribution"), file_uri(g, path));
    if (l)
        hn_bom_hash_add(&g->bom, &l->hashes, HN_BOM_ALG_SHA512, sha512);
}

void sbom_generate_file_props(struct generate *g, struct hn_bom_component *c, struct hn_str filename, bool executable,
                              bool archive, bool structured)
{
    sbom_generate_prop(g, c, "bsi:component:filename", filename);
    sbom_generate_prop(g, c, "bsi:component:executable", executable ? HN_STR("executable") : HN_STR("non-executable"));
    sbom_generate_prop(g, c, "bsi:component:archive", archive ? HN_STR("archive") : HN_STR("no archive"));
    sbom_generate_prop(g, c, "bsi:component:structured", structured ? HN_STR("structured") : HN_STR("unstructured"));
}

static int by_subject(const void *a, const void *b)
{
    const struct hn_obs *const *x = a, *const *y = b;
    return hn_str_cmp((*x)->subject, (*y)->subject);
}

const struct hn_obs **sbom_generate_sorted(struct generate *g, const char *kind, size_t *ret_n)
{
    size_t n = hn_facts_count(g->facts, kind), i = 0;
    const struct hn_obs **list = hn_arena_alloc(g->a, (n + 1) * sizeof(const struct hn_obs *));
    *ret_n = 0;
    if (!list)
        return NULL;
    HN_FACTS_EACH(o, g->facts, kind)
        if (i < n)
            list[i++] = o;
    if (i)
        qsort(list, i, sizeof(*list), by_subject);
    *ret_n = i;
    return list;
}

/* ---------------------------------------------------------------- head */

hn_time sbom_made(hn_time clock)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds;
    if (epoch && hn_str_u64(hn_str_c(epoch), 10, &seconds) && seconds < INT64_MAX / (uint64_t)HN_SECOND)
        return (hn_time)seconds * HN_SECOND;
    return clock;
}

static hn_time timestamp_of(struct hn_work *w)
{
    hn_time t = hn_work_time(w, "timestamp");
    return t ? t : sbom_made(hn_work_facts_about(w).collected_at);
}

static void put_subject(struct generate *g)
{
    struct hn_work_about about = hn_work_facts_about(g->w);
    const struct hn_obs *identity = hn_facts_first(g->facts, "host.identity");
    struct hn_bom_component *c = hn_bom_component_new(&g->bom, HN_BOM_ROLE_SUBJECT);
    struct hn_str name = hn_work_str(g->w, "name");
    if (!c)
        return;
    bool image = hn_str_starts(about.scope, "image:");
    c->type = image ? HN_BOM_TYPE_CONTAINER : HN_BOM_TYPE_DEVICE;
    c->name = name.n ? name : hn_obs_get(identity, "hostname");
    if (!c->name.n) {
        const char *slash = memrchr(about.scope.p, '/', about.scope.n);
        c->name = slash && slash[1] ? hn_str_cut(about.scope, (size_t)(slash + 1 - about.scope.p), about.scope.n)
                                    : about.scope;
    }
    c->version = generate_told_text(hn_work_str(g->w, "version"));
    c->ref = hn_arena_fmt(g->a, "subject:%.*s", HN_FMT(c->name));
    g->bom.subject = c;
    g->bom.name = c->name;
}

static void put_head(struct generate *g)
{
    char t[HN_TIME_TEXT];
    hn_time when = timestamp_of(g->w) / HN_SECOND * HN_SECOND; /* CycloneDX and SPDX 2 have whole seconds by custom */
    struct hn_bom *b = &g->bom;
    b->family = HN_BOM_OWN;
    b->plain = true;
    b->revision = 1;
    b->has_metadata = true;
    b->timestamp = when;
    b->timestamp_text = hn_arena_str(g->a, hn_str_c(hn_time_text(when, t)));
    b->data_licence = HN_STR("CC0-1.0");
    struct hn_bom_tool *tool = hn_bom_tool_add(b);
    if (tool) {
        tool->name = HN_STR("hinomi");
        tool->version = HN_STR(HN_VERSION);
        tool->component = hn_bom_component_new(b, HN_BOM_ROLE_TOOL);
    }
    if (tool && tool->component) {
        tool->component->type = HN_BOM_TYPE_APPLICATION;
        tool->component->name = tool->name;
        tool->component->version = tool->version;
        tool->component->ref = HN_STR("tool:hinomi");
    }
    struct hn_str address, author = name_and_address(hn_work_str(g->w, "author"), &address);
    /* persons have no page in CycloneDX, organisations have */
    bool page = hn_bom_is_page(address);
    struct hn_bom_party **makers = page ? &b->manufacturer : &b->authors;
    struct hn_bom_party *p = author.n ? hn_bom_party_add(b, makers, !page, author) : NULL;
    if (p && address.n)
        hn_bom_party_address(b, p, address);
    b->lifecycles = HN_NEW(g->a, struct hn_bom_lifecycle);
    struct hn_work_about about = hn_work_facts_about(g->w);
    if (b->lifecycles)
        b->lifecycles->phase =
            about.live ? HN_STR("operations") : HN_STR("post-build"); /* SPDX 3: deployed, analyzed */
    put_subject(g);
}

/* ---------------------------------------------------------------- how complete */

static void put_gap(void *arg, const struct hn_work_gap *gap)
{
    struct generate *g = arg;
    hn_bom_prop_add(&g->bom, &g->bom.metadata_props, HN_STR(SBOM_NOT_SEEN),
                    hn_arena_fmt(g->a, "%s: %.*s: %.*s", gap->module, HN_FMT(gap->what), HN_FMT(gap->why)));
}

/* What was not seen stands in the document, line by line. */
static void put_gaps(struct generate *g)
{
    hn_work_facts_gaps(g->w, put_gap, g);
    if (!hn_work_facts_about(g->w).deep)
        put_gap(g, &(struct hn_work_gap){"languages", HN_STR("folders outside of the usual ones"),
                                         HN_STR("looked at with --deep only")});
}

static void add_composition(struct generate *g, enum hn_bom_aggregate aggregate, const char *word,
                            struct hn_bom_text *assemblies, struct hn_bom_text *dependencies)
{
    struct hn_bom_composition *c = assemblies || dependencies ? HN_NEW(g->a, struct hn_bom_composition) : NULL;
    struct hn_bom_composition **at = &g->bom.compositions;
    if (!c)
        return;
    c->aggregate = aggregate;
    c->word = hn_str_c(word);
    c->assemblies = assemblies;
    c->dependencies = dependencies;
    while (*at)
        at = &(*at)->next;
    *at = c;
}

/* The list of parts is complete only when all of the file system was looked at and nothing stayed unseen. */
static void put_compositions(struct generate *g)
{
    bool all = hn_work_facts_about(g->w).deep && hn_work_facts_complete(g->w, "packages") &&
               hn_work_facts_complete(g->w, "languages");
    struct hn_bom_text *subject = NULL;
    if (g->bom.subject)
        hn_bom_text_add(&g->bom, &subject, g->bom.subject->ref);
    add_composition(g, all ? HN_BOM_AGG_COMPLETE : HN_BOM_AGG_INCOMPLETE, all ? "complete" : "incomplete", subject,
                    NULL);
    add_composition(g, HN_BOM_AGG_COMPLETE, "complete", NULL, g->complete);
    add_composition(g, HN_BOM_AGG_UNKNOWN, "unknown", NULL, g->unknown);
}

static void put_subject_dependencies(struct generate *g)
{
    struct hn_bom_dep *d = g->bom.subject ? hn_bom_dep_add(&g->bom, g->bom.subject->ref) : NULL;
    if (!d)
        return;
    d->says_depends = true;
    for (const struct hn_bom_component *c = g->bom.first_component; c; c = c->next)
        hn_bom_edge_add(&g->bom, d, HN_BOM_REL_DEPENDS_ON, c->ref);
}

/* ---------------------------------------------------------------- writing */

/* The serial number follows from the content, so that the same host gives the same document (RFC 9562, version 8). */
static void put_serial(struct generate *g)
{
    struct hn_digest *d = hn_digest_new(HN_SHA256);
    uint8_t sum[64] = {0};
    char hex[65];
    struct hn_str given = hn_work_str(g->w, "serial");
    if (given.n || !d) {
        g->bom.serial = given;
        return;
    }
    hn_digest_add(d, hn_str_bytes(g->bom.timestamp_text));
    if (g->bom.subject)
        hn_digest_add(d, hn_str_bytes(g->bom.subject->ref));
    for (size_t i = 0; i < g->bom.n_components; i++) {
        hn_digest_add(d, hn_str_bytes(g->bom.components[i]->ref));
        hn_digest_add(d, hn_bytes_of("", 1));
    }
    hn_digest_end(d, sum);
    sum[6] = (uint8_t)((sum[6] & 0x0f) | 0x80);
    sum[8] = (uint8_t)((sum[8] & 0x3f) | 0x80);
    hn_hex(hn_bytes_of(sum, 32), hex);
    g->bom.serial =
        hn_arena_fmt(g->a, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static struct hn_bom_how how_of(struct generate *g)
{
    struct hn_str format = hn_work_str(g->w, "format"), family;
    struct hn_bom_how how = {.family = HN_BOM_CYCLONEDX, .form = HN_BOM_JSON};
    if (!format.n || !hn_str_split(&format, '-', &family))
        return how;
    how.version = format.p && format.n ? hn_arena_cstr(g->a, format) : NULL;
    if (hn_str_eqc(family, "spdx"))
        how.family = how.version && how.version[0] == '3' ? HN_BOM_SPDX3 : HN_BOM_SPDX2;
    if (how.family == HN_BOM_SPDX3)
        how.version = "3.0.1";
    return how;
}

/* Where the document goes as it is laid out. */
struct sink {
    struct hn_work *w;
    int fd; /* -1: standard output */
    bool failed;
};

static void put_piece(void *arg, struct hn_bytes b)
{
    struct sink *s = arg;
    if (s->fd < 0)
        hn_work_write(s->w, b);
    else
        s->failed = s->failed || !hn_ok(hn_write_all(s->fd, b.p, b.n));
}

static int write_document(struct generate *g)
{
    struct hn_buf out;
    struct hn_bom_notes loss = {.most = 1000};
    struct sink to = {.w = g->w, .fd = hn_work_output(g->w, "output")};
    struct hn_bom_how how = how_of(g);
    how.piece = put_piece;
    how.arg = &to;
    hn_buf_init(&out, DOCUMENT_MAX);
    struct hn_err e = hn_bom_index(&g->bom);
    if (hn_ok(e))
        e = hn_bom_write(&g->bom, &how, &out, &loss);
    if (hn_ok(e) && out.n && out.p[out.n - 1] != '\n')
        hn_buf_chr(&out, '\n');
    int rc = 0;
    if (hn_ok(e) && !out.bad)
        put_piece(&to, hn_bytes_of(out.p, out.n));
    if (!hn_ok(e) || out.bad || to.failed)
        rc = hn_work_fail(g->w, "sbom.generate.error.write", "why", to.failed ? "I/O" : hn_err_text(e), NULL);
    hn_buf_done(&out);
    return rc;
}

/* ---------------------------------------------------------------- the verb */

bool sbom_generate_begin(struct hn_work *w, bool document, struct generate *g)
{
    struct hn_work_about about = hn_work_facts_about(w);
    *g = (struct generate){.w = w, .document = document, .facts = hn_work_facts(w), .a = hn_work_arena(w)};
    if (!g->facts) {
        hn_work_fail(w, "sbom.generate.error.facts", NULL);
        return false;
    }
    if (about.live && !about.root_user)
        hn_work_warn(w, "sbom.generate.warn.user", NULL);
    g->complete_end = &g->complete;
    g->unknown_end = &g->unknown;
    hn_bom_init(&g->bom, g->a);
    hn_map_init(&g->packages);
    hn_map_init(&g->artefacts);
    hn_map_init(&g->languages);
    put_head(g);
    sbom_generate_os(g);
    sbom_generate_packages(g);
    sbom_generate_languages(g);
    put_gaps(g);
    return true;
}

void sbom_generate_end(struct generate *g)
{
    hn_bom_done(&g->bom);
    hn_map_done(&g->packages);
    hn_map_done(&g->artefacts);
    hn_map_done(&g->languages);
}

bool sbom_generate_found(const struct generate *g)
{
    return hn_facts_count(g->facts, "packages.package") + hn_facts_count(g->facts, "languages.package") > 0;
}

int sbom_generate(struct hn_work *w)
{
    struct generate g;
    size_t words = 0;
    hn_work_total(w, &words);
    if (words)
        return hn_work_usage(w, "sbom.generate.error.words", NULL);
    if (!sbom_generate_begin(w, true, &g))
        return 3;
    if (!sbom_generate_found(&g))
        hn_work_warn(w, "sbom.generate.warn.empty", NULL);
    sbom_generate_package_dependencies(&g);
    put_subject_dependencies(&g);
    put_compositions(&g);
    put_serial(&g);
    int rc = write_document(&g);
    sbom_generate_end(&g);
    return rc;
}
