/* The join of network evidence: each rule, and what must not be joined. */
#include "core/net_join.h"

#include "base/str.h"
#include "hn_test.h"

#define NOW (1764340000 * HN_SECOND)

static const struct hn_net_source by = {HN_STR("t1"), HN_STR("telescope.port"), HN_STR("tcp:443")};

struct world {
    struct hn_arena a;
    struct hn_policy *policy;
    struct hn_net_listener l;
    struct hn_net_port p;
    struct hn_net_sender s;
    struct hn_net_hit hit;
    size_t hits;
    struct hn_str address;
    hn_time expires;
};

static void world_init(struct world *w)
{
    *w = (struct world){
        .l = {.subject = HN_STR("tcp:0.0.0.0:443"),
              .proto = HN_STR("tcp"),
              .reach = HN_STR("everywhere"),
              .firewall = HN_STR("open"),
              .port = 443,
              .has_networks = true,
              .public_network = true},
        .p = {.by = by, .proto = HN_STR("tcp"), .port = 443, .sources = 1234, .usual = -1, .last = NOW - HN_HOUR},
        .s = {.by = by,
              .kind = HN_NET_C2,
              .address = HN_STR("198.18.0.7"),
              .peer = HN_STR("192.0.2.1"),
              .port = 8443,
              .n = 99,
              .holders = 1,
              .last = NOW - HN_DAY},
        .hit = {.by = by,
                .address = HN_STR("198.18.0.7"),
                .proto = HN_STR("tcp"),
                .port = 443,
                .sources = 30,
                .holders = 1,
                .last = NOW - HN_HOUR},
        .address = HN_STR("198.18.0.7")};
    hn_arena_init(&w->a, 64 << 20);
    CHECK(hn_ok(hn_policy_load(NULL, &w->policy, NULL)));
}

static void world_done(struct world *w)
{
    hn_policy_free(w->policy);
    hn_arena_done(&w->a);
}

static const struct hn_jv *evidence(struct world *w, bool ports, bool senders)
{
    const struct hn_net_host host = {&w->l, 1, &w->address, 1};
    const struct hn_net_seen seen = {&w->p, ports, &w->s, senders, &w->hit, w->hits};
    struct hn_buf b;
    struct hn_jw j;
    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&j, &b);
    hn_net_evidence(&j, &w->a, &host, &seen, w->policy, NOW, &w->expires);
    const struct hn_jv *v = hn_jv_parse(&w->a, hn_str_bytes(hn_arena_str(&w->a, hn_buf_text(&b))), NULL);
    hn_buf_done(&b);
    return v;
}

/* What the first piece says of how many. */
static struct hn_str count_of(struct world *w)
{
    const struct hn_jv *v = evidence(w, true, false);
    return v && v->n ? hn_jv_str(hn_jv_get(&v->items[0], "params"), "n") : HN_STR("?");
}

/* "name" of the only piece, with a mark when it is not seen; "-" when there is none. */
static const char *only(struct world *w, bool ports, bool senders)
{
    const struct hn_jv *v = evidence(w, ports, senders);
    if (!v || v->n > 1)
        return "?";
    if (!v->n)
        return "-";
    return hn_arena_fmt(&w->a, "%.*s%s", HN_FMT(hn_jv_str(&v->items[0], "name")),
                        hn_jv_bool(&v->items[0], "seen", false) ? "" : "?")
        .p;
}

TEST(a_scanned_listener_that_is_reached)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    CHECK_C(only(&w, true, false), "scanned-now");
    CHECK(w.expires == w.p.last + 24 * HN_HOUR);
    CHECK_TEXT(count_of(&w), "1200");
    w.l.reach = HN_STR("public");
    CHECK_C(only(&w, true, false), "scanned-now");
}

TEST(what_scans_cannot_reach_is_not_joined)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    w.l.firewall = HN_STR("blocked");
    CHECK_C(only(&w, true, false), "-");
    w.l.firewall = HN_STR("open");
    w.l.reach = HN_STR("loopback");
    CHECK_C(only(&w, true, false), "-");
    w.l.reach = HN_STR("everywhere");
    w.l.port = 444;
    CHECK_C(only(&w, true, false), "-");
    w.l.port = 443;
    w.l.proto = HN_STR("udp");
    CHECK_C(only(&w, true, false), "-");
    w.l.proto = HN_STR("tcp");
    w.p.last = NOW - 24 * HN_HOUR; /* too old to the second */
    CHECK_C(only(&w, true, false), "-");
    CHECK(w.expires == 0);
}

TEST(behind_a_translation_it_is_said_and_not_joined)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    w.l.public_network = false;
    CHECK_C(only(&w, true, false), "scanned-maybe?");
    w.l.has_networks = false; /* then its addresses tell */
    w.address = HN_STR("10.0.0.7");
    CHECK_C(only(&w, true, false), "scanned-maybe?");
    w.address = HN_STR("8.8.4.4");
    CHECK_C(only(&w, true, false), "scanned-now");
    w.l.reach = HN_STR("private");
    CHECK_C(only(&w, true, false), "scanned-maybe?");
}

TEST(who_got_an_answer_from_the_address_got_there)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    w.hits = 1;
    w.l.public_network = false;
    CHECK_C(only(&w, false, false), "scanned-now");
    CHECK_C(only(&w, true, false), "scanned-now"); /* so others that scan for it get there, too */
    CHECK_TEXT(count_of(&w), "1200");
    w.hit.holders = 2;
    CHECK_C(only(&w, false, false), "-");
    w.hit.holders = 1;
    w.hit.port = 80;
    CHECK_C(only(&w, false, false), "-");
    w.hit.port = 443;
    w.hit.last = NOW - 24 * HN_HOUR;
    CHECK_C(only(&w, false, false), "-");
    w.hit.last = NOW - HN_HOUR;
    w.l.firewall = HN_STR("blocked");
    CHECK_C(only(&w, false, false), "-");
}

TEST(a_surge_comes_first)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    w.p.usual = 10;
    CHECK_C(only(&w, true, false), "scanned-surge");
    w.l.public_network = false; /* nothing is known of the way: then only what scans in general */
    CHECK_C(only(&w, true, false), "-");
}

TEST(what_is_still_right_is_no_news)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    hn_arena_init(&a, 1 << 20);
    struct hn_str was =
        HN_STR("[{\"name\":\"x\",\"params\":{\"n\":\"1200\",\"port\":\"443\"},\"node\":{\"label\":\"1200\"}}]");
    CHECK(hn_net_same(&a, was, was));
    CHECK(hn_net_same(
        &a, was,
        HN_STR("[{\"name\":\"x\",\"params\":{\"n\":\"1500\",\"port\":\"443\"},\"node\":{\"label\":\"1500\"}}]")));
    CHECK(!hn_net_same(
        &a, was,
        HN_STR("[{\"name\":\"x\",\"params\":{\"n\":\"2400\",\"port\":\"443\"},\"node\":{\"label\":\"2400\"}}]")));
    CHECK(!hn_net_same(
        &a, was,
        HN_STR("[{\"name\":\"x\",\"params\":{\"n\":\"1200\",\"port\":\"500\"},\"node\":{\"label\":\"1200\"}}]")));
    CHECK(!hn_net_same(&a, was, HN_STR("[]")));
}

TEST(senders_by_address)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    CHECK_C(only(&w, false, true), "c2-suspected");
    CHECK(w.expires == w.s.last + 7 * HN_DAY);
    w.s.kind = HN_NET_SCANS;
    CHECK_C(only(&w, false, true), "scans-others");
    w.s.kind = HN_NET_DARKNET;
    CHECK_C(only(&w, false, true), "seen-in-darknet");
    w.s.holders = 2; /* which of the two? */
    CHECK_C(only(&w, false, true), "network-ambiguous?");
    w.s.holders = 1;
    w.address = HN_STR("198.18.0.70");
    CHECK_C(only(&w, false, true), "-");
    w.address = w.s.address;
    w.s.last = NOW - 7 * HN_DAY;
    CHECK_C(only(&w, false, true), "-");
}

TEST(addresses_of_packets_from_elsewhere)
{
    HN_AUTO(world_done) struct world w;
    struct hn_str s;
    world_init(&w);
    STOP_IF_FAILED();
    CHECK(hn_net_address(&w.a, HN_STR("2001:DB8:0::1"), &s) && hn_str_eqc(s, "2001:db8::1"));
    CHECK(!hn_net_address(&w.a, HN_STR("127.0.0.1"), &s) && !hn_net_address(&w.a, HN_STR("fe80::1"), &s));
    CHECK(!hn_net_address(&w.a, HN_STR("0.0.0.0"), &s) && !hn_net_address(&w.a, HN_STR("eth0"), &s));
    CHECK(hn_net_round(1294) == 1200 && hn_net_round(99) == 99 && hn_net_round(0) == 0);
}

static const char finding[] =
    "{\"id\":\"x1234567\",\"kind\":\"packages.update-pending\",\"class\":\"vulnerability\",\"severity\":\"high\","
    "\"criticality\":1,\"impact\":\"total\",\"loss\":1,\"terms\":[{\"name\":\"scanned-now\",\"weight\":0,\"on\":\"p\","
    "\"seen\":false,\"params\":{},\"obs\":null},{\"name\":\"detection\",\"weight\":0,\"on\":\"p\",\"seen\":false,"
    "\"params\":{},\"obs\":null}],\"graph\":{\"nodes\":[{\"type\":\"listener\",\"label\":\"tcp:0.0.0.0:443\",\"obs\":"
    "null}],"
    "\"edges\":[]}}";

static const struct hn_jv *apply(struct world *w, const struct hn_jv *f, const struct hn_jv *e)
{
    struct hn_buf b;
    struct hn_jw j;
    hn_buf_init(&b, 1 << 20);
    hn_jw_init(&j, &b);
    bool done = hn_net_apply(&j, &w->a, f, e, w->policy);
    const struct hn_jv *v = done ? hn_jv_parse(&w->a, hn_str_bytes(hn_arena_str(&w->a, hn_buf_text(&b))), NULL) : NULL;
    hn_buf_done(&b);
    return v;
}

TEST(applied_again_it_is_the_same_and_taken_out_nothing_is_left)
{
    HN_AUTO(world_done) struct world w;
    world_init(&w);
    STOP_IF_FAILED();
    const struct hn_jv *f = hn_jv_parse(&w.a, hn_str_bytes(hn_str_c(finding)), NULL);
    const struct hn_jv *none = hn_jv_parse(&w.a, hn_str_bytes(HN_STR("[]")), NULL);
    const struct hn_jv *e = evidence(&w, true, true);
    CHECK(f && none && e && e->n == 2);
    CHECK(!apply(&w, f, none));
    const struct hn_jv *one = apply(&w, f, e), *two = one ? apply(&w, one, e) : NULL;
    const struct hn_jv *out = two ? apply(&w, two, none) : NULL;
    CHECK(one && two && out);
    CHECK(hn_jv_num(one, "score", 0) == hn_jv_num(two, "score", -1));
    CHECK(hn_jv_num(one, "score", 0) > hn_jv_num(out, "score", 100));
    CHECK(hn_jv_get(hn_jv_get(two, "graph"), "nodes")->n == 3 && hn_jv_get(hn_jv_get(out, "graph"), "nodes")->n == 1);
    CHECK(hn_jv_get(two, "terms")->n == 2 && hn_jv_get(out, "terms")->n == 2);
}
