/* What the store's tests share: a store in a temporary folder, and runs written in one line. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "hn_test.h"
#include "store/store.h"

#define SYS    (&hn_principal_system)
#define S(lit) HN_STR(lit)

static char home[64];
static struct hn_arena mem;

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void remove_home(void)
{
    if (home[0])
        nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    hn_arena_done(&mem);
}

static inline void make_home(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(home, sizeof home, "%.40s/hn-store-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(home))
        abort();
    hn_arena_init(&mem, (size_t)1 << 30);
    atexit(remove_home);
}

static inline void close_store(struct hn_store **s)
{
    hn_store_close(*s);
    *s = NULL;
}
#define AUTO_STORE HN_AUTO(close_store) struct hn_store *

static inline struct hn_store *open_store(void)
{
    struct hn_diag d = {0};
    struct hn_store *s = NULL;

    if (!hn_ok(hn_store_open(home, HN_STORE_CREATE, &s, &d)))
        printf("# open: %s\n", d.msg);
    return s;
}

static inline struct hn_str copy(const char *c)
{
    return hn_arena_str(&mem, hn_str_c(c));
}

/* An asset by its machine-id. */
static inline struct hn_str asset_of(struct hn_store *s, const char *name, struct hn_str org)
{
    struct hn_store_key key = {S("machine-id"), hn_str_c(name)};
    struct hn_store_identity who = {.name = hn_str_c(name), .os = S("Debian 12"), .n_keys = 1, .keys = &key};
    struct hn_store_match m;

    if (!hn_ok(hn_store_asset_resolve(s, SYS, &who, org, true, &mem, &m)))
        printf("# resolve: %s\n", hn_store_why(s));
    return m.asset;
}

/* A run of module "m": findings are the letters of `show`, observations the letters of `obs`. */
struct spec {
    const char *id, *show, *obs, *scope, *origin, *quick; /* quick: a second scope that it covers */
    hn_time at;
    int privilege;
    bool partial, unjudged, kept, background;
    const char *hidden; /* "1 2": bounded, and these may hide anything; "1:A": only Subject A */
    hn_time from;       /* since when these are there */
};

/* Each hides a finding and an observation. */
static inline void hide(const struct spec *x, struct hn_store_run_cover *c, struct hn_store_run_hidden *h)
{
    struct hn_str rest = hn_str_c(x->hidden), w;
    struct hn_str each = HN_STR("");

    c->complete = false;
    c->bounded = true;
    while (hn_str_word(&rest, &w)) {
        ptrdiff_t colon = hn_str_chr(w, ':');
        struct hn_str who = colon < 0 ? w : hn_str_cut(w, 0, (size_t)colon);
        const char one = colon < 0 ? 0 : w.p[colon + 1];
        h[c->n_hidden++] = (struct hn_store_run_hidden){
            who, S("m.kind"), one ? hn_arena_fmt(&mem, "Subject %c", one) : S(""), S(""), x->from};
        h[c->n_hidden++] = (struct hn_store_run_hidden){
            who, S("m.thing"), one ? hn_arena_fmt(&mem, "thing %c", one) : S(""), S(""), x->from};
        each = hn_arena_fmt(&mem, "%.*s%s\"%.*s\"", HN_FMT(each), each.n ? "," : "", HN_FMT(who));
    }
    c->hidden = h;
    c->not_seen = hn_arena_fmt(&mem, "[{\"what\":\"some\",\"why\":\"denied\",\"each\":[%.*s]}]", HN_FMT(each));
}

static inline struct hn_err put_run(struct hn_store *s, const struct hn_principal *p, struct hn_str asset,
                                    const struct spec *x, struct hn_store_run_result *ret)
{
    struct hn_store_run_cover c[2] = {0};
    c[0] = (struct hn_store_run_cover){.module = S("m"),
                                       .scope = hn_str_c(x->scope ? x->scope : "host"),
                                       .privilege = x->privilege,
                                       .kept = x->kept,
                                       .complete = !x->partial,
                                       .judged = !x->unjudged};
    struct hn_store_run_hidden h[16];
    if (x->hidden)
        hide(x, &c[0], h);
    c[1] = c[0];
    c[1].scope = hn_str_c(x->quick ? x->quick : "");
    struct hn_store_run_finding f[32] = {0};
    struct hn_store_run_obs o[32] = {0};
    struct hn_store_run r = {.id = hn_str_c(x->id),
                             .asset = asset,
                             .collected_at = x->at,
                             .origin = hn_str_c(x->origin ? x->origin : "file"),
                             .background = x->background,
                             .n_cover = x->quick ? 2 : 1,
                             .cover = c,
                             .findings = f,
                             .obs = o};
    struct hn_store_run_result unused;

    for (const char *l = x->show ? x->show : ""; *l; l++) {
        struct hn_store_run_finding *k = &f[r.n_findings++];
        char upper = *l >= 'a' ? (char)(*l - 32) : *l;
        *k = (struct hn_store_run_finding){.id = hn_arena_fmt(&mem, "%.*s-finding-%c", HN_FMT(asset), upper),
                                           .kind = S("m.kind"),
                                           .class_ = S("hygiene"),
                                           .subject = hn_arena_fmt(&mem, "Subject %c", upper),
                                           .severity = *l >= 'a' ? 3 : 2,
                                           .confidence = 100,
                                           .p = 0.1,
                                           .loss = 1,
                                           .score = 10 + (upper - 'A'),
                                           .due_days = 14,
                                           .due_rule = S("severity:medium"),
                                           .fix_kind = S("upgrade"),
                                           .fix_target = S("pkg"),
                                           .params = S("{}")};
    }
    for (const char *l = x->obs ? x->obs : ""; *l; l++) {
        char upper = *l >= 'a' ? (char)(*l - 32) : *l;
        o[r.n_obs++] = (struct hn_store_run_obs){.module = S("m"),
                                                 .kind = S("thing"),
                                                 .subject = hn_arena_fmt(&mem, "thing %c", upper),
                                                 .fields = *l >= 'a' ? S("{\"v\":2}") : S("{\"v\":1}")};
    }
    return hn_store_run_put(s, p, asset.n ? &r : &r, ret ? ret : &unused);
}

static inline struct hn_str finding_id(struct hn_str asset, char letter)
{
    return hn_arena_fmt(&mem, "%.*s-finding-%c", HN_FMT(asset), letter);
}

static inline const char *status_of(struct hn_store *s, struct hn_str asset, char letter)
{
    struct hn_store_finding f;

    if (!hn_ok(hn_store_finding_get(s, SYS, finding_id(asset, letter), &mem, &f)))
        return "none";
    return hn_finding_status_name(f.status);
}

static inline void set_now(hn_time t)
{
    char text[HN_TIME_TEXT];

    setenv("HINOMI_NOW", hn_time_text(t, text), 1);
}

/* Number of problems that the check finds, each printed. */
static inline size_t problems(struct hn_store *s)
{
    struct hn_store_problem *v = NULL;
    size_t n = 0;

    if (!hn_ok(hn_store_check(s, &mem, &v, &n))) {
        printf("# check: %s\n", hn_store_why(s));
        return 1;
    }
    for (size_t i = 0; i < n; i++)
        printf("# %.*s: %.*s\n", HN_FMT(v[i].what), HN_FMT(v[i].detail));
    return n;
}
