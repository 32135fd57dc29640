/* Flows out of the archive again, as records. */
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "format/flow/segment.h"
#include "modules/flow/flow_in.h"

#define FILE_MAX ((size_t)64 << 30)
#define ROOM     ((size_t)HN_SEGMENT_FLOWS * 16)

struct stored {
    struct hn_segment_block b;
    void *columns[HN_SEGMENT_COLUMNS];
    uint8_t *prints[HN_TLS_PRINTS];
    void *room;
};

static uint64_t get(const struct stored *s, enum hn_segment_column c, uint32_t i)
{
    uint64_t v = 0;
    unsigned w = s->b.width[c];
    memcpy(&v, (const uint8_t *)s->columns[c] + (size_t)i * w, w < 8 ? w : 8);
    return v;
}

static struct hn_ip address(const struct stored *s, enum hn_segment_column c, uint32_t i)
{
    const uint8_t *p = (const uint8_t *)s->columns[c] + (size_t)i * s->b.width[c];
    return s->b.width[c] == 4 ? hn_ip4(p) : hn_ip6(p);
}

static struct hn_flow record(const struct stored *s, uint32_t i)
{
    struct hn_flow f = {.src = address(s, HN_SEGMENT_SRC, i), .dst = address(s, HN_SEGMENT_DST, i)};
    f.first = (s->b.first_ms + (int64_t)get(s, HN_SEGMENT_FIRST, i)) * 1000000;
    f.last = f.first + (hn_time)get(s, HN_SEGMENT_DURATION, i) * 1000000;
    f.sport = (uint16_t)get(s, HN_SEGMENT_SPORT, i);
    f.dport = (uint16_t)get(s, HN_SEGMENT_DPORT, i);
    f.proto = (uint8_t)get(s, HN_SEGMENT_PROTO, i);
    f.flags = (uint8_t)get(s, HN_SEGMENT_FLAGS, i);
    f.flags_back = (uint8_t)get(s, HN_SEGMENT_FLAGS_BACK, i);
    f.state = (uint8_t)get(s, HN_SEGMENT_STATE, i);
    f.app = (uint8_t)get(s, HN_SEGMENT_APP, i);
    f.known = (uint8_t)get(s, HN_SEGMENT_KNOWN, i);
    f.packets = get(s, HN_SEGMENT_PACKETS, i);
    f.bytes = get(s, HN_SEGMENT_BYTES, i);
    f.packets_back = get(s, HN_SEGMENT_PACKETS_BACK, i);
    f.bytes_back = get(s, HN_SEGMENT_BYTES_BACK, i);
    f.exporter = (uint32_t)get(s, HN_SEGMENT_EXPORTER, i);
    f.sampling = (uint32_t)get(s, HN_SEGMENT_SAMPLING, i);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++) {
        uint64_t number = get(s, hn_segment_print_column((enum hn_tls_print)p), i);
        if (number && number <= s->b.n_prints[p])
            hn_tls_print_set(&f.tls, (enum hn_tls_print)p,
                             s->prints[p] + (number - 1) * hn_tls_print_size((enum hn_tls_print)p));
    }
    return f;
}

static bool read_block(struct stored *s, hn_time since, hn_time until, void (*flow)(void *, const struct hn_flow *),
                       void *arg)
{
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
        if (!hn_segment_column(&s->b, (enum hn_segment_column)c, s->columns[c], s->room))
            return false;
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        if (!hn_segment_prints(&s->b, (enum hn_tls_print)p, s->prints[p]))
            return false;
    for (uint32_t i = 0; i < s->b.n; i++) {
        struct hn_flow f = record(s, i);
        if (f.first >= since && f.first < until)
            flow(arg, &f);
    }
    return true;
}

static bool make_room(struct stored *s)
{
    bool ok = (s->room = hn_alloc(ROOM)) != NULL;
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
        ok = (s->columns[c] = hn_alloc(ROOM)) && ok;
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        ok = (s->prints[p] = hn_alloc((size_t)HN_SEGMENT_FLOWS * hn_tls_print_size((enum hn_tls_print)p))) && ok;
    return ok;
}

static void read_segment(struct stored *s, struct hn_bytes file, hn_time since, hn_time until,
                         void (*flow)(void *, const struct hn_flow *), void *arg, uint64_t *damaged)
{
    size_t at = 0;
    while (hn_segment_next(file, &at, false, &s->b))
        if (s->b.last_ms >= since / 1000000 && s->b.first_ms < until / 1000000 + 1)
            *damaged += !read_block(s, since, until, flow, arg);
}

bool flow_stored_read(struct hn_work *w, hn_time since, hn_time until, void (*flow)(void *, const struct hn_flow *),
                      void *arg)
{
    struct stored s = {.room = NULL};
    struct hn_file_entry *list;
    size_t n = 0;
    uint64_t damaged = 0;
    bool ok = make_room(&s);
    if (ok && !hn_ok(hn_work_file_list(w, HN_STR("flows-"), &list, &n)))
        n = 0; /* no folder yet: nothing is stored */
    for (size_t i = 0; ok && i < n; i++) {
        struct hn_input in = {.name = list[i].name, .regular = true, .size = list[i].size};
        in.fd = hn_work_file_open(w, list[i].name);
        if (in.fd < 0)
            continue; /* removed meanwhile: it was old */
        if (in.size && hn_work_map(w, &in, FILE_MAX) && hn_segment_is(in.map))
            read_segment(&s, in.map, since, until ? until : INT64_MAX, flow, arg, &damaged);
        hn_work_done(&in);
        hn_work_progress(w, i, n, "files");
    }
    if (damaged)
        hn_work_warn(w, "flow.damaged", "n", hn_arena_fmt(hn_work_arena(w), "%llu", (unsigned long long)damaged).p,
                     NULL);
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
        hn_free(s.columns[c]);
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        hn_free(s.prints[p]);
    hn_free(s.room);
    return ok;
}
