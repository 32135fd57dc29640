/* Lines of flow logs: what kind, which columns, where a line ends. */
#include "format/flow/log_in.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

struct hn_flow_log {
    struct hn_flow_log_sink sink;
    enum hn_flow_log_kind kind;
    char separator;
    bool has_header, ended;
    bool names; /* a line is a question to a name server */
    bool tls;   /* … is one of ssl.log */
    enum log_field columns[HN_FLOW_COLUMNS_MAX];
    size_t n_columns;
    struct hn_buf map;
    struct hn_buf rest; /* the beginning of a line that has not ended */
    bool too_long;
    struct hn_arena arena;
    struct hn_flow_log_stats stats;
    const char *failed;
};

const char *hn_flow_log_name(enum hn_flow_log_kind k)
{
    static const char *const names[] = {"unknown", "zeek", "zeek-json", "argus", "vpc", "nsg", "csv"};
    return names[k];
}

struct hn_flow_log *hn_flow_log_new(const struct hn_flow_log_sink *sink, struct hn_str map)
{
    struct hn_flow_log *l = hn_alloc_zero(sizeof *l);
    if (!l)
        return NULL;
    l->sink = *sink;
    hn_buf_init(&l->rest, HN_FLOW_LINE_MAX);
    hn_buf_init(&l->map, 64u << 10);
    hn_buf_str(&l->map, map);
    hn_arena_init(&l->arena, 64u << 20);
    return l;
}

void hn_flow_log_free(struct hn_flow_log *l)
{
    if (!l)
        return;
    hn_buf_done(&l->rest);
    hn_buf_done(&l->map);
    hn_arena_done(&l->arena);
    hn_free(l);
}

const struct hn_flow_log_stats *hn_flow_log_stats(const struct hn_flow_log *l)
{
    return &l->stats;
}

enum hn_flow_log_kind hn_flow_log_kind(const struct hn_flow_log *l)
{
    return l->kind;
}

static void bad(struct hn_flow_log *l, const char *why)
{
    if (!l->stats.bad++) {
        l->stats.bad_at = l->stats.lines;
        l->stats.why = why;
    }
}

/* ---------------------------------------------------------------- what it is */

static struct hn_bytes first_line(struct hn_bytes b)
{
    struct hn_bytes line = {b.p, 0};
    return hn_bytes_line(&b, &line) ? line : b;
}

static bool contains(struct hn_bytes b, const char *what)
{
    return hn_str_find((struct hn_str){(const char *)b.p, b.n}, hn_str_c(what)) >= 0;
}

static char separator_of(struct hn_bytes line)
{
    static const char candidates[] = "\t,;| ";
    size_t best = 0, count[5] = {0};
    for (size_t i = 0; i < line.n; i++)
        for (size_t k = 0; k < 5; k++)
            count[k] += line.p[i] == (uint8_t)candidates[k];
    for (size_t k = 1; k < 5; k++)
        if (count[k] > count[best])
            best = k;
    return count[best] >= 3 ? candidates[best] : 0;
}

static size_t known_columns(struct hn_bytes line, char separator)
{
    struct hn_str rest = {(const char *)line.p, line.n}, part;
    size_t n = 0;
    while (hn_str_split(&rest, separator, &part))
        n += log_field_of(hn_str_bytes(hn_str_trim(part))) != LOG_NONE;
    return n;
}

static bool is_vpc_line(struct hn_bytes line)
{
    struct hn_str rest = {(const char *)line.p, line.n}, w;
    struct hn_ip ip;
    uint64_t version;
    for (unsigned i = 0; hn_str_word(&rest, &w); i++) {
        if (i == 0 && (!hn_str_u64(w, 10, &version) || version > 10))
            return false;
        if (i == 3 || i == 4) {
            if (!hn_ip_parse(w, &ip) && !hn_str_eqc(w, "-"))
                return false;
        }
        if (i == 13)
            return true;
    }
    return false;
}

enum hn_flow_log_kind hn_flow_log_sniff(struct hn_bytes b)
{
    struct hn_bytes line = first_line(b);
    while (line.n && (line.p[0] == '\t' || line.p[0] == ' ')) /* left behind by copying out of a page */
        line = hn_bytes_of(line.p + 1, line.n - 1);
    if (line.n && line.p[0] == '#')
        return contains(b, "#fields") && contains(b, "id.orig_h") ? HN_FLOW_LOG_ZEEK
               : contains(line, "#separator")                     ? HN_FLOW_LOG_ZEEK
                                                                  : HN_FLOW_LOG_UNKNOWN;
    if (line.n && line.p[0] == '{')
        return contains(line, "\"id.orig_h\"")                                        ? HN_FLOW_LOG_ZEEK_JSON
               : contains(b, "flowTuples") || contains(b, "NetworkSecurityGroupFlow") ? HN_FLOW_LOG_NSG
                                                                                      : HN_FLOW_LOG_UNKNOWN;
    char separator = separator_of(line);
    if (!separator)
        return HN_FLOW_LOG_UNKNOWN;
    if (contains(line, "SrcAddr") && contains(line, "DstAddr") && contains(line, "Dur"))
        return HN_FLOW_LOG_ARGUS;
    if (contains(line, "srcaddr") && contains(line, "dstaddr"))
        return HN_FLOW_LOG_VPC;
    if (is_vpc_line(line))
        return HN_FLOW_LOG_VPC;
    return known_columns(line, separator) >= 4 ? HN_FLOW_LOG_CSV : HN_FLOW_LOG_UNKNOWN;
}

bool hn_flow_log_wants_joins(struct hn_bytes b)
{
    enum hn_flow_log_kind k = hn_flow_log_sniff(b);
    if (k == HN_FLOW_LOG_ZEEK)
        return contains(b, "\tconn_state");
    return k == HN_FLOW_LOG_ZEEK_JSON && contains(b, "\"conn_state\"");
}

/* ---------------------------------------------------------------- columns */

/* Takes one value: quoted when it begins with a quote (RFC 4180). */
static bool next_value(struct hn_bytes *rest, char separator, struct hn_bytes *ret)
{
    if (!rest->p)
        return false;
    bool quoted = separator != '\t' && rest->n && rest->p[0] == '"';
    const uint8_t *from = rest->p + quoted, *end = rest->p + rest->n;
    const uint8_t *to = (size_t)(end - from) ? memchr(from, quoted ? '"' : separator, (size_t)(end - from)) : NULL;
    *ret = hn_bytes_of(from, (size_t)((to ? to : end) - from));
    if (quoted && to)
        to = (size_t)(end - to) ? memchr(to, separator, (size_t)(end - to)) : NULL;
    *rest = to ? hn_bytes_of(to + 1, (size_t)(end - to) - 1) : (struct hn_bytes){NULL, 0};
    return true;
}

static enum log_field mapped(const struct hn_flow_log *l, struct hn_str column)
{
    struct hn_str rest = hn_buf_text(&l->map), pair, field;
    while (hn_str_split(&rest, ',', &pair))
        if (hn_str_split(&pair, '=', &field) && pair.p && hn_str_eq(hn_str_trim(pair), column))
            return log_field_named(hn_str_trim(field));
    return LOG_NONE;
}

static bool has_column(struct hn_bytes header, char separator, struct hn_str column)
{
    struct hn_bytes v;
    while (next_value(&header, separator, &v))
        if (hn_str_eq(hn_str_trim((struct hn_str){(const char *)v.p, v.n}), column))
            return true;
    return false;
}

/* A mapping that fits nothing would give flows without what it names, or none at all. */
static void check_map(struct hn_flow_log *l, struct hn_bytes header, char separator)
{
    struct hn_str rest = hn_buf_text(&l->map), pair, field;
    while (l->map.n && hn_str_split(&rest, ',', &pair)) {
        if (!hn_str_split(&pair, '=', &field) || !pair.p || log_field_named(hn_str_trim(field)) == LOG_NONE)
            bad(l, "a field of --map is not known");
        else if (!has_column(header, separator, hn_str_trim(pair)))
            bad(l, "a column of --map is not in the header");
    }
}

static void read_header(struct hn_flow_log *l, struct hn_bytes line, char separator)
{
    struct hn_bytes rest = line, v;
    l->separator = separator;
    l->n_columns = 0;
    l->names = l->tls = false;
    bool timed = false;
    while (l->n_columns < HN_FLOW_COLUMNS_MAX && next_value(&rest, separator, &v)) {
        struct hn_str name = hn_str_trim((struct hn_str){(const char *)v.p, v.n});
        enum log_field f = l->map.n ? mapped(l, name) : log_field_of(hn_str_bytes(name));
        if (f == LOG_STATE_ARGUS && l->kind == HN_FLOW_LOG_ZEEK)
            f = LOG_NONE;
        if ((f == LOG_UID || f >= LOG_QUERY) && l->kind != HN_FLOW_LOG_ZEEK)
            f = LOG_NONE;
        l->tls = l->tls || (f >= LOG_JA3 && f <= LOG_JA4);
        l->names = l->names || f >= LOG_QUERY;
        timed = timed || f == LOG_FIRST || f == LOG_LAST;
        l->columns[l->n_columns++] = f;
    }
    l->has_header = true;
    check_map(l, line, separator);
    if (!timed)
        bad(l, "it has no column of times: its flows are not dated");
}

/* The fields of a VPC flow log, version 2, where no header says otherwise. */
static void default_vpc(struct hn_flow_log *l)
{
    static const enum log_field fields[] = {LOG_NONE,  LOG_NONE,  LOG_NONE,   LOG_SRC,     LOG_DST,
                                            LOG_SPORT, LOG_DPORT, LOG_PROTO,  LOG_PACKETS, LOG_BYTES,
                                            LOG_FIRST, LOG_LAST,  LOG_ACTION, LOG_NONE};
    l->n_columns = sizeof fields / sizeof *fields;
    memcpy(l->columns, fields, sizeof fields);
    l->separator = ' ';
    l->has_header = true;
}

static bool absent(struct hn_bytes v)
{
    return v.n == 0 || (v.n == 1 && v.p[0] == '-') || hn_bytes_eqc(v, "(empty)");
}

static void give_name(struct hn_flow_log *l, const struct log_line *line)
{
    struct hn_flow_name n;
    if (!l->sink.name || !log_name(line, &n)) {
        l->stats.other++;
        return;
    }
    l->stats.names++;
    l->sink.name(l->sink.arg, &n);
}

/* ssl.log: what is known of the connection whose record conn.log has. */
static void give_prints(struct hn_flow_log *l, const struct log_line *line)
{
    if (!(line->f.known & HN_FLOW_TLS) || !line->uid.n) {
        l->stats.other++;
        return;
    }
    l->stats.prints++;
    if (l->sink.joins)
        hn_flow_joins_add(l->sink.joins, line->uid, &line->f.tls);
}

static void join(struct hn_flow_log *l, struct log_line *line)
{
    const struct hn_flow_tls *t = l->sink.joins && line->uid.n ? hn_flow_joins_find(l->sink.joins, line->uid) : NULL;
    if (!t || line->f.known & HN_FLOW_TLS)
        return;
    line->f.tls = *t;
    line->f.known |= HN_FLOW_TLS;
}

static void give(struct hn_flow_log *l, struct log_line *line)
{
    bool zeek = l->kind == HN_FLOW_LOG_ZEEK || l->kind == HN_FLOW_LOG_ZEEK_JSON;
    if (zeek && (l->tls || line->is_tls) && !line->f.proto && !line->other) {
        give_prints(l, line);
        return;
    }
    if (l->names || line->is_name) {
        give_name(l, line);
        return;
    }
    line->zeek_icmp = zeek;
    if (line->zeek_icmp && !line->f.proto && !line->other) { /* ssl.log, http.log, …: the same connection once more */
        bad(l, "no line of conn.log or dns.log, nor of ssl.log with fingerprints");
        return;
    }
    if (!log_finish(line)) {
        l->stats.other++;
        return;
    }
    join(l, line);
    l->stats.flows++;
    l->sink.flow(l->sink.arg, &line->f, line->label);
}

static void read_columns(struct hn_flow_log *l, struct hn_bytes line)
{
    struct log_line r = {.other = false};
    struct hn_bytes rest = line, v;
    size_t i = 0;
    for (; i < l->n_columns && next_value(&rest, l->separator, &v); i++) {
        struct hn_str s = hn_str_trim((struct hn_str){(const char *)v.p, v.n});
        if (l->columns[i] == LOG_NONE || absent(hn_str_bytes(s)))
            continue;
        if (!log_set(&r, l->columns[i], hn_str_bytes(s)) && !r.other) {
            bad(l, "a value does not fit its column");
            return;
        }
    }
    if (i < l->n_columns && i < 5)
        bad(l, "fewer columns than the header names");
    else
        give(l, &r);
}

/* ---------------------------------------------------------------- JSON */

/* Zeek's sets: as in the other form, with commas between. */
static struct hn_str joined(struct hn_flow_log *l, const struct hn_jv *v)
{
    struct hn_buf b;
    hn_buf_init(&b, HN_FLOW_LINE_MAX);
    for (size_t i = 0; i < v->n; i++) {
        const struct hn_jv *m = &v->items[i];
        hn_buf_c(&b, i ? "," : "");
        if (m->kind == HN_JV_STR)
            hn_buf_str(&b, m->s);
        else if (m->kind == HN_JV_INT || m->kind == HN_JV_NUM)
            hn_buf_str(&b, hn_arena_fmt(&l->arena, "%.0f", m->kind == HN_JV_INT ? (double)m->i : m->d));
    }
    struct hn_str s = hn_arena_str(&l->arena, hn_buf_text(&b));
    hn_buf_done(&b);
    return s;
}

static void set_json(struct hn_flow_log *l, struct log_line *r, struct hn_str key, const struct hn_jv *v)
{
    enum log_field f = log_field_of(hn_str_bytes(key));
    struct hn_str s = v->s;
    if (v->kind == HN_JV_INT)
        s = hn_arena_fmt(&l->arena, "%lld", (long long)v->i);
    else if (v->kind == HN_JV_NUM)
        s = hn_arena_fmt(&l->arena, "%.6f", v->d);
    else if (v->kind == HN_JV_ARR && f >= LOG_QUERY)
        s = joined(l, v);
    else if (v->kind != HN_JV_STR)
        return;
    r->is_name = r->is_name || f >= LOG_QUERY;
    if (f != LOG_NONE && s.n)
        log_set(r, f, hn_str_bytes(s));
}

static void read_json(struct hn_flow_log *l, struct hn_bytes line)
{
    struct log_line r = {.other = false};
    hn_arena_clear(&l->arena);
    const struct hn_jv *v = hn_jv_parse(&l->arena, line, NULL);
    if (!v || v->kind != HN_JV_OBJ) {
        bad(l, "not a JSON object");
        return;
    }
    for (size_t i = 0; i < v->n; i++)
        set_json(l, &r, v->keys[i], &v->items[i]);
    give(l, &r);
}

/* Azure: "time,src,dst,sport,dport,T|U,I|O,A|D[,B|C|E,packets,bytes,packets back,bytes back]" */
static void read_tuple(struct hn_flow_log *l, struct hn_str tuple)
{
    static const enum log_field fields[] = {LOG_FIRST, LOG_SRC,          LOG_DST,       LOG_SPORT, LOG_DPORT,
                                            LOG_PROTO, LOG_NONE,         LOG_ACTION,    LOG_NONE,  LOG_PACKETS,
                                            LOG_BYTES, LOG_PACKETS_BACK, LOG_BYTES_BACK};
    struct log_line r = {.other = false};
    struct hn_str part;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && hn_str_split(&tuple, ',', &part); i++) {
        struct hn_bytes v = hn_str_bytes(part);
        if (fields[i] == LOG_PROTO)
            v = hn_str_bytes(hn_str_eqc(part, "T") ? HN_STR("6") : hn_str_eqc(part, "U") ? HN_STR("17") : part);
        if (fields[i] != LOG_NONE && v.n && !log_set(&r, fields[i], v)) {
            bad(l, "a value does not fit its column");
            return;
        }
    }
    give(l, &r);
}

static void find_tuples(struct hn_flow_log *l, const struct hn_jv *v, unsigned depth)
{
    if (depth > 16 || (v->kind != HN_JV_OBJ && v->kind != HN_JV_ARR))
        return;
    for (size_t i = 0; i < v->n; i++) {
        const struct hn_jv *m = &v->items[i];
        if (v->kind == HN_JV_OBJ && hn_str_eqc(v->keys[i], "flowTuples") && m->kind == HN_JV_ARR) {
            for (size_t k = 0; k < m->n; k++)
                if (m->items[k].kind == HN_JV_STR)
                    read_tuple(l, m->items[k].s);
        } else {
            find_tuples(l, m, depth + 1);
        }
    }
}

static void read_nsg(struct hn_flow_log *l, struct hn_bytes text)
{
    hn_arena_clear(&l->arena);
    const struct hn_jv *v = hn_jv_parse(&l->arena, text, NULL);
    if (v)
        find_tuples(l, v, 0);
    else
        bad(l, "not JSON");
}

/* ---------------------------------------------------------------- lines */

static void read_zeek_comment(struct hn_flow_log *l, struct hn_bytes line)
{
    static const char fields[] = "#fields";
    l->stats.other++;
    if (line.n > sizeof fields && memcmp(line.p, fields, sizeof fields - 1) == 0)
        read_header(l, hn_bytes_of(line.p + sizeof fields, line.n - sizeof fields), (char)line.p[sizeof fields - 1]);
}

static void read_line(struct hn_flow_log *l, struct hn_bytes line)
{
    l->stats.lines++;
    if (!line.n)
        return;
    if (l->kind == HN_FLOW_LOG_ZEEK_JSON) {
        read_json(l, line);
    } else if (l->kind == HN_FLOW_LOG_NSG) {
        read_nsg(l, line);
    } else if (line.p[0] == '#') {
        read_zeek_comment(l, line);
    } else if (l->has_header) {
        read_columns(l, line);
    } else if (l->kind == HN_FLOW_LOG_VPC && is_vpc_line(line)) {
        default_vpc(l);
        read_columns(l, line);
    } else if (l->kind == HN_FLOW_LOG_ZEEK) {
        bad(l, "a record before #fields");
    } else {
        read_header(l, line, separator_of(line));
        l->stats.other++;
    }
}

/* An NSG log is one JSON text over many lines; all others are lines. */
static void take_piece(struct hn_flow_log *l, struct hn_bytes b)
{
    while (b.n) {
        const uint8_t *nl = l->kind == HN_FLOW_LOG_NSG ? NULL : memchr(b.p, '\n', b.n);
        size_t n = nl ? (size_t)(nl - b.p) : b.n;
        if (nl && !l->rest.n && !l->too_long) {
            size_t cut = n && b.p[n - 1] == '\r' ? n - 1 : n;
            read_line(l, hn_bytes_of(b.p, cut));
        } else {
            if (!l->too_long && n <= l->rest.max - l->rest.n)
                hn_buf_add(&l->rest, b.p, n);
            else
                l->too_long = true;
            if (nl) {
                struct hn_bytes line = hn_bytes_of(l->rest.p, l->rest.n);
                if (line.n && line.p[line.n - 1] == '\r')
                    line.n--;
                if (l->too_long) {
                    l->stats.lines++;
                    bad(l, "line too long");
                } else {
                    read_line(l, line);
                }
                hn_buf_clear(&l->rest);
                l->too_long = false;
            }
        }
        b = nl ? hn_bytes_of(nl + 1, b.n - n - 1) : hn_bytes_of(b.p, 0);
    }
}

const char *hn_flow_log_feed(struct hn_flow_log *l, struct hn_bytes b)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    if (l->failed || !b.n)
        return l->failed;
    if (l->kind == HN_FLOW_LOG_UNKNOWN) {
        if (b.n >= 3 && memcmp(b.p, mark, 3) == 0)
            b = hn_bytes_of(b.p + 3, b.n - 3);
        l->kind = hn_flow_log_sniff(b);
        if (l->kind == HN_FLOW_LOG_UNKNOWN && l->map.n)
            l->kind = HN_FLOW_LOG_CSV;
        if (l->kind == HN_FLOW_LOG_UNKNOWN)
            return l->failed = "not a flow log of a known kind";
        l->rest.max = l->kind == HN_FLOW_LOG_NSG ? 256u << 20 : HN_FLOW_LINE_MAX;
    }
    take_piece(l, b);
    return NULL;
}

const char *hn_flow_log_end(struct hn_flow_log *l)
{
    if (l->failed)
        return l->failed;
    if (l->too_long)
        bad(l, "line too long");
    else if (l->rest.n)
        read_line(l, hn_bytes_of(l->rest.p, l->rest.n));
    hn_buf_clear(&l->rest);
    return NULL;
}
