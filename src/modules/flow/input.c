/* Inputs of any kind: captures (metered, or holding export packets), nfdump's files, logs in text; packed or plain.
 * What an input is, its first octets tell. */
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/bzip2.h"
#include "format/flow/log.h"
#include "format/flow/meter.h"
#include "format/flow/nfdump.h"
#include "format/packet/capture.h"
#include "format/unpack.h"
#include "modules/flow/flow_in.h"

#define INPUT_MAX  ((size_t)64 << 30)
#define UNPACK_MAX ((uint64_t)256 << 30)
#define HEAD_MAX   (64u << 10)

enum shape { SHAPE_UNKNOWN, SHAPE_CAPTURE, SHAPE_LOG, SHAPE_NFDUMP, SHAPE_PACKET };

struct reading {
    struct flow_reader *r;
    struct flow_input_stats *stats;
    enum shape shape;
    struct hn_capture *capture;
    struct hn_meter *meter;
    struct hn_flow_log *log;
    struct hn_buf head;  /* until the shape is known */
    struct hn_buf whole; /* of a packed nfdump file, which is read as a whole */
    uint64_t strange;    /* packets of a link layer that is not read */
    uint32_t strange_link;
    const char *failed;
};

static void on_flow(void *arg, const struct hn_flow *f)
{
    struct reading *g = arg;
    g->stats->flows++;
    g->stats->prints += (f->known & HN_FLOW_TLS) != 0;
    g->r->flow(g->r->arg, f);
}

static void on_log_flow(void *arg, const struct hn_flow *f, struct hn_bytes label)
{
    on_flow(arg, f);
}

static void on_name(void *arg, const struct hn_flow_name *n)
{
    struct reading *g = arg;
    g->stats->names++;
    if (g->r->name)
        g->r->name(g->r->arg, n);
}

/* ---------------------------------------------------------------- captures */

/* Ports that collectors listen on, by custom or by registration. */
static bool is_export_port(uint16_t port)
{
    static const uint16_t ports[] = {2055, 2056, 4739, 4432, 6343, 9995, 9996, 9555, 9985, 9991, 9666, 2100, 6636};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        if (ports[i] == port)
            return true;
    return false;
}

/* NetFlow v5, v7, v9, IPFIX or sFlow v5 by its version alone. */
static bool is_version(struct hn_bytes b)
{
    if (b.n < 20 || b.p[0] != 0)
        return false;
    bool sflow = b.p[1] == 0 && b.p[2] == 0 && b.p[3] == 5;
    return sflow || b.p[1] == 5 || b.p[1] == 7 || b.p[1] == 9 || b.p[1] == 10;
}

static bool is_export(const struct reading *g, const struct hn_packet *p)
{
    bool known = g->r->as_exports || is_export_port(p->dport);
    return p->proto == 17 && (known ? is_version(p->payload) : hn_export_begins(p->payload));
}

/* Over TCP each message has its length before it; one that goes on in the next segment is not read. */
static void read_names(struct reading *g, hn_time at, const struct hn_packet *p)
{
    struct hn_bytes b = p->payload;
    while (b.n > 2) {
        size_t skip = p->proto == 6 ? 2 : 0, n = skip ? (size_t)b.p[0] << 8 | b.p[1] : b.n;
        struct hn_flow_name name;
        char room[HN_FLOW_NAME_TEXT];
        if (n > b.n - skip)
            return;
        enum hn_dns got = hn_dns_answer(hn_bytes_of(b.p + skip, n), &name, room);
        g->stats->malformed += got == HN_DNS_BAD && !skip;
        name.at = at;
        name.src = p->dst;
        name.dst = p->src;
        if (got == HN_DNS_ANSWER)
            on_name(g, &name);
        b = hn_bytes_of(b.p + skip + n, b.n - skip - n);
    }
}

static void on_packets(void *arg, const struct hn_capture_record *r, size_t n)
{
    struct reading *g = arg;
    struct hn_packet p;
    for (size_t i = 0; i < n; i++) {
        enum hn_packet_verdict v = hn_packet_decode(r[i].link, hn_bytes_of(r[i].p, r[i].cap), r[i].wire, NULL, &p);
        g->stats->packets++;
        g->stats->malformed += hn_packet_verdict_malformed(v);
        if (v == HN_PACKET_LINK_UNKNOWN) {
            g->strange++;
            g->strange_link = r[i].link;
        }
        if (is_export(g, &p))
            hn_export_packet(g->r->exports, &p.src, p.sport, r[i].time ? r[i].time : 1, p.payload);
        else
            hn_meter_packet(g->meter, r[i].time, &p);
        if (p.has_ports && p.sport == 53 && (p.proto == 17 || p.proto == 6) && p.payload.n && g->r->name)
            read_names(g, r[i].time, &p);
    }
}

static bool begin_capture(struct reading *g)
{
    struct hn_capture_sink sink = {.each = on_packets, .arg = g};
    g->capture = hn_capture_new(&sink, UNPACK_MAX);
    g->meter = hn_meter_new(NULL, on_flow, g);
    g->stats->kind = "capture";
    return g->capture && g->meter;
}

/* ---------------------------------------------------------------- what it is */

/* One datagram as it was sent, or IPFIX messages in a row (RFC 5655). */
static bool is_packet(struct hn_bytes b)
{
    size_t first = hn_export_message_length(b);
    if (first >= 16 && first < b.n)
        return hn_export_message_length(hn_bytes_of(b.p + first, b.n - first)) <= b.n - first;
    bool whole = b.n <= 65535 && is_version(b);
    return whole && (b.p[1] != 10 || first == b.n);
}

static enum shape shape_of(struct reading *g, struct hn_bytes head, bool all)
{
    if (hn_nfdump_begins(head))
        return SHAPE_NFDUMP;
    if (hn_capture_begins(head))
        return SHAPE_CAPTURE;
    if (hn_flow_log_sniff(head) != HN_FLOW_LOG_UNKNOWN || g->r->map.n)
        return SHAPE_LOG;
    return all && is_packet(head) ? SHAPE_PACKET : SHAPE_UNKNOWN;
}

static void begin(struct reading *g, struct hn_bytes head, bool all)
{
    struct hn_flow_log_sink sink = {.flow = on_log_flow, .arg = g, .name = on_name, .joins = g->r->joins};
    bool ok = true;
    g->shape = shape_of(g, head, all);
    if (g->shape == SHAPE_CAPTURE) {
        ok = begin_capture(g);
    } else if (g->shape == SHAPE_LOG) {
        g->log = hn_flow_log_new(&sink, g->r->map);
        ok = g->log != NULL;
    } else if (g->shape == SHAPE_UNKNOWN) {
        g->failed = "neither a capture, nor flow records, nor a flow log that is known";
    }
    if (!ok)
        g->failed = "out of memory";
}

static void feed(struct reading *g, struct hn_bytes b)
{
    if (g->failed)
        return;
    if (g->shape == SHAPE_CAPTURE) {
        g->failed = hn_capture_feed(g->capture, b);
    } else if (g->shape == SHAPE_LOG) {
        g->failed = hn_flow_log_feed(g->log, b);
    } else {
        hn_buf_add(&g->whole, b.p, b.n);
        if (g->whole.bad)
            g->failed = "too large to be unpacked into memory";
    }
}

/* ---------------------------------------------------------------- packed */

static void on_unpacked(void *arg, struct hn_bytes b)
{
    struct reading *g = arg;
    if (g->failed)
        return;
    if (g->shape == SHAPE_UNKNOWN) {
        hn_buf_add(&g->head, b.p, b.n < HEAD_MAX ? b.n : HEAD_MAX);
        begin(g, b, false);
    }
    feed(g, b);
}

/* In steps, so that the terminal hears of it. */
#define STEP ((size_t)4 << 20)

static void read_packed(struct reading *g, struct hn_bytes b, enum hn_pack pack)
{
    struct hn_unpack *u = hn_unpack_new(pack, UNPACK_MAX, on_unpacked, g);
    const char *why = u ? NULL : "out of memory";
    for (size_t at = 0; !why && !g->failed && at < b.n; at += STEP) {
        why = hn_unpack_feed(u, hn_bytes_of(b.p + at, b.n - at < STEP ? b.n - at : STEP));
        hn_work_progress(g->r->w, at, b.n, "flows");
    }
    if (!why)
        why = hn_unpack_end(u);
    hn_unpack_free(u);
    if (!g->failed && why) /* what came before the damage has been read */
        g->stats->why = why;
}

static void read_plain(struct reading *g, struct hn_bytes b)
{
    begin(g, b, true);
    if (g->shape == SHAPE_NFDUMP || g->shape == SHAPE_PACKET)
        return;
    for (size_t at = 0; !g->failed && at < b.n; at += STEP) {
        feed(g, hn_bytes_of(b.p + at, b.n - at < STEP ? b.n - at : STEP));
        hn_work_progress(g->r->w, at, b.n, "flows");
    }
}

/* ---------------------------------------------------------------- ends */

static void end_log(struct reading *g)
{
    hn_flow_log_end(g->log);
    const struct hn_flow_log_stats *s = hn_flow_log_stats(g->log);
    g->stats->kind = hn_flow_log_name(hn_flow_log_kind(g->log));
    g->stats->other = s->other;
    g->stats->prints += s->prints;
    g->stats->malformed = s->bad;
    g->stats->at = s->bad_at;
    if (s->bad && !g->stats->why)
        g->stats->why = s->why;
    if (s->other && !g->stats->flows && !g->stats->why && hn_flow_log_kind(g->log) == HN_FLOW_LOG_CSV)
        g->stats->why = "no line of it is a flow: addresses, protocol or times are missing";
}

static void end_capture(struct reading *g)
{
    const char *why = hn_capture_end(g->capture);
    const struct hn_capture_stats *s = hn_capture_stats(g->capture);
    hn_meter_flush(g->meter);
    g->stats->malformed += s->damaged;
    if (!why && g->strange)
        why = hn_arena_cstr(hn_work_arena(g->r->w),
                            hn_arena_fmt(hn_work_arena(g->r->w), "%llu packets of the link layer %u, which is not read",
                                         (unsigned long long)g->strange, (unsigned)g->strange_link));
    if (!g->stats->why)
        g->stats->why = why;
}

static void end_nfdump(struct reading *g, struct hn_bytes b)
{
    struct hn_nfdump_stats s;
    const char *why = hn_nfdump_read(b, UNPACK_MAX, on_flow, g, &s);
    g->stats->kind = "nfdump";
    g->stats->malformed = s.bad;
    g->stats->other = s.other;
    if (!why && s.skipped)
        why = hn_bzip2_load() ? "blocks in a packing that is not read: write the file again (nfdump -r FILE -z -w NEW)"
                              : "blocks packed with bzip2, and the library that reads it is not installed: "
                                "apt install " HN_BZIP2_PACKAGE ", or nfdump -r FILE -z -w NEW";
    if (!why && s.bad)
        why = "blocks or records of it are damaged, or it was cut short";
    g->stats->why = why;
}

static void end_packets(struct reading *g, struct hn_bytes b)
{
    struct hn_ip from = {.family = 4};
    g->stats->kind = "export packet";
    size_t n;
    while ((n = hn_export_message_length(b)) >= 16 && n < b.n) {
        hn_export_packet(g->r->exports, &from, 0, hn_work_now(g->r->w), hn_bytes_of(b.p, n));
        b = hn_bytes_of(b.p + n, b.n - n);
    }
    hn_export_packet(g->r->exports, &from, 0, hn_work_now(g->r->w), b);
}

static void end(struct reading *g, struct hn_bytes b)
{
    if (g->log)
        end_log(g);
    if (g->capture && g->meter)
        end_capture(g);
    if (g->shape == SHAPE_NFDUMP)
        end_nfdump(g, g->whole.n ? hn_bytes_of(g->whole.p, g->whole.n) : b);
    if (g->shape == SHAPE_PACKET)
        end_packets(g, b);
    if (g->failed)
        g->stats->why = g->failed;
    hn_capture_free(g->capture);
    hn_meter_free(g->meter);
    hn_flow_log_free(g->log);
    hn_buf_done(&g->head);
    hn_buf_done(&g->whole);
}

bool flow_sampling_given(struct hn_export *x, struct hn_str text)
{
    struct hn_str rest = text, net;
    struct hn_ip ip;
    unsigned bits;
    uint64_t rate;
    return hn_str_split(&rest, '=', &net) && hn_ip_parse_prefix(net, &ip, &bits) && rest.p &&
           hn_str_u64(rest, 10, &rate) && rate && rate <= UINT32_MAX &&
           hn_export_override(x, &ip, bits, (uint32_t)rate);
}

void flow_read(struct flow_reader *r, struct hn_input *in, struct flow_input_stats *ret)
{
    struct reading g = {.r = r, .stats = ret};
    *ret = (struct flow_input_stats){.kind = "unknown"};
    hn_buf_init(&g.head, HEAD_MAX + 1);
    hn_buf_init(&g.whole, (size_t)4 << 30);
    if (!hn_work_map(r->w, in, INPUT_MAX)) {
        g.failed = "cannot be read";
        end(&g, (struct hn_bytes){NULL, 0});
        return;
    }
    enum hn_pack pack = hn_pack_of(in->map);
    if (pack == HN_PACK_PLAIN)
        read_plain(&g, in->map);
    else
        read_packed(&g, in->map, pack);
    end(&g, in->map);
}

/* ---------------------------------------------------------------- in which order */

#define WAITING_MAX 16384u /* mappings at a time */

static void keep_head(void *arg, struct hn_bytes b)
{
    struct hn_buf *head = arg;
    size_t room = HEAD_MAX - head->n;
    hn_buf_add(head, b.p, b.n < room ? b.n : room);
}

static bool waits(struct hn_bytes b)
{
    HN_AUTO(hn_buf_done) struct hn_buf head;
    enum hn_pack pack = hn_pack_of(b);
    b.n = b.n < HEAD_MAX ? b.n : HEAD_MAX;
    hn_buf_init(&head, HEAD_MAX + 1);
    if (pack == HN_PACK_PLAIN)
        return hn_flow_log_wants_joins(b);
    struct hn_unpack *u = hn_unpack_new(pack, UNPACK_MAX, keep_head, &head);
    if (u)
        (void)hn_unpack_feed(u, b); /* damage is told when it is read */
    hn_unpack_free(u);
    return hn_flow_log_wants_joins(hn_bytes_of(head.p, head.n));
}

/* The mapping stays, the descriptor does not: a worker may have few. False: it is to be read now. */
static bool set_aside(struct flow_inputs *t, struct hn_input *in)
{
    if (!in->regular || t->n == WAITING_MAX || !hn_work_map(t->w, in, INPUT_MAX) || !waits(in->map))
        return false;
    struct hn_input *more = hn_more(t->waiting, t->n, &t->cap, sizeof *more);
    if (!more)
        return false;
    t->waiting = more;
    close(in->fd);
    in->fd = -1;
    t->waiting[t->n++] = *in;
    return true;
}

bool flow_inputs_next(struct flow_inputs *t, struct hn_input *ret)
{
    while (!t->given && (t->option ? hn_work_input(t->w, t->option, ret) : hn_work_next(t->w, ret)))
        if (!set_aside(t, ret))
            return true;
    if (t->given == t->n)
        return false;
    *ret = t->waiting[t->given++];
    return true;
}

void flow_inputs_done(struct flow_inputs *t)
{
    while (t->given < t->n)
        hn_work_done(&t->waiting[t->given++]);
    hn_free(t->waiting);
}
