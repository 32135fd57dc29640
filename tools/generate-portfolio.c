/* Makes a portfolio in a store, through the store's own door: organisations, suppliers, products with bills of
 * materials, hosts, deployments, a matching pass. Made-up names; the same seed gives the same portfolio.
 *
 * Sharing as in real portfolios: every document belongs to one ecosystem, which package it takes follows a power law (a
 * few are everywhere, most are in one or two), and most users of a package are on one of its newest versions.
 *
 *     generate-portfolio --home DIR [--sboms 10000] [--components 200] [--hosts 500] [--advisories 5000] [--seed 1]
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/software.h"

#define BATCH 200
#define SYS   (&hn_principal_system)

struct portfolio {
    struct hn_store *s;
    struct hn_arena keep, a; /* a: one document */
    unsigned sboms, components, hosts, advisories, orgs;
    uint64_t seed;
    struct hn_str *org, *asset, *product;
    hn_time now;
};

static uint64_t next(struct portfolio *f)
{
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return f->seed;
}

static unsigned below(struct portfolio *f, unsigned n)
{
    return (unsigned)(next(f) >> 33) % n;
}

static double unit(struct portfolio *f)
{
    return (double)(next(f) >> 11) / 9007199254740992.0;
}

static void must(struct portfolio *f, struct hn_err e, const char *what)
{
    if (hn_ok(e))
        return;
    fprintf(stderr, "generate-portfolio: %s: %s: %s\n", what, hn_err_text(e), f->s ? hn_store_why(f->s) : "");
    exit(1);
}

/* ---------------------------------------------------------------- components */

struct kind {
    const char *ecosystem, *type, *before, *purl, *v; /* name: before, then a number */
    unsigned packages, versions, share;
};
static const struct kind kinds[] = {
    {"npm", "npm", "mod-", "pkg:npm/", "", 30000, 12, 40},
    {"Maven", "maven", "org.example:lib", "pkg:maven/org.example/", "", 12000, 10, 20},
    {"PyPI", "pypi", "py-", "pkg:pypi/", "", 8000, 10, 15},
    {"Go", "golang", "example.org/m", "pkg:golang/", "v", 6000, 10, 10},
    {"Debian:12", "deb", "pkg", "pkg:deb/debian/", "", 3000, 4, 15},
};
#define KINDS (sizeof kinds / sizeof *kinds)
static const char *const licences[] = {
    "MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "GPL-2.0-or-later", "LGPL-2.1-only", "MPL-2.0", ""};

/* Rank by a power law with exponent near one: rank = n^u. */
static unsigned power(struct portfolio *f, unsigned n)
{
    double r = pow((double)n, unit(f));

    return (unsigned)r - 1 < n ? (unsigned)r - 1 : n - 1;
}

static void component(struct portfolio *f, const struct kind *k, struct hn_store_component_in *c)
{
    unsigned p = power(f, k->packages), v = power(f, k->versions);
    char text[256];

    snprintf(text, sizeof text, "%u.%u.0%s", k->versions - v, p % 7, k->type[0] == 'd' ? "-1" : "");
    *c = (struct hn_store_component_in){.ecosystem = hn_str_c(k->ecosystem),
                                        .type = HN_STR_INIT("library"),
                                        .licence = hn_str_c(licences[p % 8]),
                                        .version = hn_arena_str(&f->a, hn_str_c(text))};
    c->name = hn_arena_fmt(&f->a, "%s%u", k->before, p);
    const char *colon = strchr(k->before, ':');
    c->purl = hn_arena_fmt(&f->a, "%s%s%u@%s%s", k->purl, colon ? colon + 1 : k->before, p, k->v, text);
}

static const struct kind *kind_of(struct portfolio *f)
{
    unsigned at = below(f, 100);

    for (size_t i = 0; i < KINDS; i++) {
        if (at < kinds[i].share)
            return &kinds[i];
        at -= kinds[i].share;
    }
    return &kinds[0];
}

static struct hn_store_component_in *components(struct portfolio *f, const struct kind *k, unsigned n)
{
    struct hn_store_component_in *c = hn_arena_alloc(&f->a, n * sizeof *c);

    for (unsigned i = 0; c && i < n; i++)
        component(f, k, &c[i]);
    return c;
}

/* ---------------------------------------------------------------- things */

static void organisations(struct portfolio *f)
{
    f->org = hn_arena_alloc(&f->keep, f->orgs * sizeof *f->org);
    f->org[0] = HN_STR(HN_STORE_ROOT);
    for (unsigned i = 1; i < f->orgs; i++) {
        struct hn_str en = hn_arena_fmt(&f->keep, "Office %u", i), ja = hn_arena_fmt(&f->keep, "第%u課", i);
        must(f, hn_store_org_put(f->s, SYS, f->org[(i - 1) / 4], en, ja, HN_STR("office"), &f->keep, &f->org[i]),
             "organisation");
    }
}

static void hosts(struct portfolio *f)
{
    f->asset = hn_arena_alloc(&f->keep, (f->hosts + 1) * sizeof *f->asset);
    for (unsigned i = 0; i < f->hosts; i++) {
        struct hn_str name = hn_arena_fmt(&f->keep, "host-%05u", i);
        struct hn_store_key key = {HN_STR("machine-id"), name};
        struct hn_store_identity who = {.name = name, .os = HN_STR("Debian GNU/Linux 12"), .n_keys = 1, .keys = &key};
        struct hn_store_match m;
        unsigned n = 600 + below(f, 700);
        if (i % BATCH == 0)
            must(f, hn_store_batch_begin(f->s), "batch");
        must(f, hn_store_asset_resolve(f->s, SYS, &who, f->org[below(f, f->orgs)], true, &f->keep, &m), "asset");
        f->asset[i] = m.asset;
        must(f, hn_store_asset_components(f->s, SYS, m.asset, f->now, components(f, &kinds[KINDS - 1], n), n), "host");
        if (i % BATCH == BATCH - 1 || i + 1 == f->hosts)
            must(f, hn_store_batch_end(f->s, true), "batch");
        hn_arena_clear(&f->a);
    }
}

static void document(struct portfolio *f, unsigned i)
{
    struct hn_store_sbom_in in = {.product = f->product[i / 2], .family = HN_STR("CycloneDX"), .spec = HN_STR("1.6")};
    struct hn_store_sbom_result r;
    unsigned n = f->components / 2 + below(f, f->components + 1);
    struct hn_store_edge *e = hn_arena_alloc(&f->a, n * sizeof *e);
    uint32_t *stated = hn_arena_alloc(&f->a, n * sizeof *stated);

    in.version = hn_arena_fmt(&f->a, "%u.%u", 1 + i % 2, i % 9);
    in.subject = in.version;
    in.components = components(f, kind_of(f), n);
    in.n_components = in.n_edges = in.n_stated = n;
    for (unsigned k = 0; k < n; k++) { /* a tree: a third are direct */
        e[k] = (struct hn_store_edge){k == 0 || below(f, 3) == 0 ? HN_STORE_SUBJECT : below(f, k), k};
        stated[k] = k;
    }
    in.edges = e;
    in.stated = stated;
    memcpy(in.sha256, &i, sizeof i);
    must(f, hn_store_sbom_put(f->s, SYS, &in, &f->a, &r), "sbom");
    if (f->hosts && i % 3 == 0) {
        struct hn_store_deployment_in d = {.product = in.product, .version = in.version};
        struct hn_str unused;
        d.asset = f->asset[below(f, f->hosts)];
        d.service = hn_arena_fmt(&f->a, "service %u", below(f, 300));
        d.customers = hn_arena_fmt(&f->a, "[\"customer %u\",\"customer %u\"]", below(f, 900), below(f, 900));
        must(f, hn_store_deployment_put(f->s, SYS, &d, &f->a, &unused), "deployment");
    }
}

static void products(struct portfolio *f)
{
    unsigned n = f->sboms / 2 + 1;

    f->product = hn_arena_alloc(&f->keep, n * sizeof *f->product);
    must(f, hn_store_batch_begin(f->s), "batch");
    for (unsigned i = 0; i < n; i++) {
        struct hn_store_product_in in = {.org = f->org[below(f, f->orgs)]};
        in.name = hn_arena_fmt(&f->a, "Product %05u", i);
        in.supplier = hn_arena_fmt(&f->a, "Supplier %u", power(f, 300));
        must(f, hn_store_product_put(f->s, SYS, &in, &f->keep, &f->product[i]), "product");
        hn_arena_clear(&f->a);
    }
    must(f, hn_store_batch_end(f->s, true), "batch");
}

static void documents(struct portfolio *f)
{
    for (unsigned i = 0; i < f->sboms; i++) {
        if (i % BATCH == 0)
            must(f, hn_store_batch_begin(f->s), "batch");
        document(f, i);
        hn_arena_clear(&f->a);
        if (i % BATCH == BATCH - 1 || i + 1 == f->sboms)
            must(f, hn_store_batch_end(f->s, true), "batch");
        if (i % 500 == 0)
            fprintf(stderr, "\r%u of %u documents", i, f->sboms);
    }
    fprintf(stderr, "\r%u documents          \n", f->sboms);
}

/* ---------------------------------------------------------------- a matching pass */

/* Every advisory names one package; of its components a random version and all below are affected. */
static void match(struct portfolio *f)
{
    struct hn_store_match_run_in in = {.feed_at = f->now, .feeds = HN_STR("[]")};
    struct hn_store_match_result r;
    struct hn_store_component_row *rows;
    size_t n, cap = 0;

    must(f, hn_store_component_rows(f->s, SYS, 0, 1u << 30, &f->a, &rows, &n), "components");
    struct hn_store_advisory *v = hn_arena_alloc(&f->a, f->advisories * sizeof *v);
    struct hn_store_match_in *m = NULL;
    for (unsigned i = 0; i < f->advisories; i++)
        v[i] = (struct hn_store_advisory){.id = hn_arena_fmt(&f->a, "GEN-2026-%u", i),
                                          .aliases = hn_arena_fmt(&f->a, "[\"CVE-2026-%u\"]", 10000 + i),
                                          .summary = HN_STR("made up"),
                                          .severity = (int)below(f, 5),
                                          .cvss = 2 + below(f, 80) / 10.0,
                                          .epss = pow(unit(f), 8),
                                          .kev = below(f, 100) == 0,
                                          .automatable = -1};
    for (size_t k = 0; k < n; k++) {
        unsigned p = 0;
        const char *digits = rows[k].name.p + strcspn(rows[k].name.p, "0123456789");
        if (sscanf(digits, "%u", &p) != 1 || (p * 2654435761u >> 8) % 100 >= 5)
            continue; /* one package in twenty has something known */
        for (unsigned j = 0; j < 1 + p % 4; j++) {
            if (in.n_matches == cap) {
                size_t more = cap ? cap * 2 : 1024;
                struct hn_store_match_in *w = hn_arena_alloc(&f->a, more * sizeof *w);
                if (cap)
                    memcpy(w, m, cap * sizeof *w);
                m = w;
                cap = more;
            }
            m[in.n_matches++] = (struct hn_store_match_in){.component = rows[k].n,
                                                           .advisory = (p * 40503u + j * 7919u) % f->advisories,
                                                           .confidence = 95,
                                                           .fixed = HN_STR("99.0.0"),
                                                           .why = HN_STR("{\"range\":\"introduced 0\"}")};
        }
    }
    in.n_advisories = f->advisories;
    in.advisories = v;
    in.matches = m;
    must(f, hn_store_matches_put(f->s, SYS, &in, &r), "matches");
    printf("%zu distinct components, %zu advisories, %zu matches\n", n, in.n_advisories, in.n_matches);
}

static void options(struct portfolio *f, int argc, char **argv, const char **home)
{
    static const struct option o[] = {
        {"home", 1, 0, 'h'},       {"sboms", 1, 0, 's'}, {"components", 1, 0, 'c'},    {"hosts", 1, 0, 'o'},
        {"advisories", 1, 0, 'a'}, {"seed", 1, 0, 'e'},  {"organisations", 1, 0, 'g'}, {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", o, NULL)) > 0) {
        unsigned n = (unsigned)strtoul(optarg, NULL, 10);
        switch (c) {
        case 'h':
            *home = optarg;
            break;
        case 's':
            f->sboms = n;
            break;
        case 'c':
            f->components = n;
            break;
        case 'o':
            f->hosts = n;
            break;
        case 'a':
            f->advisories = n;
            break;
        case 'g':
            f->orgs = n;
            break;
        case 'e':
            f->seed = n * 2654435761u + 1;
            break;
        default:
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct portfolio f = {
        .sboms = 10000, .components = 200, .hosts = 500, .advisories = 5000, .orgs = 60, .seed = 88172645463325252u};
    struct hn_diag d = {{0}};
    const char *home = NULL;

    options(&f, argc, argv, &home);
    if (!home || !f.sboms || !f.components || !f.advisories || !f.orgs) {
        fprintf(stderr, "usage: generate-portfolio --home DIR [--sboms N] [--components N] [--hosts N] …\n");
        return 2;
    }
    f.now = hn_now();
    hn_arena_init(&f.keep, (size_t)2 << 30);
    hn_arena_init(&f.a, (size_t)4 << 30);
    if (!hn_ok(hn_store_open(home, HN_STORE_CREATE, &f.s, &d))) {
        fprintf(stderr, "generate-portfolio: %s\n", d.msg);
        return 1;
    }
    organisations(&f);
    hosts(&f);
    products(&f);
    documents(&f);
    match(&f);
    hn_store_close(f.s);
    hn_arena_done(&f.a);
    hn_arena_done(&f.keep);
    return 0;
}
