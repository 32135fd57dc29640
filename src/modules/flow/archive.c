/* Flows into segments of the module's folder. */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "format/flow/segment.h"
#include "modules/flow/flow_in.h"

#define OUT_MAX  ((size_t)256 << 20)
#define WRITE_AT (1u << 20)

struct flow_archive {
    struct hn_work *w;
    const struct hn_export *exports; /* NULL: its flows have no exporters */
    size_t numbered;                 /* exporters in the register as it was last written */
    struct hn_segment_writer *writer;
    struct hn_buf out;
    int fd;
    hn_time rotate, opened, waits_since;
    uint64_t flows, octets;
    unsigned number;
    bool failed;
};

struct flow_archive *flow_archive_new(struct hn_work *w, hn_time rotate)
{
    struct flow_archive *a = hn_alloc_zero(sizeof *a);
    if (!a)
        return NULL;
    a->w = w;
    a->fd = -1;
    a->rotate = rotate;
    hn_buf_init(&a->out, OUT_MAX);
    a->writer = hn_segment_writer_new(&a->out);
    if (!a->writer) {
        flow_archive_free(a);
        return NULL;
    }
    return a;
}

/* A name that sorts by time: flows-20261122T050000Z-0001. Numbers go on where another process left off. */
static bool open_next(struct flow_archive *a)
{
    char at[HN_TIME_TEXT], stamp[HN_TIME_TEXT];
    size_t n = 0;
    hn_time_text(hn_now() / HN_SECOND * HN_SECOND, at);
    for (const char *p = at; *p; p++)
        if (*p != '-' && *p != ':')
            stamp[n++] = *p;
    stamp[n] = 0;
    for (unsigned tries = 0; tries < 10000; tries++) {
        struct hn_str s = hn_arena_fmt(hn_work_arena(a->w), "flows-%s-%04u", stamp, ++a->number % 10000);
        int there = hn_work_file_open(a->w, s);
        if (there >= 0) {
            close(there);
            continue;
        }
        a->fd = hn_work_file_append(a->w, s);
        a->opened = hn_monotonic();
        return a->fd >= 0;
    }
    return false;
}

void flow_archive_numbers(struct flow_archive *a, const struct hn_export *x)
{
    a->exports = x;
}

/* Before the flows that say a number: after a crash it must not be another one's. */
static bool keep_numbers(struct flow_archive *a)
{
    size_t n = 0;
    if (a->exports)
        (void)hn_export_numbers(a->exports, &n);
    if (n != a->numbered && !flow_register_save(a->w, a->exports))
        return false;
    a->numbered = n;
    return true;
}

static bool write_out(struct flow_archive *a, bool durable)
{
    if (!a->out.n)
        return !a->out.bad;
    if (a->failed || !keep_numbers(a)) {
        hn_buf_clear(&a->out);
        return false;
    }
    if (a->fd < 0) {
        static const char magic[] = "HNFLOW1\n";
        if (!open_next(a) || !hn_ok(hn_write_all(a->fd, magic, sizeof magic - 1)))
            return false;
    }
    bool ok = !a->out.bad && hn_ok(hn_write_all(a->fd, a->out.p, a->out.n));
    a->octets += a->out.n;
    hn_buf_clear(&a->out);
    return ok && (!durable || fdatasync(a->fd) == 0);
}

void flow_archive_add(struct flow_archive *a, const struct hn_flow *f)
{
    if (!f->src.family || !f->dst.family)
        return;
    if (!a->waits_since)
        a->waits_since = hn_monotonic();
    hn_segment_add(a->writer, f);
    a->flows++;
    if (a->out.n >= WRITE_AT)
        a->failed = !write_out(a, false) || a->failed;
}

bool flow_archive_flush(struct flow_archive *a, hn_time most)
{
    hn_time now = hn_monotonic();
    if (most && (!a->waits_since || now - a->waits_since < most))
        return !a->failed;
    hn_segment_flush(a->writer);
    a->failed = !write_out(a, true) || a->failed;
    a->waits_since = 0;
    if (a->fd >= 0 && a->rotate && now - a->opened >= a->rotate) {
        close(a->fd);
        a->fd = -1;
    }
    return !a->failed;
}

uint64_t flow_archive_written(const struct flow_archive *a, uint64_t *ret_octets)
{
    if (ret_octets)
        *ret_octets = a->octets;
    return a->flows;
}

size_t flow_archive_prune(struct flow_archive *a, hn_time age, uint64_t octets)
{
    struct hn_file_entry *list;
    size_t n, removed = 0;
    uint64_t sum = 0;
    if ((!age && !octets) || !hn_ok(hn_work_file_list(a->w, HN_STR("flows-"), &list, &n)) || n < 2)
        return 0;
    /* from the newest, which is being written and stays */
    for (size_t i = n; i--;) {
        sum += list[i].size;
        bool old = age && hn_now() - list[i].mtime > age, over = octets && sum > octets;
        if (i + 1 < n && (old || over))
            removed += hn_ok(hn_work_file_remove(a->w, list[i].name));
    }
    return removed;
}

void flow_archive_free(struct flow_archive *a)
{
    if (!a)
        return;
    if (a->fd >= 0)
        close(a->fd);
    hn_segment_writer_free(a->writer);
    hn_buf_done(&a->out);
    hn_free(a);
}
