/* Export packets made by hand after their specifications, and what a collector must remember between them. */
#include "hn_test.h"

#include "format/flow/export.h"

#define NOW (1700000000 * HN_SECOND)

static struct hn_flow got[64];
static size_t n_got;

static void take(void *arg, const struct hn_flow *f)
{
    if (n_got < 64)
        got[n_got] = *f;
    n_got++;
}

static struct hn_export *begin(void)
{
    struct hn_export_sink sink = {take, NULL};
    n_got = 0;
    return hn_export_new(&sink);
}

static void release(struct hn_export **x)
{
    hn_export_free(*x);
}
#define EXPORT(x)                                                                                                      \
    HN_AUTO(release) struct hn_export *x = begin();                                                                    \
    CHECK(x != NULL)

/* All zero where there is none. */
static const struct hn_exporter *at(const struct hn_export *x, size_t i)
{
    static const struct hn_exporter none;
    const struct hn_exporter *e = hn_export_at(x, i);
    return e ? e : &none;
}

/* ---------------------------------------------------------------- writing */

struct packet {
    uint8_t b[2048];
    size_t n, set;
};

static void put(struct packet *p, uint64_t v, unsigned octets)
{
    for (unsigned i = octets; i--;)
        p->b[p->n++] = (uint8_t)(v >> (8 * i));
}

static void patch(struct packet *p, size_t at, unsigned v)
{
    p->b[at] = (uint8_t)(v >> 8);
    p->b[at + 1] = (uint8_t)v;
}

static void set_begin(struct packet *p, unsigned id)
{
    p->set = p->n;
    put(p, id, 2);
    put(p, 0, 2);
}

static void set_end(struct packet *p)
{
    patch(p, p->set + 2, (unsigned)(p->n - p->set));
}

static struct packet v9(uint32_t sequence, uint32_t domain)
{
    struct packet p = {.n = 0};
    put(&p, 9, 2);
    put(&p, 1, 2);
    put(&p, 60000, 4); /* up for a minute */
    put(&p, 1700000000, 4);
    put(&p, sequence, 4);
    put(&p, domain, 4);
    return p;
}

static struct packet ipfix(uint32_t sequence, uint32_t domain)
{
    struct packet p = {.n = 0};
    put(&p, 10, 2);
    put(&p, 0, 2);
    put(&p, 1700000000, 4);
    put(&p, sequence, 4);
    put(&p, domain, 4);
    return p;
}

static void send_from(struct hn_export *x, struct packet *p, uint16_t port)
{
    struct hn_ip from = hn_ip4((uint8_t[]){192, 0, 2, 1});
    if (p->b[1] == 10)
        patch(p, 2, (unsigned)p->n);
    uint8_t *exact = hn_alloc(p->n); /* one octet too far is seen */
    if (!exact)
        return;
    memcpy(exact, p->b, p->n);
    hn_export_packet(x, &from, port, NOW, hn_bytes_of(exact, p->n));
    hn_free(exact);
}

static void send(struct hn_export *x, struct packet *p)
{
    send_from(x, p, 40000);
}

/* src, dst, ports, protocol, packets u32, octets u32 */
static void template4(struct packet *p, unsigned set, unsigned id)
{
    static const unsigned fields[][2] = {{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}, {22, 4}, {21, 4}};
    set_begin(p, set);
    put(p, id, 2);
    put(p, 9, 2);
    for (size_t i = 0; i < 9; i++) {
        put(p, fields[i][0], 2);
        put(p, fields[i][1], 2);
    }
    set_end(p);
}

static void record4(struct packet *p, unsigned host, unsigned packets)
{
    put(p, 0x0a000000u | host, 4);
    put(p, 0xc6336401u, 4);
    put(p, 40000 + host, 2);
    put(p, 443, 2);
    put(p, 6, 1);
    put(p, packets, 4);
    put(p, packets * 100, 4);
    put(p, 50000, 4);
    put(p, 55000, 4);
}

/* ---------------------------------------------------------------- v5 */

static struct packet v5(uint32_t sequence, unsigned count, unsigned sampling)
{
    struct packet p = {.n = 0};
    put(&p, 5, 2);
    put(&p, count, 2);
    put(&p, 10000, 4); /* sysUptime began again ten seconds ago */
    put(&p, 1700000000, 4);
    put(&p, 500000000, 4);
    put(&p, sequence, 4);
    put(&p, 0x0107, 2);
    put(&p, sampling, 2);
    for (unsigned i = 0; i < count; i++) {
        put(&p, 0x0a000001u, 4);
        put(&p, 0xc6336401u, 4);
        put(&p, 0, 4);
        put(&p, 3, 2);
        put(&p, 4, 2);
        put(&p, 7 + i, 4);
        put(&p, 4200, 4);
        put(&p, 4294960296u, 4); /* first: before the counter wrapped: 17 s ago */
        put(&p, 9000, 4);
        put(&p, 1234, 2);
        put(&p, 80, 2);
        put(&p, 0x001b, 2); /* pad, flags */
        put(&p, 6, 1);
        put(&p, 0x10, 1);
        put(&p, 64500, 2);
        put(&p, 64501, 2);
        put(&p, 0, 4);
    }
    return p;
}

TEST(v5_times_are_safe_when_uptime_wraps)
{
    EXPORT(x);
    struct packet p = v5(100, 2, 0x4000 | 512);
    send(x, &p);
    CHECK_UINT(n_got, 2);
    CHECK_INT(got[0].last, NOW + HN_SECOND / 2 - HN_SECOND);
    CHECK_INT(got[0].first, NOW + HN_SECOND / 2 - 17 * HN_SECOND);
    CHECK_UINT(got[1].packets, 8);
    CHECK_UINT(got[0].sampling, 512);
    CHECK_UINT(got[0].flags, 0x1b);
    CHECK_UINT(got[0].src_as, 64500);
    CHECK_UINT(at(x, 0)->domain, 0x0107);
}

TEST(v5_sequence_counts_flows)
{
    EXPORT(x);
    struct packet p = v5(4294967290u, 10, 0);
    send(x, &p);
    p = v5(4, 3, 0);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 0);
    p = v5(27, 1, 0);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 20);
    CHECK_UINT(at(x, 0)->gaps, 1);
    p = v5(4, 3, 0); /* again, late */
    send(x, &p);
    CHECK_UINT(at(x, 0)->disordered, 1);
    p = v5(28, 1, 0);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 20);
    p = v5(2000000000, 1, 0);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 20);
    CHECK_UINT(at(x, 0)->restarts, 1);
}

TEST(v5_announces_more_than_there_is)
{
    EXPORT(x);
    struct packet p = v5(0, 2, 0);
    p.b[3] = 30;
    send(x, &p);
    CHECK_UINT(n_got, 2);
    CHECK_UINT(at(x, 0)->bad[HN_EXPORT_COUNT], 1);
    for (size_t n = 0; n < 24 + 48; n++) { /* every cut */
        struct packet cut = v5(0, 1, 0);
        cut.n = n;
        send(x, &cut);
    }
    CHECK_UINT(n_got, 2);
}

/* ---------------------------------------------------------------- v9 */

TEST(v9_data_wait_for_their_template)
{
    EXPORT(x);
    struct packet p = v9(1, 7);
    set_begin(&p, 300);
    record4(&p, 1, 5);
    record4(&p, 2, 6);
    put(&p, 0, 3); /* padding */
    set_end(&p);
    send(x, &p);
    CHECK_UINT(n_got, 0);
    CHECK_UINT(at(x, 0)->waiting_sets, 1);
    p = v9(2, 7);
    template4(&p, 0, 300);
    send(x, &p);
    CHECK_UINT(n_got, 2);
    CHECK_UINT(got[1].bytes, 600);
    CHECK_INT(got[1].first, NOW - 10 * HN_SECOND);
    CHECK_INT(got[1].last, NOW - 5 * HN_SECOND);
    p = v9(2, 8); /* another source of the same address has templates of its own */
    set_begin(&p, 300);
    record4(&p, 1, 5);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(n_got, 2);
    CHECK_UINT(at(x, 1)->waiting_sets, 1);
    hn_export_give_up(x, NOW); /* it came just now */
    CHECK_UINT(at(x, 1)->unknown_sets, 0);
    hn_export_give_up(x, NOW + 1);
    CHECK_UINT(at(x, 1)->unknown_sets, 1);
    CHECK_UINT(at(x, 0)->unknown_sets, 0);
    p = v9(3, 8);
    template4(&p, 0, 300);
    send(x, &p);
    CHECK_UINT(n_got, 2);
}

TEST(v9_a_template_changes_its_meaning)
{
    EXPORT(x);
    struct packet p = v9(1, 0);
    template4(&p, 0, 300);
    set_begin(&p, 0);
    put(&p, 300, 2);
    put(&p, 2, 2);
    put(&p, 27, 2);
    put(&p, 16, 2);
    put(&p, 2, 2);
    put(&p, 8, 2);
    set_end(&p);
    set_begin(&p, 300);
    put(&p, 0x20010db8u, 4);
    put(&p, 0, 8);
    put(&p, 9, 4);
    put(&p, 77, 8);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(at(x, 0)->changed, 1);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].src.family, 6);
    CHECK_UINT(got[0].packets, 77);
}

/* Two samplers: the record says which. An interval of zero multiplies nothing. */
TEST(v9_samplers)
{
    EXPORT(x);
    struct packet p = v9(1, 0);
    set_begin(&p, 1);
    put(&p, 256, 2);
    put(&p, 4, 2); /* octets of scopes */
    put(&p, 8, 2); /* octets of options */
    put(&p, 1, 2);
    put(&p, 4, 2);
    put(&p, 48, 2);
    put(&p, 1, 2);
    put(&p, 50, 2);
    put(&p, 4, 2);
    set_end(&p);
    set_begin(&p, 256);
    for (unsigned i = 1; i <= 3; i++) {
        put(&p, 1, 4);
        put(&p, i, 1);
        put(&p, i == 1 ? 100 : i == 2 ? 1000 : 0, 4);
    }
    set_end(&p);
    set_begin(&p, 0);
    put(&p, 300, 2);
    put(&p, 2, 2);
    put(&p, 48, 2);
    put(&p, 1, 2);
    put(&p, 2, 2);
    put(&p, 4, 2);
    set_end(&p);
    set_begin(&p, 300);
    for (unsigned i = 1; i <= 3; i++) {
        put(&p, i, 1);
        put(&p, 10, 4);
    }
    set_end(&p);
    send(x, &p);
    CHECK_UINT(n_got, 3);
    CHECK_UINT(got[0].sampling, 100);
    CHECK_UINT(got[1].sampling, 1000);
    CHECK_UINT(got[2].sampling, 0);
    CHECK_UINT(hn_flow_scale(&got[2]), 1);
    struct hn_ip net = hn_ip4((uint8_t[]){192, 0, 2, 0});
    CHECK(hn_export_override(x, &net, 24, 50));
    send(x, &p);
    CHECK_UINT(got[3].sampling, 50);
}

/* H3C writes names of variable length into v9, in the form of IPFIX. */
TEST(v9_with_a_variable_field)
{
    EXPORT(x);
    struct packet p = v9(1, 0);
    set_begin(&p, 0);
    put(&p, 300, 2);
    put(&p, 2, 2);
    put(&p, 236, 2);
    put(&p, 65535, 2);
    put(&p, 2, 2);
    put(&p, 4, 2);
    set_end(&p);
    set_begin(&p, 300);
    put(&p, 1, 1);
    put(&p, 'v', 1);
    put(&p, 7, 4);
    set_end(&p);
    CHECK(hn_export_begins(hn_bytes_of(p.b, p.n)));
    CHECK(!hn_export_begins(hn_bytes_of(p.b, p.n - 4)));
    send(x, &p);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].packets, 7);
}

/* ---------------------------------------------------------------- IPFIX */

/* Random sampling, one of 256, as IOS XR tells it: with a packet interval of one besides. */
TEST(ipfix_random_sampling)
{
    static const unsigned fields[] = {302, 305, 309, 310}, values[] = {1, 1, 1, 256};
    EXPORT(x);
    struct packet p = ipfix(0, 1);
    set_begin(&p, 3);
    put(&p, 257, 2);
    put(&p, 4, 2);
    put(&p, 1, 2); /* of them, scopes */
    for (unsigned i = 0; i < 4; i++) {
        put(&p, fields[i], 2);
        put(&p, 4, 2);
    }
    set_end(&p);
    set_begin(&p, 257);
    for (unsigned i = 0; i < 4; i++)
        put(&p, values[i], 4);
    set_end(&p);
    template4(&p, 2, 400);
    set_begin(&p, 400);
    record4(&p, 1, 3);
    set_end(&p);
    send(x, &p);
    CHECK(hn_export_begins(hn_bytes_of(p.b, p.n)));
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].sampling, 256);
}

TEST(ipfix_variable_enterprise_and_reverse)
{
    EXPORT(x);
    struct packet p = ipfix(0, 1);
    set_begin(&p, 2);
    put(&p, 400, 2);
    put(&p, 6, 2);
    put(&p, 8, 2);
    put(&p, 4, 2);
    put(&p, 0x8000u | 5, 2); /* somebody's own, variable */
    put(&p, 65535, 2);
    put(&p, 12345, 4);
    put(&p, 1, 2);
    put(&p, 2, 2); /* reduced size */
    put(&p, 0x8000u | 1, 2);
    put(&p, 4, 2);
    put(&p, 29305, 4);
    put(&p, 156, 2);
    put(&p, 8, 2);
    put(&p, 161, 2);
    put(&p, 4, 2);
    set_end(&p);
    set_begin(&p, 400);
    for (unsigned i = 0; i < 2; i++) {
        put(&p, 0x0a000005u, 4);
        if (i) {
            put(&p, 255, 1); /* the long form for a short value is legal */
            put(&p, 2, 2);
        } else {
            put(&p, 2, 1);
        }
        put(&p, 0xabcd, 2);
        put(&p, 500, 2);
        put(&p, 900, 4);
        put(&p, 1700000000u + 2208988800u, 4);
        put(&p, 0x80000000u, 4); /* and a half */
        put(&p, 1500, 4);
    }
    set_end(&p);
    send(x, &p);
    CHECK_UINT(n_got, 2);
    CHECK_UINT(got[1].bytes, 500);
    CHECK_UINT(got[1].bytes_back, 900);
    CHECK(got[1].known & HN_FLOW_BACK);
    CHECK_INT(got[1].first, NOW + HN_SECOND / 2);
    CHECK_INT(got[1].last, NOW + 2 * HN_SECOND);
    CHECK_UINT(at(x, 0)->bad[HN_EXPORT_RECORD], 0);
}

TEST(ipfix_sequence_counts_records)
{
    EXPORT(x);
    struct packet p = ipfix(0, 1);
    template4(&p, 2, 300);
    set_begin(&p, 300);
    for (unsigned i = 0; i < 5; i++)
        record4(&p, i, 1);
    set_end(&p);
    send(x, &p);
    p = ipfix(5, 1);
    set_begin(&p, 300);
    record4(&p, 9, 1);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 0);
    p = ipfix(13, 1);
    set_begin(&p, 300);
    record4(&p, 9, 1);
    set_end(&p);
    set_begin(&p, 999); /* no template: how many records cannot be told */
    put(&p, 1, 8);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 7);
    p = ipfix(40, 1);
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 7);
}

static void one_v9(struct hn_export *x, uint32_t sequence, uint16_t port)
{
    struct packet p = v9(sequence, 1);
    send_from(x, &p, port);
}

TEST(senders_of_one_address_count_for_themselves)
{
    EXPORT(x);
    for (uint32_t i = 0; i < 10; i++) {
        one_v9(x, i, 1000);
        one_v9(x, 700000 + i, 2000);
    }
    CHECK(hn_export_at(x, 1) == NULL);
    CHECK_UINT(at(x, 0)->lost + at(x, 0)->gaps + at(x, 0)->disordered + at(x, 0)->restarts, 0);
    one_v9(x, 13, 1000);
    one_v9(x, 700012, 2000);
    CHECK_UINT(at(x, 0)->lost, 3 + 2);
    one_v9(x, 0, 2000);                             /* begins again */
    for (uint16_t port = 3000; port < 3008; port++) /* those that give way keep what they lost */
        one_v9(x, port * 100000u, port);
    CHECK_UINT(at(x, 0)->lost, 5);
    CHECK_UINT(at(x, 0)->restarts, 1);
}

TEST(a_sender_that_changes_its_port_goes_on)
{
    EXPORT(x);
    for (uint32_t i = 0; i < 20; i++)
        one_v9(x, i, (uint16_t)(1000 + i));
    CHECK_UINT(at(x, 0)->lost, 0);
    one_v9(x, 25, 5000);
    CHECK_UINT(at(x, 0)->lost, 5);
}

/* Template 300, and n flows behind the options record, as softflowd begins each burst. */
static struct packet softflowd(uint32_t sequence, unsigned n, bool options)
{
    struct packet p = ipfix(sequence, 1);
    template4(&p, 2, 300);
    if (options) {
        set_begin(&p, 3);
        put(&p, 301, 2);
        put(&p, 2, 2);
        put(&p, 1, 2);
        put(&p, 149, 2); /* observationDomainId */
        put(&p, 4, 2);
        put(&p, 305, 2); /* samplingPacketInterval */
        put(&p, 4, 2);
        set_end(&p);
        set_begin(&p, 301);
        put(&p, 1, 4);
        put(&p, 1, 4);
        set_end(&p);
    }
    set_begin(&p, 300);
    for (unsigned i = 0; i < n; i++)
        record4(&p, i, 1);
    set_end(&p);
    return p;
}

TEST(ipfix_sequence_of_softflowd_counts_to_the_last_flow)
{
    static const struct {
        uint32_t sequence;
        unsigned n;
        bool options;
    } sent[] = {{24, 24, true}, {56, 32, false}, {88, 32, false}, {112, 24, true}, {144, 32, false}, {146, 2, false}};
    EXPORT(x);
    struct packet p;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        p = softflowd(sent[i].sequence, sent[i].n, sent[i].options);
        send(x, &p);
    }
    CHECK_UINT(at(x, 0)->options, 2);
    CHECK_UINT(at(x, 0)->lost + at(x, 0)->disordered, 0);
    p = softflowd(146 + 32 + 7, 7, false); /* one of 32 did not come */
    send(x, &p);
    CHECK_UINT(at(x, 0)->lost, 32);
    CHECK_UINT(at(x, 0)->gaps, 1);
}

TEST(ipfix_withdrawal)
{
    EXPORT(x);
    struct packet p = ipfix(0, 1);
    template4(&p, 2, 300);
    template4(&p, 2, 301);
    send(x, &p);
    p = ipfix(0, 1);
    set_begin(&p, 2);
    put(&p, 300, 2);
    put(&p, 0, 2);
    set_end(&p);
    set_begin(&p, 300);
    record4(&p, 1, 1);
    set_end(&p);
    set_begin(&p, 301);
    record4(&p, 1, 1);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(at(x, 0)->withdrawn, 1);
}

/* ---------------------------------------------------------------- hostile */

TEST(templates_that_do_not_fit)
{
    EXPORT(x);
    struct packet p = ipfix(0, 1);
    set_begin(&p, 2); /* records without octets would never end */
    put(&p, 300, 2);
    put(&p, 1, 2);
    put(&p, 8, 2);
    put(&p, 0, 2);
    set_end(&p);
    set_begin(&p, 300);
    put(&p, 0, 8);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(n_got, 0);
    CHECK_UINT(at(x, 0)->bad[HN_EXPORT_TEMPLATE], 1);
    p = ipfix(0, 1);
    set_begin(&p, 2); /* more fields than octets */
    put(&p, 300, 2);
    put(&p, 60000, 2);
    put(&p, 8, 2);
    put(&p, 4, 2);
    set_end(&p);
    send(x, &p);
    CHECK_UINT(at(x, 0)->bad[HN_EXPORT_TEMPLATE], 2);
}

TEST(waiting_data_are_bounded)
{
    EXPORT(x);
    for (unsigned i = 0; i < 200; i++) {
        struct packet p = v9(i, 0);
        set_begin(&p, 300);
        for (unsigned k = 0; k < 50; k++)
            record4(&p, k, 1);
        set_end(&p);
        send(x, &p);
    }
    CHECK(at(x, 0)->unknown_sets > 100);
    struct packet p = v9(200, 0);
    template4(&p, 0, 300);
    send(x, &p);
    CHECK(n_got > 1000 && n_got < 3000);
}

/* ---------------------------------------------------------------- sFlow */

TEST(sflow_expanded_sample)
{
    EXPORT(x);
    struct packet p = {.n = 0};
    put(&p, 5, 4);
    put(&p, 1, 4);
    put(&p, 0xc0000209u, 4);
    put(&p, 3, 4);
    put(&p, 11, 4);
    put(&p, 1000, 4);
    put(&p, 2, 4);
    put(&p, 2, 4); /* counters: passed over */
    put(&p, 8, 4);
    put(&p, 0, 8);
    put(&p, 3, 4);
    put(&p, 44 + 8 + 16 + 36, 4);
    put(&p, 1, 4);
    put(&p, 0, 8);
    put(&p, 2048, 4); /* rate */
    put(&p, 0, 8);
    put(&p, 0, 4);
    put(&p, 17, 4);
    put(&p, 0, 4);
    put(&p, 0x3fffffffu, 4); /* to the device itself */
    put(&p, 1, 4);
    put(&p, 1, 4);
    put(&p, 16 + 36, 4);
    put(&p, 11, 4); /* IPv4 */
    put(&p, 1400, 4);
    put(&p, 0, 4);
    put(&p, 36, 4);
    put(&p, 0x45000570u, 4);
    put(&p, 0, 4);
    put(&p, 0x40110000u, 4);
    put(&p, 0x0a000001u, 4);
    put(&p, 0x0a000002u, 4);
    put(&p, 0x00350400u, 4);
    put(&p, 0x055c0000u, 4);
    put(&p, 0, 8);
    send(x, &p);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].sampling, 2048);
    CHECK_UINT(got[0].bytes, 1400);
    CHECK_UINT(got[0].proto, 17);
    CHECK_UINT(got[0].sport, 53);
    CHECK_UINT(got[0].in_if, 17);
    CHECK_UINT(got[0].out_if, 0);
    CHECK_UINT(at(x, 0)->counters, 1);
    CHECK_UINT(at(x, 0)->address.b[3], 9);
    for (size_t n = 0; n < p.n; n++) {
        struct packet cut = p;
        cut.n = n;
        send(x, &cut);
    }
}

/* ---------------------------------------------------------------- over a restart */

TEST(state_outlives_a_restart)
{
    struct hn_buf state;
    hn_buf_init(&state, 1 << 20);
    {
        EXPORT(x);
        struct packet p = v9(1, 7);
        template4(&p, 0, 300);
        send(x, &p);
        hn_export_save(x, &state);
    }
    EXPORT(y);
    CHECK(hn_export_load(y, hn_bytes_of(state.p, state.n)));
    struct packet p = v9(5, 7);
    set_begin(&p, 300);
    record4(&p, 1, 5);
    set_end(&p);
    send(y, &p);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(hn_export_at(y, 0)->lost, 3);
    for (size_t n = 4; n < state.n; n++) {
        EXPORT(z);
        uint8_t *exact = hn_alloc(n);
        CHECK(exact != NULL);
        memcpy(exact, state.p, n);
        bool ok = hn_export_load(z, hn_bytes_of(exact, n));
        hn_free(exact);
        CHECK(!ok || n == 4);
    }
    hn_buf_done(&state);
}

/* ---------------------------------------------------------------- numbers */

TEST(numbers_outlive_a_restart)
{
    struct hn_buf b, state;
    hn_buf_init(&b, 1 << 20);
    hn_buf_init(&state, 1 << 20);
    struct packet one = v9(1, 7), two = v9(1, 8);
    template4(&one, 0, 300);
    template4(&two, 0, 300);
    {
        EXPORT(x);
        send(x, &one);
        send(x, &two);
        hn_export_numbers_save(x, &b);
        hn_export_save(x, &state);
    }
    CHECK_TEXT(hn_buf_text(&b), "1 9 7 192.0.2.1\n2 9 8 192.0.2.1\n");
    EXPORT(y);
    CHECK(hn_export_numbers_load(y, HN_STR("5 9 8 192.0.2.1\n9 10 0 2001:db8::1\n")));
    send(y, &one);
    send(y, &two);
    CHECK_UINT(hn_export_at(y, 0)->number, 10); /* a new one: the next above the highest */
    CHECK_UINT(hn_export_at(y, 1)->number, 5);
    size_t n;
    const struct hn_export_number *list = hn_export_numbers(y, &n);
    CHECK_UINT(n, 3);
    CHECK_UINT(list[1].number, 9);
    CHECK_UINT(list[1].address.family, 6);
    EXPORT(z); /* what the state tells gets the numbers of the register */
    CHECK(hn_export_numbers_load(z, HN_STR("5 9 8 192.0.2.1\n")));
    CHECK(hn_export_load(z, hn_bytes_of(state.p, state.n)));
    CHECK_UINT(hn_export_at(z, 0)->number, 6);
    CHECK_UINT(hn_export_at(z, 1)->number, 5);
    hn_buf_done(&b);
    hn_buf_done(&state);
}

TEST(flows_are_handed_out_when_numbers_have_run_out)
{
    struct packet one = v9(1, 7), two = v9(1, 8);
    template4(&one, 0, 300);
    template4(&two, 0, 300);
    EXPORT(x);
    CHECK(hn_export_numbers_load(x, HN_STR("4294967294 9 9 192.0.2.1\n")));
    send(x, &one);
    send(x, &two);
    CHECK_UINT(hn_export_at(x, 0)->number, UINT32_MAX);
    CHECK(hn_export_at(x, 1) && hn_export_at(x, 1)->number == 0 && hn_export_at(x, 1)->packets == 1);
}

TEST(numbers_that_are_damaged)
{
    static const char *const bad[] = {"x",
                                      "0 9 1 192.0.2.1",
                                      "1 9 1",
                                      "1 9 1 192.0.2",
                                      "1 256 1 192.0.2.1",
                                      "4294967295 9 1 192.0.2.1",
                                      "1 9 4294967296 192.0.2.1",
                                      "1 9 1 192.0.2.1 ",
                                      "-1 9 1 192.0.2.1",
                                      "3 9 1 192.0.2.9\n4 9 1 192.0.2.9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPORT(x);
        NOTE("%s", bad[i]);
        CHECK(!hn_export_numbers_load(x, hn_str_c(bad[i])));
        size_t n;
        (void)hn_export_numbers(x, &n);
        CHECK_UINT(n, i == 9); /* said twice: the first one stays */
    }
    EXPORT(y);
    CHECK(!hn_export_numbers_load(y, HN_STR("nonsense\n3 9 1 192.0.2.9\n"))); /* … and what is good is kept */
    struct packet p = v9(1, 7);
    send(y, &p);
    CHECK_UINT(hn_export_at(y, 0)->number, 4);
}
