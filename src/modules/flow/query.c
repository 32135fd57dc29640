/* Finding the blocks and unpacking them: files of the module's folder, or those named with --from. */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/text.h"
#include "modules/flow/query_in.h"

#define FILES_MAX   100000u
#define FILE_MAX    ((size_t)64 << 30)
#define MADE_MAX    ((size_t)8 << 30)
#define COLUMN_ROOM ((size_t)HN_SEGMENT_FLOWS * 16)

/* ---------------------------------------------------------------- the filter */

static struct hn_str joined_words(struct hn_work *w)
{
    struct hn_buf b;
    hn_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < hn_work_words(w); i++) {
        if (i)
            hn_buf_chr(&b, ' ');
        hn_buf_str(&b, hn_work_word(w, i));
    }
    struct hn_str s = hn_arena_str(hn_work_arena(w), hn_buf_text(&b));
    hn_buf_done(&b);
    return s;
}

void flow_query_say_why(struct hn_work *w, const char *why, int64_t at)
{
    if (hn_work_form(w) == HN_FORM_TEXT)
        return;
    HN_AUTO(hn_buf_done) struct hn_buf b;
    struct hn_jw j;
    hn_buf_init(&b, 4096);
    hn_jw_init(&j, &b);
    hn_jw_obj(&j);
    hn_jw_key(&j, "error");
    hn_jw_obj(&j);
    hn_jw_kc(&j, "why", why);
    if (at >= 0)
        hn_jw_kint(&j, "at", at);
    hn_jw_obj_end(&j);
    hn_jw_obj_end(&j);
    hn_buf_chr(&b, '\n');
    hn_work_write(w, hn_bytes_of(b.p, b.n));
}

/* Why a filter is refused, in the language of the user: the key is made of the words that the parser has for it. */
static const char *reason(const struct query *q, const char *why)
{
    struct hn_buf key;
    bool gap = false;
    hn_buf_init(&key, 256);
    hn_buf_c(&key, "flow.why.");
    for (const char *p = why; *p; p++) {
        bool plain = isalnum((unsigned char)*p);
        if (plain)
            hn_buf_fmt(&key, "%s%c", gap ? "-" : "", tolower((unsigned char)*p));
        gap = !plain;
    }
    const char *text =
        hn_text_find((enum hn_lang)hn_work_lang(q->w), hn_arena_cstr(hn_work_arena(q->w), hn_buf_text(&key)));
    hn_buf_done(&key);
    return text ? text : why;
}

static int read_filter(struct query *q)
{
    const char *why;
    size_t at;
    struct hn_arena *a = hn_work_arena(q->w);
    struct hn_str text = joined_words(q->w);
    q->filter = hn_flow_filter_parse(a, text, &why, &at);
    if (q->filter)
        return -1;
    struct hn_str from = hn_str_cut(text, at, text.n);
    flow_query_say_why(q->w, why, (int64_t)at);
    return hn_work_usage(q->w, "flow.bad-filter", "why", reason(q, why), "at",
                         from.n ? hn_arena_cstr(a, hn_str_cut(from, 0, from.n < 40 ? from.n : 40)) : "…", NULL);
}

/* ---------------------------------------------------------------- files */

static bool add_block(struct query *q, const struct hn_segment_block *b)
{
    if (b->last_ms < q->since_ms || b->first_ms >= q->until_ms)
        return true;
    if (q->n_blocks == q->cap_blocks) {
        size_t cap = q->cap_blocks ? 2 * q->cap_blocks : 256;
        struct hn_segment_block *more = hn_realloc(q->blocks, cap * sizeof *more);
        if (!more)
            return false;
        q->blocks = more;
        q->cap_blocks = cap;
    }
    q->blocks[q->n_blocks++] = *b;
    q->flows += b->n;
    return true;
}

static bool add_segment(struct query *q, struct hn_bytes file)
{
    struct hn_segment_block b;
    size_t at = 0;
    bool ok = true;
    while (ok && hn_segment_next(file, &at, false, &b))
        ok = add_block(q, &b);
    q->damaged_files += at < file.n; /* the last block may be just being written */
    return ok;
}

static void make_flow(void *arg, const struct hn_flow *f)
{
    struct query *q = arg;
    if (f->src.family && !(f->known & HN_FLOW_BEGINS))
        hn_segment_add(q->making, f);
}

/* Any other kind of input: its records are written into blocks in memory, and then asked like the others. */
static bool add_other(struct query *q, struct query_file *f)
{
    struct flow_input_stats stats;
    hn_buf_init(&f->made, MADE_MAX);
    hn_segment_begin(&f->made);
    q->making = hn_segment_writer_new(&f->made);
    struct flow_reader r = {.w = q->w, .flow = make_flow, .arg = q, .exports = q->exports, .joins = q->joins};
    bool ok = q->making != NULL;
    if (ok) {
        flow_read(&r, &f->input, &stats);
        hn_segment_flush(q->making);
        q->n_read += !stats.why || stats.flows;
        if (stats.why)
            hn_work_warn(q->w, "flow.input.why", "name", hn_arena_cstr(hn_work_arena(q->w), f->input.name), "why",
                         stats.why, NULL);
    }
    hn_segment_writer_free(q->making);
    q->making = NULL;
    return ok && !f->made.bad && add_segment(q, hn_bytes_of(f->made.p, f->made.n));
}

static bool add_input(struct query *q, const struct hn_input *in)
{
    if (q->n_files == FILES_MAX)
        return false;
    struct query_file *f = &q->files[q->n_files++];
    f->input = *in;
    if (!hn_work_map(q->w, &f->input, FILE_MAX))
        return true;
    q->n_read += hn_segment_is(f->input.map);
    return hn_segment_is(f->input.map) ? add_segment(q, f->input.map) : add_other(q, f);
}

static bool add_own(struct query *q)
{
    struct hn_file_entry *list;
    size_t n;
    if (!hn_ok(hn_work_file_list(q->w, HN_STR("flows-"), &list, &n)))
        return true; /* no folder yet: nothing is stored */
    for (size_t i = 0; i < n; i++) {
        struct hn_input in = {.name = list[i].name, .regular = true, .size = list[i].size};
        in.fd = hn_work_file_open(q->w, list[i].name);
        if (in.fd >= 0 && !add_input(q, &in))
            return false;
    }
    return true;
}

/* The addresses of exporters, once all that may bring new ones has been read. */
static bool know_exporters(struct query *q)
{
    size_t n;
    const struct hn_export_number *list = hn_export_numbers(q->exports, &n);
    return hn_flow_filter_exporters(q->filter, hn_work_arena(q->w), list, n);
}

static bool read_inputs(struct query *q)
{
    struct flow_inputs inputs = {.w = q->w, .option = "from"};
    struct hn_input in;
    bool ok = hn_work_given(q->w, "from") || add_own(q);
    while (ok && flow_inputs_next(&inputs, &in))
        ok = add_input(q, &in);
    flow_inputs_done(&inputs);
    return ok && know_exporters(q);
}

int flow_query_open(struct query *q, struct hn_work *w, uint32_t needs)
{
    struct hn_export_sink sink = {make_flow, q};
    hn_time since = hn_work_time(w, "since"), until = hn_work_time(w, "until");
    *q = (struct query){.w = w, .since_ms = since / 1000000, .until_ms = until ? until / 1000000 : INT64_MAX};
    int rc = read_filter(q);
    if (rc >= 0)
        return rc;
    q->needs = needs | hn_flow_filter_columns(q->filter) | 1u << HN_SEGMENT_FIRST;
    q->files = hn_arena_alloc(hn_work_arena(w), FILES_MAX * sizeof *q->files);
    q->joins = hn_flow_joins_new();
    q->exports = hn_export_new(&sink);
    if (q->exports)
        flow_register_load(w, q->exports);
    if (!q->files || !q->joins || !q->exports || !read_inputs(q))
        return hn_work_fail(w, "flow.memory", NULL);
    if (!q->n_read && hn_work_given(w, "from"))
        return hn_work_fail(w, "flow.nothing-read", NULL);
    if (!q->n_files)
        hn_work_warn(w, "flow.nothing-stored", NULL);
    return -1;
}

void flow_query_close(struct query *q)
{
    for (size_t i = 0; i < q->n_files; i++) {
        hn_work_done(&q->files[i].input);
        hn_buf_done(&q->files[i].made);
    }
    for (size_t i = 0; i < QUERY_THREADS; i++) {
        struct query_worker *k = &q->workers[i];
        for (size_t c = 0; c < HN_SEGMENT_COLUMNS; c++)
            hn_free(k->columns[c]);
        for (size_t p = 0; p < HN_TLS_PRINTS; p++)
            hn_free(k->prints[p]);
        hn_free(k->keep);
        hn_free(k->room);
        hn_free(k->unpack);
    }
    hn_free(q->blocks);
    hn_flow_joins_free(q->joins);
    hn_export_free(q->exports);
}

/* ---------------------------------------------------------------- running */

static bool asks_prints(const struct query *q, unsigned p)
{
    return q->needs >> hn_segment_print_column((enum hn_tls_print)p) & 1;
}

static bool worker_init(struct query_worker *k)
{
    bool ok = true;
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
        if (k->q->needs >> c & 1 && !k->columns[c])
            ok = (k->columns[c] = hn_alloc(COLUMN_ROOM)) && ok;
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        if (asks_prints(k->q, p) && !k->prints[p])
            ok = (k->prints[p] = hn_alloc((size_t)HN_SEGMENT_FLOWS * hn_tls_print_size((enum hn_tls_print)p))) && ok;
    k->keep = k->keep ? k->keep : hn_alloc(HN_SEGMENT_FLOWS);
    k->room = k->room ? k->room : hn_alloc((size_t)HN_SEGMENT_FLOWS * (HN_FLOW_FILTER_DEPTH + 2));
    k->unpack = k->unpack ? k->unpack : hn_alloc(COLUMN_ROOM);
    return ok && k->keep && k->room && k->unpack;
}

/* Blocks that lie across the ends of the time asked for are cut record by record. */
static void cut_times(struct query_worker *k, const struct hn_segment_block *b)
{
    const struct query *q = k->q;
    if (b->first_ms >= q->since_ms && b->last_ms < q->until_ms)
        return;
    for (uint32_t i = 0; i < b->n; i++) {
        int64_t at = b->first_ms + (int64_t)query_get(k, b, HN_SEGMENT_FIRST, i);
        k->keep[i] = k->keep[i] && at >= q->since_ms && at < q->until_ms;
    }
}

static void do_block(struct query_worker *k, const struct hn_segment_block *b)
{
    for (unsigned c = 0; c < HN_SEGMENT_COLUMNS; c++)
        if (k->q->needs >> c & 1 && !hn_segment_column(b, (enum hn_segment_column)c, k->columns[c], k->unpack)) {
            k->damaged++;
            return;
        }
    for (unsigned p = 0; p < HN_TLS_PRINTS; p++)
        if (asks_prints(k->q, p) && !hn_segment_prints(b, (enum hn_tls_print)p, k->prints[p])) {
            k->damaged++;
            return;
        }
    hn_flow_filter_run(k->q->filter, b, (const void *const *)k->columns, (const uint8_t *const *)k->prints, k->keep,
                       k->room);
    cut_times(k, b);
    k->q->each(k, b);
}

static void *work(void *arg)
{
    struct query_worker *k = arg;
    size_t i;
    while ((i = atomic_fetch_add(&k->q->next, 1)) < k->q->n_blocks) {
        do_block(k, &k->q->blocks[i]);
        if (k->index == 0)
            hn_work_progress(k->q->w, i, k->q->n_blocks, "blocks");
    }
    return NULL;
}

bool flow_query_run(struct query *q, unsigned threads)
{
    pthread_t other[QUERY_THREADS];
    unsigned started = 0;
    atomic_store(&q->next, 0);
    for (unsigned i = 0; i < threads; i++) {
        q->workers[i].q = q;
        q->workers[i].index = i;
        if (!worker_init(&q->workers[i]))
            return false;
    }
    for (unsigned i = 1; i < threads && q->n_blocks > 1; i++)
        if (pthread_create(&other[started], NULL, work, &q->workers[i]) == 0)
            started++;
    work(&q->workers[0]);
    for (unsigned i = 0; i < started; i++)
        pthread_join(other[i], NULL);
    bool ok = true;
    for (unsigned i = 0; i < threads; i++)
        ok = ok && !q->workers[i].failed;
    return ok;
}
