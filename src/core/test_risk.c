/* The risk engine: the join, what raises and what lowers, properties over random hosts, reference hosts. */
#include "test_world.h"

#include <math.h>

#define LIB "/usr/lib/x86_64-linux-gnu/libssl.so.3"

static void library(struct world *w)
{
    world_add(w, "{'module':'packages','kind':'package','subject':'libssl3:amd64',"
                 "'fields':{'name':'libssl3','version':'3.0.15-1','source':'openssl'}}");
    world_add(w, "{'module':'packages','kind':'package','subject':'openssl:amd64',"
                 "'fields':{'name':'openssl','version':'3.0.15-1','source':'openssl'}}");
    world_add(w, "{'module':'packages','kind':'owner','subject':'" LIB "',"
                 "'fields':{'path':'" LIB "','package':'libssl3:amd64'}}");
}

static void mapped(struct world *w)
{
    world_add(w, "{'module':'processes','kind':'process','subject':'812:77',"
                 "'fields':{'exe':'/usr/sbin/nginx','uid':33}}");
    world_add(w, "{'module':'processes','kind':'mapped','subject':'" LIB "',"
                 "'fields':{'path':'" LIB "','executable':true,'processes':['812:77'],'users':1}}");
}

static void listening(struct world *w, const char *reach, const char *firewall)
{
    char text[512];
    snprintf(text, sizeof text,
             "{'module':'sockets','kind':'listener','subject':'tcp:%s:443','fields':{'proto':'tcp','address':'0.0.0.0',"
             "'port':443,'reach':'%s','firewall':'%s','processes':['812:77']}}",
             reach, reach, firewall);
    world_add(w, text);
}

static struct hn_finding *update(struct world *w)
{
    struct hn_finding *f = world_find(w, &world_m_packages, "update-pending");
    world_about(w, f, HN_REF_PACKAGE, "libssl3:amd64");
    return f;
}

static const char *input(const struct hn_finding *f, const char *name)
{
    for (const struct hn_param *p = f->inputs; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p->value.p;
    return "";
}

/* ---------------------------------------------------------------- the join */

TEST(joins_a_library_to_the_listener_of_a_process)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    mapped(&w);
    listening(&w, "everywhere", "open");
    struct hn_finding *f = update(&w);
    CHECK(world_rank(&w));
    const struct hn_term *t = world_has(f, "listens-everywhere");
    CHECK(t && t->obs);
    CHECK_TEXT(t->obs->subject, "tcp:everywhere:443");
    CHECK(world_has(f, "mapped-running"));
    CHECK(world_has(f, "firewall-open"));
    CHECK(!world_has(f, "runs-as-root"));
    CHECK_C(input(f, "exposed"), "yes");
    CHECK_C(f->due_rule, "bod-26-04:14");
    CHECK_INT(f->due_days, 3);
    CHECK_C(f->due_inputs[0].value, "unknown");
    CHECK_C(f->due_inputs[0].taken, "no");
}

TEST(a_source_joins_all_its_binaries)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    mapped(&w);
    struct hn_finding *f = world_find(&w, &world_m_packages, "update-pending");
    world_about(&w, f, HN_REF_PACKAGE, "openssl");
    CHECK(world_rank(&w));
    CHECK(world_has(f, "mapped-running"));
    CHECK_UINT(f->nodes[f->n_nodes - 1].type[0], 'p');
    CHECK_TEXT(f->nodes[f->n_nodes - 1].label, "openssl 3.0.15-1");
}

TEST(a_mapped_file_that_is_no_code_joins_nothing)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    world_add(&w,
              "{'module':'processes','kind':'process','subject':'812:77','fields':{'exe':'/usr/sbin/nginx','uid':0}}");
    world_add(&w, "{'module':'processes','kind':'mapped','subject':'" LIB "',"
                  "'fields':{'path':'" LIB "','executable':false,'processes':['812:77'],'users':1}}");
    struct hn_finding *f = update(&w);
    CHECK(world_rank(&w));
    CHECK(!world_has(f, "mapped-running"));
    CHECK(world_has(f, "mapped-none"));
}

TEST(the_executable_itself_counts_as_running)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    world_add(&w, "{'module':'packages','kind':'package','subject':'nginx:amd64','fields':{'name':'nginx'}}");
    world_add(&w, "{'module':'packages','kind':'owner','subject':'/usr/sbin/nginx',"
                  "'fields':{'path':'/usr/sbin/nginx','package':'nginx:amd64'}}");
    world_add(&w,
              "{'module':'processes','kind':'process','subject':'812:77','fields':{'exe':'/usr/sbin/nginx','uid':0}}");
    struct hn_finding *f = world_find(&w, &world_m_packages, "update-pending");
    world_about(&w, f, HN_REF_PACKAGE, "nginx:amd64");
    CHECK(world_rank(&w));
    CHECK(world_has(f, "mapped-running"));
    CHECK(world_has(f, "runs-as-root"));
    CHECK(world_has(f, "listens-none"));
    CHECK_C(input(f, "exposed"), "no");
    CHECK_C(f->due_rule, "bod-26-04:10");
}

TEST(old_code_that_is_still_mapped_is_named)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    world_add(&w,
              "{'module':'processes','kind':'process','subject':'812:77','fields':{'exe':'/usr/sbin/nginx','uid':0}}");
    world_add(&w, "{'module':'processes','kind':'mapped','subject':'" LIB " (deleted)',"
                  "'fields':{'path':'" LIB "','deleted':true,'processes':['812:77']}}");
    struct hn_finding *f = update(&w);
    CHECK(world_rank(&w));
    const struct hn_term *t = world_has(f, "old-code-mapped");
    CHECK(t && t->params);
    CHECK_C(t->params->name, "process");
    CHECK_TEXT(t->params->value, "nginx");
}

/* Old code of one program is not made worse by another that has the same library loaded, and listens. */
TEST(what_is_about_a_process_joins_no_other)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    listening(&w, "everywhere", "open");
    world_add(&w, "{'module':'processes','kind':'process','subject':'9:1','fields':{'exe':'/usr/sbin/logd','uid':9}}");
    world_add(&w,
              "{'module':'processes','kind':'process','subject':'812:77','fields':{'exe':'/usr/sbin/nginx','uid':0}}");
    world_add(&w, "{'module':'processes','kind':'mapped','subject':'" LIB "',"
                  "'fields':{'path':'" LIB "','executable':true,'processes':['9:1','812:77'],'users':2}}");
    struct hn_finding *f = world_find(&w, &world_m_packages, "update-pending");
    world_about(&w, f, HN_REF_PACKAGE, "libssl3:amd64");
    world_about(&w, f, HN_REF_PATH, LIB);
    world_about(&w, f, HN_REF_PROCESS, "9:1");
    CHECK(world_rank(&w));
    CHECK(world_has(f, "mapped-running"));
    CHECK(!world_has(f, "runs-as-root"));
    CHECK(!world_has(f, "listens-everywhere"));
    CHECK(world_has(f, "listens-none"));
}

/* ---------------------------------------------------------------- absence needs proof */

TEST(not_mapped_lowers_only_when_everything_was_seen)
{
    static const char *const missing[] = {"nothing", "complete", "root", "live", "packages"};
    double seen = 0;
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        HN_AUTO(world_done) struct world w;
        NOTE("without %s", missing[i]);
        world_init(&w);
        library(&w);
        world_add(&w,
                  "{'module':'processes','kind':'process','subject':'9:1','fields':{'exe':'/usr/sbin/sshd','uid':0}}");
        world_add(&w, "{'module':'sockets','kind':'listener','subject':'tcp:0.0.0.0:22','fields':{'reach':'everywhere',"
                      "'firewall':'open','processes':['9:1']}}");
        w.cover[1].complete = i != 1;
        w.cover[1].root = i != 2;
        w.cover[1].live = i != 3;
        w.cover[0].complete = i != 4;
        struct hn_finding *f = update(&w);
        CHECK(world_rank(&w));
        CHECK((world_has(f, "mapped-none") != NULL) == (i == 0));
        CHECK_C(input(f, "exposed"), i == 0 ? "no" : "unknown");
        CHECK_INT(f->due_days, i == 0 ? 60 : 3);
        seen = i == 0 ? f->score : seen;
        CHECK(i == 0 || f->score > seen);
    }
}

TEST(interpreted_code_is_never_called_unused)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    world_add(
        &w, "{'module':'packages','kind':'package','subject':'python3-django:all','fields':{'name':'python3-django'}}");
    struct hn_finding *f = world_find(&w, &world_m_packages, "update-pending");
    world_about(&w, f, HN_REF_PACKAGE, "python3-django:all");
    CHECK(world_rank(&w));
    CHECK(!world_has(f, "mapped-none"));
    CHECK_C(input(f, "exposed"), "unknown");
}

TEST(a_listener_that_no_process_owns_forbids_to_say_it_does_not_listen)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    mapped(&w);
    world_add(
        &w,
        "{'module':'sockets','kind':'listener','subject':'tcp:x:1','fields':{'reach':'everywhere','processes':[]}}");
    struct hn_finding *f = update(&w);
    CHECK(world_rank(&w));
    CHECK(!world_has(f, "listens-none"));
    CHECK_C(input(f, "exposed"), "unknown");
}

TEST(a_list_of_processes_that_was_cut_forbids_it_too)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    world_add(&w, "{'module':'processes','kind':'process','subject':'812:77',"
                  "'fields':{'exe':'/usr/sbin/nginx','uid':33,'seccomp':'filter','no_new_privs':true}}");
    world_add(&w, "{'module':'processes','kind':'mapped','subject':'" LIB "',"
                  "'fields':{'path':'" LIB "','processes':['812:77'],'users':900}}");
    struct hn_finding *f = update(&w);
    CHECK(world_rank(&w));
    CHECK(!world_has(f, "listens-none"));
    CHECK(!world_has(f, "runs-confined"));
}

/* One process elsewhere could not be looked into, but every listener's process was: what is exposed is known all the
 * same. */
TEST(what_listeners_have_loaded_is_enough_to_know_what_is_exposed)
{
    for (unsigned readable = 0; readable < 2; readable++) {
        HN_AUTO(world_done) struct world w;
        NOTE("readable %u", readable);
        world_init(&w);
        w.cover[1].complete = false;
        library(&w);
        world_add(&w,
                  "{'module':'processes','kind':'process','subject':'9:1','fields':{'exe':'/usr/sbin/sshd','uid':0}}");
        if (readable)
            world_add(&w, "{'module':'processes','kind':'mapped','subject':'/usr/lib/libc.so.6','fields':"
                          "{'path':'/usr/lib/libc.so.6','executable':true,'processes':['9:1'],'users':1}}");
        world_add(&w, "{'module':'sockets','kind':'listener','subject':'tcp:0.0.0.0:22','fields':{'reach':'everywhere',"
                      "'firewall':'open','processes':['9:1']}}");
        struct hn_finding *f = update(&w);
        CHECK(world_rank(&w));
        CHECK_C(input(f, "exposed"), readable ? "no" : "unknown");
        CHECK(!world_has(f, "mapped-none"));
    }
}

TEST(where_it_listens_decides_exposed)
{
    static const struct {
        const char *reach, *firewall, *exposed, *term;
    } cases[] = {
        {"everywhere", "open", "yes", "listens-everywhere"},   {"everywhere", "unknown", "yes", "listens-everywhere"},
        {"everywhere", "blocked", "no", "firewall-blocked"},   {"public", "unknown", "yes", "listens-everywhere"},
        {"private", "open", "unknown", "listens-one-network"}, {"link-local", "open", "unknown", "listens-one-network"},
        {"loopback", "unknown", "no", "listens-loopback"},
    };
    double last = 100;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        HN_AUTO(world_done) struct world w;
        NOTE("%s, %s", cases[i].reach, cases[i].firewall);
        world_init(&w);
        library(&w);
        mapped(&w);
        listening(&w, cases[i].reach, cases[i].firewall);
        struct hn_finding *f = update(&w);
        CHECK(world_rank(&w));
        CHECK(world_has(f, cases[i].term));
        CHECK_C(input(f, "exposed"), cases[i].exposed);
        if (i == 0 || i == 4 || i == 6) {
            CHECK(f->score < last);
            last = f->score;
        }
    }
}

/* ---------------------------------------------------------------- counting once, adding up */

TEST(the_same_evidence_counts_once)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    mapped(&w);
    listening(&w, "everywhere", "open");
    struct hn_finding *a = update(&w), *b = update(&w);
    world_about(&w, b, HN_REF_PACKAGE, "libssl3:amd64");
    world_about(&w, b, HN_REF_PACKAGE, "openssl");
    world_term(&w, b, "listens-everywhere");
    world_term(&w, b, "mapped-running");
    CHECK(world_rank(&w));
    CHECK_NUM(b->score, a->score);
    struct hn_finding *c = update(&w), *d = update(&w);
    world_term(&w, c, "kev");
    world_term(&w, d, "kev");
    world_term(&w, d, "kev");
    CHECK(world_rank(&w));
    CHECK(c->score > a->score);
    CHECK_NUM(d->score, c->score);
    CHECK_C(input(c, "kev"), "yes");
    CHECK_C(c->due_rule, "bod-26-04:15");
}

TEST(what_a_finding_is_made_of_does_not_count_again)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    mapped(&w);
    listening(&w, "everywhere", "open");
    struct hn_finding *f = world_find(&w, &world_m_config, "weak");
    world_about(&w, f, HN_REF_LISTENER, "tcp:everywhere:443");
    CHECK(world_rank(&w));
    double with = f->score;
    CHECK(world_has(f, "listens-everywhere"));
    struct hn_evidence own = {hn_facts_find(w.facts, "sockets.listener", HN_STR("tcp:everywhere:443")), "listener",
                              NULL};
    f->evidence = &own;
    CHECK(world_rank(&w));
    CHECK(!world_has(f, "listens-everywhere"));
    CHECK(f->score < with);
}

static double logit(double p)
{
    return log(p / (1 - p));
}

TEST(the_bars_add_up_to_the_score)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    mapped(&w);
    listening(&w, "everywhere", "open");
    world_add(&w, "{'module':'backup','kind':'proof','subject':'tape','fields':{'restorable':true}}");
    struct hn_finding *f = update(&w);
    f->since = WORLD_NOW - 12 * HN_DAY;
    world_param(&w, f, "epss", "0.42");
    CHECK(world_rank(&w));
    const struct hn_jv *v = world_json(&w, f), *terms = hn_jv_get(v, "terms");
    CHECK(v && terms);
    double sum = hn_jv_num(v, "prior", 0), loss = 1;
    for (size_t i = 0; i < terms->n; i++) {
        const struct hn_jv *t = &terms->items[i];
        bool seen = hn_jv_bool(t, "seen", false);
        CHECK(seen || hn_jv_num(t, "weight", 1) == 0);
        if (hn_str_eqc(hn_jv_str(t, "on"), "loss"))
            loss *= exp(hn_jv_num(t, "weight", 0));
        else
            sum += hn_jv_num(t, "weight", 0);
    }
    CHECK(fabs(sum - logit(f->p)) < 1e-9);
    CHECK(loss < 1 && fabs(loss - f->loss) < 1e-9);
    CHECK(fabs(f->score - 100 * (1 - exp(-hn_policy_kappa(w.policy) * f->p * f->loss))) < 1e-9);
    CHECK(world_has(f, "epss") && world_has(f, "fix-pending") && world_has(f, "backup-proven"));
}

/* ---------------------------------------------------------------- properties over random hosts */

struct random_host {
    uint64_t state;
    char obs[64][400];
    size_t n;
    bool cover[WORLD_MODULES][3];
    bool kev;
};

static unsigned draw(struct random_host *h, unsigned below)
{
    h->state = h->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(h->state >> 33) % below;
}

#define ADD(h, ...) snprintf((h)->obs[(h)->n++], sizeof(h)->obs[0], __VA_ARGS__)

static const char *const reaches[] = {"loopback", "private", "everywhere", "link-local", "public"};
static const char *const walls[] = {"open", "blocked", "unknown"};

static void add_process(struct random_host *h, unsigned pid)
{
    static const char *const confined[] = {"", ",'seccomp':'filter','no_new_privs':true",
                                           ",'capabilities':['sys_admin']"};
    unsigned kind = draw(h, 4);
    if (kind == 3)
        ADD(h, "{'module':'processes','kind':'process','subject':'%u:1','fields':{'exe':'/usr/bin/p%u'}}", pid, pid);
    else
        ADD(h, "{'module':'processes','kind':'process','subject':'%u:1','fields':{'exe':'/usr/bin/p%u','uid':%u%s}}",
            pid, pid, draw(h, 3) ? 1000 : 0, confined[kind]);
}

static void add_listener(struct random_host *h, unsigned port, unsigned pid)
{
    const char *reach = reaches[draw(h, 5)], *wall = walls[draw(h, 3)];
    char owner[32] = "";
    if (pid)
        snprintf(owner, sizeof owner, "'%u:1'", pid);
    ADD(h,
        "{'module':'sockets','kind':'listener','subject':'tcp:0.0.0.0:%u','fields':{'proto':'tcp','port':%u,"
        "'reach':'%s','firewall':'%s','processes':[%s]}}",
        port, port, reach, wall, owner);
}

/* A library in two files, up to five processes, listeners, connections, all or none of them there. */
static void random_host(struct random_host *h, uint64_t seed)
{
    *h = (struct random_host){.state = seed * 7919 + 1};
    draw(h, 2);
    ADD(h, "{'module':'packages','kind':'package','subject':'libx:amd64','fields':{'name':'%s','source':'x'}}",
        draw(h, 5) ? "libx" : "python3-x");
    for (unsigned i = 0; i < 2; i++)
        ADD(h,
            "{'module':'packages','kind':'owner','subject':'/usr/lib/x%u','fields':{'path':'/usr/lib/x%u',"
            "'package':'libx:amd64'}}",
            i, i);
    unsigned n = draw(h, 5);
    for (unsigned pid = 1; pid <= n; pid++) {
        add_process(h, pid);
        if (draw(h, 2))
            add_listener(h, 1000 + pid, pid);
        if (!draw(h, 4))
            ADD(h,
                "{'module':'sockets','kind':'connection','subject':'c%u','fields':{'processes':['%u:1'],"
                "'direction':'in','reach':'%s'}}",
                pid, pid, reaches[draw(h, 5)]);
    }
    for (unsigned i = 0; i < 2 && n; i++)
        if (draw(h, 3))
            ADD(h,
                "{'module':'processes','kind':'mapped','subject':'/usr/lib/x%u','fields':{'path':'/usr/lib/x%u',"
                "'deleted':%s,'processes':['%u:1','%u:1'],'users':%u}}",
                i, i, draw(h, 4) ? "false" : "true", 1 + draw(h, n), 1 + draw(h, n), draw(h, 5) ? 2 : 9);
    if (!draw(h, 6))
        add_listener(h, 9, 0);
    if (draw(h, 2))
        ADD(h, "{'module':'backup','kind':'proof','subject':'b','fields':{'restorable':%s}}",
            draw(h, 2) ? "true" : "false");
    for (unsigned m = 0; m < WORLD_MODULES; m++)
        for (unsigned k = 0; k < 3; k++)
            h->cover[m][k] = draw(h, 5) != 0;
    h->kev = !draw(h, 4);
}

/* The score; order permutes the observations. Gives the JSON too when wanted. */
static double score_of(const struct random_host *h, unsigned order, struct hn_buf *json)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    for (size_t i = 0; i < h->n; i++)
        world_add(&w, h->obs[order ? (i * order + order) % h->n : i]);
    for (unsigned m = 0; m < WORLD_MODULES; m++) {
        w.cover[m].live = h->cover[m][0];
        w.cover[m].root = h->cover[m][1];
        w.cover[m].complete = h->cover[m][2];
    }
    struct hn_finding *f = world_find(&w, &world_m_packages, "update-pending");
    world_about(&w, f, HN_REF_PACKAGE, "libx:amd64");
    if (h->kev)
        world_term(&w, f, "kev");
    if (!world_rank(&w))
        return NAN;
    if (json) {
        struct hn_jw jw;
        hn_jw_init(&jw, json);
        hn_finding_json(&jw, &w.arena, f, w.policy, true);
    }
    return f->score;
}

#define HOSTS 400

TEST_LONG(what_was_not_seen_never_lowers, 120)
{
    for (unsigned seed = 1; seed <= HOSTS; seed++) {
        struct random_host h;
        random_host(&h, seed);
        double full = score_of(&h, 0, NULL);
        for (unsigned m = 0; m < WORLD_MODULES; m++)
            for (unsigned k = 0; k < 3; k++) {
                struct random_host less = h;
                NOTE("host %u, module %u, flag %u", seed, m, k);
                less.cover[m][k] = false;
                CHECK(score_of(&less, 0, NULL) >= full - 1e-9);
            }
    }
}

TEST(more_evidence_of_danger_never_lowers)
{
    for (unsigned seed = 1; seed <= HOSTS; seed++) {
        struct random_host h, more;
        random_host(&h, seed);
        double before = score_of(&h, 0, NULL);
        NOTE("host %u", seed);
        more = h;
        ADD(&more,
            "{'module':'processes','kind':'process','subject':'50:1','fields':{'exe':'/usr/lib/x0','uid':%u,"
            "'seccomp':'filter','no_new_privs':true}}",
            draw(&more, 2));
        double running = score_of(&more, 0, NULL);
        CHECK(running >= before - 1e-9);
        add_listener(&more, 50, 50);
        double listening_too = score_of(&more, 0, NULL);
        CHECK(listening_too >= running - 1e-9);
        add_listener(&more, 51, 50);
        CHECK(score_of(&more, 0, NULL) >= listening_too - 1e-9);
        ADD(&more, "{'module':'sockets','kind':'connection','subject':'c50','fields':{'processes':['50:1'],"
                   "'direction':'in','reach':'public'}}");
        CHECK(score_of(&more, 0, NULL) >= listening_too - 1e-9);
        more.kev = true;
        CHECK(score_of(&more, 0, NULL) >= listening_too - 1e-9);
    }
}

/* Stride permutations: every stride that shares no factor with n gives another order of all observations. */
TEST(the_order_of_arrival_does_not_matter)
{
    for (unsigned seed = 1; seed <= HOSTS / 4; seed++) {
        struct random_host h;
        HN_AUTO(hn_buf_done) struct hn_buf first, other;
        random_host(&h, seed);
        hn_buf_init(&first, 1 << 20);
        hn_buf_init(&other, 1 << 20);
        score_of(&h, 0, &first);
        for (unsigned stride = 1; stride < h.n; stride++) {
            unsigned a = stride, b = (unsigned)h.n;
            while (b) {
                unsigned t = a % b;
                a = b;
                b = t;
            }
            if (a != 1)
                continue;
            hn_buf_clear(&other);
            score_of(&h, stride, &other);
            NOTE("host %u, stride %u", seed, stride);
            CHECK_STR(hn_buf_text(&other), hn_buf_text(&first));
        }
    }
}

TEST(the_graph_stays_small_and_whole)
{
    for (unsigned seed = 1; seed <= HOSTS; seed++) {
        struct random_host h;
        HN_AUTO(hn_arena_done) struct hn_arena a;
        HN_AUTO(hn_buf_done) struct hn_buf b;
        random_host(&h, seed);
        hn_arena_init(&a, 8 << 20);
        hn_buf_init(&b, 1 << 20);
        score_of(&h, 0, &b);
        const struct hn_jv *g = hn_jv_get(hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&b)), NULL), "graph");
        const struct hn_jv *nodes = hn_jv_get(g, "nodes"), *edges = hn_jv_get(g, "edges");
        NOTE("host %u", seed);
        CHECK(nodes && nodes->n >= 1 && nodes->n <= 12);
        for (size_t i = 0; i < edges->n; i++) {
            int64_t from = hn_jv_int(&edges->items[i], "from", -1), to = hn_jv_int(&edges->items[i], "to", -1);
            CHECK(from >= 0 && to >= 0 && from < (int64_t)nodes->n && to < (int64_t)nodes->n && from != to);
        }
    }
}

/* A process with a thousand libraries and a library in a thousand processes: folded, counted, quick. */
TEST(a_large_host_is_folded)
{
    HN_AUTO(world_done) struct world w;
    char text[512];
    world_init(&w);
    library(&w);
    for (unsigned i = 1; i <= 3000; i++) {
        snprintf(text, sizeof text,
                 "{'module':'processes','kind':'process','subject':'%u:1','fields':{'exe':'" LIB "','uid':1000}}", i);
        world_add(&w, text);
    }
    for (unsigned i = 0; i < 300; i++)
        update(&w);
    CHECK(world_rank(&w));
    const struct hn_finding *f = w.first;
    bool more = false;
    for (size_t i = 0; i < f->n_nodes; i++)
        more = more || (strcmp(f->nodes[i].type, "more") == 0 && hn_str_eqc(f->nodes[i].label, "2998"));
    CHECK(more);
    const struct hn_term *t = world_has(f, "mapped-running");
    CHECK(t);
    CHECK_TEXT(t->params->next->value, "1");
    CHECK_TEXT(t->params->next->next->value, "2999");
}

/* ---------------------------------------------------------------- due dates and hosts */

TEST(what_is_no_vulnerability_follows_severity)
{
    static const int64_t days[] = {-1, -1, 60, 14, 3};
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    for (enum hn_severity s = HN_SEV_INFO; s <= HN_SEV_CRITICAL; s++)
        world_find(&w, &world_m_config, "weak")->severity = s;
    CHECK(world_rank(&w));
    const struct hn_finding *f = w.first;
    for (enum hn_severity s = HN_SEV_INFO; s <= HN_SEV_CRITICAL; s++, f = f->next) {
        NOTE("%s", hn_severity_name(s));
        CHECK_INT(f->due_days, days[s]);
        CHECK_C(f->due_rule, hn_arena_fmt(&w.arena, "severity:%s", hn_severity_name(s)).p);
    }
}

TEST(a_judge_can_tell_the_inputs)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    struct hn_finding *f = world_find(&w, &world_m_packages, "other");
    world_param(&w, f, "exposed", "no");
    world_param(&w, f, "automatable", "no");
    world_param(&w, f, "technical_impact", "partial");
    CHECK(world_rank(&w));
    CHECK_C(f->due_rule, "bod-26-04:0");
    CHECK_INT(f->due_days, -1);
    CHECK_C(f->impact, "partial");
}

TEST(the_most_critical_asset_weighs_more_and_stays_below_the_top)
{
    double last = 0;
    for (double c = 0.25; c <= 2; c *= 2) {
        HN_AUTO(world_done) struct world w;
        world_init(&w);
        w.criticality = c;
        library(&w);
        mapped(&w);
        listening(&w, "everywhere", "open");
        struct hn_finding *f = update(&w);
        world_term(&w, f, "kev");
        world_term(&w, f, "detection");
        f->severity = HN_SEV_CRITICAL;
        CHECK(world_rank(&w));
        CHECK(f->score > last && f->score <= 100 && f->share <= 1);
        last = f->score;
    }
    CHECK(last > 99);
}

TEST(findings_are_sorted_by_score_then_severity_then_id)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    library(&w);
    for (unsigned i = 0; i < 100; i++)
        world_find(&w, &world_m_config, "weak")->severity = (enum hn_severity)(i * 7 % 5);
    CHECK(world_rank(&w));
    struct hn_finding *f = hn_risk_sort(w.first);
    size_t n = 1;
    for (; f->next; f = f->next, n++) {
        CHECK(f->score >= f->next->score);
        CHECK(f->score != f->next->score || strcmp(f->id, f->next->id) < 0);
    }
    CHECK_UINT(n, 100);
}

TEST(a_cause_counts_once_at_its_worst)
{
    const struct hn_score_item one[] = {{HN_STR_INIT("a"), 0.1}, {HN_STR_INIT("b"), 0.2}};
    const struct hn_score_item twice[] = {{HN_STR_INIT("a"), 0.05}, {HN_STR_INIT("b"), 0.2}, {HN_STR_INIT("a"), 0.1}};
    const struct hn_score_item none[] = {{{"", 0}, 0.1}, {{"", 0}, 0.2}};
    HN_AUTO(hn_arena_done) struct hn_arena a;
    size_t n;
    hn_arena_init(&a, 1 << 20);
    CHECK(fabs(hn_score_host(one, 2) - 28) < 1e-9); /* 1 − 0.9 × 0.8 */
    CHECK(fabs(hn_score_host(twice, 3) - 28) < 1e-9);
    CHECK(fabs(hn_score_host(none, 2) - 28) < 1e-9);
    CHECK_NUM(hn_score_host(NULL, 0), 0);
    const struct hn_score_cause *c = hn_score_causes(&a, twice, 3, &n);
    CHECK_UINT(n, 2);
    CHECK_TEXT(c[0].cause, "b");
    CHECK(fabs(c[0].drop - 18) < 1e-9); /* 28 − 10 */
    CHECK_UINT(c[1].findings, 2);
    CHECK_UINT(c[1].worst, 2);
    CHECK(fabs(c[1].drop - 8) < 1e-9);
}

TEST(an_organisation_is_the_weighted_mean_beside_its_worst)
{
    const struct hn_score_asset assets[] = {{10, 1}, {80, 2}, {30, 0}};
    size_t worst;
    CHECK_NUM(hn_score_organisation(assets, 3, &worst), 50);
    CHECK_UINT(worst, 1);
    CHECK(isnan(hn_score_organisation(NULL, 0, NULL)));
}

/* Two hosts as a diagnosis sees them: kind, severity and number of findings. */
static double reference_host(const unsigned (*config)[5], unsigned updates, bool exposed_host)
{
    HN_AUTO(world_done) struct world w;
    struct hn_score_item items[512];
    size_t n = 0;
    world_init(&w);
    w.cover[4].live = false;
    library(&w);
    if (exposed_host) {
        mapped(&w);
        listening(&w, "everywhere", "open");
    }
    for (unsigned s = 0; s < 5; s++)
        for (unsigned i = 0; i < (*config)[s]; i++)
            world_find(&w, &world_m_config, "weak")->severity = (enum hn_severity)s;
    for (unsigned i = 0; i < updates; i++)
        update(&w)->since = WORLD_NOW - (exposed_host ? 90 : 1) * HN_DAY;
    if (!world_rank(&w))
        return NAN;
    for (const struct hn_finding *f = w.first; f && n < 512; f = f->next)
        items[n++] = (struct hn_score_item){f->cause, f->share};
    return hn_score_host(items, n);
}

TEST(a_hardened_and_a_neglected_host_lie_far_apart)
{
    static const unsigned hardened[5] = {5, 12, 4, 0, 0}, neglected[5] = {10, 40, 60, 12, 2};
    double good = reference_host(&hardened, 1, false), poor = reference_host(&neglected, 25, true);
    NOTE("hardened %.1f, neglected %.1f", good, poor);
    printf("# hardened %.1f, neglected %.1f\n", good, poor);
    CHECK(poor - good >= 30);
    CHECK(good < 15);
    CHECK(poor < 98); /* does not saturate: one more finding still shows */
}
