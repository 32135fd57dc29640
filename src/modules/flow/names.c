/* Questions to name servers, where a log or a capture has them: bots that try names made up by the hundred until one
 * exists, and names whose addresses are hosts of strangers that change within minutes (Holz et al. 2008).
 *
 *   who asks ─▶ registrable names that do not exist, and how many of them look random
 *   name     ─▶ its addresses, their networks (/16, /32), its shortest validity, who asked
 *   (who, address) ─▶ the name by which the host came to it
 *
 * A registrable name counts once, whatever stands before it: lists of reputation ask thousands of names below one. */
#include <ctype.h>
#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/str.h"
#include "modules/flow/flow_in.h"

#define ASKERS_MAX    ((size_t)1 << 16)
#define NAMES_MAX     ((size_t)1 << 17)
#define ADDRESSES_MAX ((size_t)1 << 18)
#define TEXT_MAX      64u
#define EXAMPLES      3u
#define USERS_KEPT    4u
#define MADE_UP_LEAST 10u
#define FLUX_LEAST    12u  /* networks */
#define FLUX_TTL      900u /* seconds */

struct asker {
    struct hn_ip ip;
    bool asked; /* others ask it: a resolver */
    uint32_t questions, failed, n_examples;
    hn_time first, last;
    uint64_t none[16], random[16]; /* registrable names: linear counting */
    char examples[EXAMPLES][TEXT_MAX];
    double score;
};

struct name {
    char text[TEXT_MAX];
    bool random;
    uint32_t questions, ttl, n_users;
    hn_time first, last;
    uint64_t networks[4], addresses[4], everybody; /* linear counting; everybody: who asked */
    struct hn_ip users[USERS_KEPT];
    double score;
};

struct found {
    uint32_t asker, name;
    bool known;
};

struct flow_names {
    struct hn_rows askers, names, found;
    uint64_t forgotten;
};

/* ---------------------------------------------------------------- tables */

static uint64_t hash_ips(const struct hn_ip *a, const struct hn_ip *b)
{
    uint8_t k[34] = {a->family};
    memcpy(k + 1, a->b, 16);
    k[17] = b ? b->family : 0;
    if (b)
        memcpy(k + 18, b->b, 16);
    return hn_hash64(hn_bytes_of(k, sizeof k));
}

static struct flow_names *names_new(void)
{
    struct flow_names *t = hn_alloc_zero(sizeof *t);
    if (t) {
        t->askers = (struct hn_rows){.size = sizeof(struct asker), .max = ASKERS_MAX};
        t->names = (struct hn_rows){.size = sizeof(struct name), .max = NAMES_MAX};
        t->found = (struct hn_rows){.size = sizeof(struct found), .max = ADDRESSES_MAX};
    }
    return t;
}

void flow_names_free(struct flow_names *t)
{
    if (!t)
        return;
    hn_rows_free(&t->askers);
    hn_rows_free(&t->names);
    hn_rows_free(&t->found);
    hn_free(t);
}

uint64_t flow_names_forgotten(const struct flow_names *t)
{
    return t ? t->forgotten : 0;
}

/* ---------------------------------------------------------------- names */

/* In small letters; false: longer than names are, or with octets that names of hosts do not have. */
static bool plain(struct hn_bytes query, char out[256], struct hn_str *ret)
{
    while (query.n && query.p[query.n - 1] == '.')
        query.n--;
    if (!query.n || query.n > 253)
        return false;
    for (size_t i = 0; i < query.n; i++) {
        int c = tolower(query.p[i]);
        if (c >= 0x80 || (!isalnum(c) && !strchr("-_.", c)) || !c)
            return false;
        out[i] = (char)c;
    }
    *ret = (struct hn_str){out, query.n};
    return true;
}

/* "example.co.jp" of "www.example.co.jp": two labels, or three below a short one of a country. */
static struct hn_str registrable(struct hn_str name)
{
    size_t dots[3] = {0}, n = 0;
    for (size_t i = name.n; i-- && n < 3;)
        if (name.p[i] == '.')
            dots[n++] = i;
    bool country = n > 1 && name.n - dots[0] == 3 && dots[0] - dots[1] <= 4;
    size_t want = country ? 2 : 1;
    return n > want ? hn_str_cut(name, dots[want] + 1, name.n) : name;
}

/* Does the first label look thrown with dice: consonants in a row, hardly a vowel, letters and figures mixed? */
static bool looks_random(struct hn_str name)
{
    size_t letters = 0, vowels = 0, run = 0, most = 0, mixed = 0, n = 0;
    for (; n < name.n && name.p[n] != '.'; n++) {
        char c = name.p[n];
        bool letter = isalpha((unsigned char)c), vowel = letter && strchr("aeiouy", c);
        letters += letter;
        vowels += vowel;
        run = letter && !vowel ? run + 1 : 0;
        most = run > most ? run : most;
        mixed += n && isalnum((unsigned char)c) && isalnum((unsigned char)name.p[n - 1]) &&
                 letter != (bool)isalpha((unsigned char)name.p[n - 1]);
    }
    if (n < 7 || hn_str_starts(name, "xn--"))
        return false;
    return most >= 5 || (letters >= 8 && vowels * 5 < letters) || mixed >= 3;
}

/* Names by which nobody is found on the Internet: addresses turned round, the house's own, one word alone. */
static bool is_inner(struct hn_str name, struct hn_bytes type)
{
    static const char *const ends[] = {".arpa",     ".local",       ".lan",  ".home",
                                       ".internal", ".localdomain", ".corp", ".test"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (hn_str_ends(name, ends[i]))
            return true;
    return hn_bytes_eqc(type, "PTR") || !memchr(name.p, '.', name.n);
}

static void text_of(char out[TEXT_MAX], struct hn_str s)
{
    size_t n = s.n < TEXT_MAX ? s.n : TEXT_MAX - 1;
    memcpy(out, s.p, n);
    out[n] = 0;
}

/* ---------------------------------------------------------------- taking in */

static void seen(hn_time *first, hn_time *last, hn_time at)
{
    *first = !*first || at < *first ? at : *first;
    *last = at > *last ? at : *last;
}

static void note_missing(struct asker *k, struct hn_str name)
{
    struct hn_str r = registrable(name);
    flow_mark(k->none, 16, r.p, r.n);
    if (!looks_random(r))
        return;
    flow_mark(k->random, 16, r.p, r.n);
    for (uint32_t i = 0; i < k->n_examples; i++)
        if (hn_str_eqc(r, k->examples[i]))
            return;
    if (k->n_examples < EXAMPLES && r.n < TEXT_MAX)
        text_of(k->examples[k->n_examples++], r);
}

static void note_user(struct name *m, const struct hn_ip *who)
{
    flow_mark(&m->everybody, 1, who->b, 16);
    for (uint32_t i = 0; i < m->n_users; i++)
        if (hn_ip_eq(&m->users[i], who))
            return;
    if (m->n_users < USERS_KEPT)
        m->users[m->n_users++] = *who;
}

/* The host came to the address by this name; of several, one that looks random stays. */
static bool note_address(struct flow_names *t, const struct hn_flow_name *n, const struct hn_ip *ip, struct found by)
{
    const struct name *names = (const struct name *)(const void *)t->names.rows;
    struct found *f = hn_rows_row(&t->found, hash_ips(&n->src, ip));
    if (f && (!f->known || !names[f->name].random || names[by.name].random))
        *f = by;
    return f;
}

static void note_found(struct flow_names *t, const struct hn_flow_name *n, size_t asker, struct hn_str name)
{
    struct name *m = hn_rows_row(&t->names, hn_hash64(hn_str_bytes(name)));
    t->forgotten += !m;
    if (!m)
        return;
    if (!m->questions++) {
        text_of(m->text, name);
        m->random = looks_random(registrable(name));
        m->ttl = UINT32_MAX;
    }
    seen(&m->first, &m->last, n->at);
    m->ttl = n->ttl < m->ttl ? n->ttl : m->ttl;
    note_user(m, &n->src);
    struct found by = {(uint32_t)asker, (uint32_t)(m - (struct name *)(void *)t->names.rows), true};
    for (size_t i = 0; i < n->n_answers; i++) {
        const struct hn_ip *ip = &n->answers[i];
        flow_mark(m->addresses, 4, ip->b, 16);
        flow_mark(m->networks, 4, ip->b, ip->family == 4 ? 2 : 4);
        t->forgotten += !note_address(t, n, ip, by);
    }
}

void flow_names_add(struct flow_state *s, const struct hn_flow_name *n)
{
    char text[256];
    struct hn_str name;
    struct flow_names *t = s->names = s->names ? s->names : names_new();
    if (!t || !n->dst.family || !plain(n->query, text, &name) || is_inner(name, n->type))
        return;
    struct asker *of = hn_rows_row(&t->askers, hash_ips(&n->dst, NULL));
    if (of)
        of->asked = true;
    struct asker *k = hn_rows_row(&t->askers, hash_ips(&n->src, NULL));
    t->forgotten += !k;
    if (!k)
        return;
    k->ip = n->src;
    k->questions++;
    seen(&k->first, &k->last, n->at);
    if (n->state == HN_FLOW_NAME_NONE) {
        k->failed++;
        note_missing(k, name);
    } else if (n->n_answers) {
        note_found(t, n, (size_t)(k - (struct asker *)(void *)t->askers.rows), name);
    }
}

/* ---------------------------------------------------------------- judging */

static bool suspect(struct hn_arena *a, struct flow_suspect *x, enum flow_kind kind, const struct hn_ip *who)
{
    struct flow_fan *f = hn_arena_alloc(a, sizeof *f);
    if (!f)
        return false;
    *f = (struct flow_fan){.src = *who, .port = 53, .proto = 17};
    *x = (struct flow_suspect){.kind = kind, .fan = f};
    return true;
}

static bool judge_asker(const struct flow_state *s, struct hn_arena *a, struct asker *k, struct flow_suspect *x)
{
    unsigned none = flow_distinct(k->none, 16), random = flow_distinct(k->random, 16);
    const struct flow_host *h = flow_host_find(s, &k->ip);
    if (random < MADE_UP_LEAST || k->asked || !flow_is_own(s, &k->ip) || !suspect(a, x, FLOW_MADE_UP, &k->ip))
        return false;
    struct flow_fan *f = (struct flow_fan *)x->fan;
    f->n = k->questions;
    f->failed = k->failed;
    f->first = k->first;
    f->last = k->last;
    x->peers = random;
    x->logit = -3.2;
    x->what = hn_str_c("");
    for (uint32_t i = 0; i < k->n_examples; i++)
        x->what = hn_arena_fmt(a, "%s%s%s", x->what.p, i ? ", " : "", k->examples[i]);
    flow_term(x, "made-up", 2.5, flow_clamp(log10((double)random) - 0.9));
    flow_term(x, "random-looking", 2.5, flow_clamp((double)random / (none ? none : 1)));
    flow_term(x, "failed-names", 1.0, (double)k->failed / k->questions);
    flow_term(x, "mail-server", -1.5, h && h->mail_in > 0);
    k->score = x->score = flow_score_of(x->logit);
    return true;
}

/* Members of a pool that lend their addresses: scattered by nature. */
static bool is_pool(const struct name *m)
{
    return hn_str_ends(hn_str_c(m->text), "pool.ntp.org");
}

static double flux_of(const struct name *m, struct flow_suspect *x)
{
    unsigned networks = flow_distinct(m->networks, 4), addresses = flow_distinct(m->addresses, 4);
    unsigned users = flow_distinct(&m->everybody, 1);
    x->peers = networks;
    x->logit = -3.0;
    flow_term(x, "networks", 2.0, flow_clamp((log10((double)networks + 1) - 1) / 0.6));
    flow_term(x, "scattered", 1.8, flow_clamp(((double)networks / (addresses ? addresses : 1) - 0.5) / 0.4));
    flow_term(x, "short-lived", 1.0, m->ttl <= FLUX_TTL);
    flow_term(x, "popular", -2.0, users > USERS_KEPT);
    return flow_score_of(x->logit);
}

/* One suspect a host: its worst name; the others are counted in it. */
static size_t add_flux(struct hn_arena *a, const struct name *m, const struct hn_ip *who, struct flow_suspect *list,
                       size_t n)
{
    struct flow_suspect x;
    if (!suspect(a, &x, FLOW_FLUX, who))
        return n;
    struct flow_fan *f = (struct flow_fan *)x.fan;
    f->n = m->questions;
    f->first = m->first;
    f->last = m->last;
    x.score = flux_of(m, &x);
    x.what = hn_arena_str(a, hn_str_c(m->text));
    for (size_t i = 0; i < n; i++) {
        if (list[i].kind != FLOW_FLUX || !hn_ip_eq(&list[i].fan->src, who))
            continue;
        unsigned more = list[i].more + 1;
        if (x.logit > list[i].logit)
            list[i] = x;
        list[i].more = more;
        return n;
    }
    list[n] = x;
    return n + 1;
}

static bool is_flux(const struct name *m)
{
    return flow_distinct(m->networks, 4) >= FLUX_LEAST && m->ttl <= FLUX_TTL && !is_pool(m);
}

size_t flow_names_judge(struct flow_state *s, struct hn_arena *a, struct flow_suspect **ret)
{
    struct flow_names *t = s->names;
    struct name *names = t ? (struct name *)(void *)t->names.rows : NULL;
    struct asker *askers = t ? (struct asker *)(void *)t->askers.rows : NULL;
    size_t n = 0, most = t ? t->askers.n : 0;
    for (size_t i = 0; t && i < t->names.n; i++)
        most += is_flux(&names[i]) ? names[i].n_users : 0;
    *ret = hn_arena_alloc(a, (most + 1) * sizeof **ret);
    if (!t || !*ret)
        return 0;
    for (size_t i = 0; i < t->names.n; i++) {
        struct flow_suspect x = {.kind = FLOW_FLUX};
        if (!is_flux(&names[i]))
            continue;
        names[i].score = flux_of(&names[i], &x);
        for (uint32_t u = 0; u < names[i].n_users; u++)
            if (flow_is_own(s, &names[i].users[u]))
                n = add_flux(a, &names[i], &names[i].users[u], *ret, n);
    }
    for (size_t i = 0; i < t->askers.n; i++)
        n += askers[i].questions && judge_asker(s, a, &askers[i], &(*ret)[n]);
    return n;
}

double flow_names_of(const struct flow_state *s, const struct flow_pair *p)
{
    const struct flow_names *t = s->names;
    const struct found *f = t ? hn_rows_find(&t->found, hash_ips(&p->src, &p->dst)) : NULL;
    if (!f)
        return 0;
    const struct name *m = (const struct name *)(void *)t->names.rows + f->name;
    const struct asker *k = (const struct asker *)(void *)t->askers.rows + f->asker;
    double made_up = m->random ? k->score : 0, worst = made_up > m->score ? made_up : m->score;
    return worst >= FLOW_ALERT ? worst : 0;
}
