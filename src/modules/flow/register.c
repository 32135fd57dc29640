/* Which exporter has which number in this store: one register for the collector, for imports and for questions, so that
 * `exporter N` and `exporter ip A` mean the same whichever way the flows came. */
#include "base/fs.h"
#include "base/str.h"
#include "modules/flow/flow_in.h"

#define NUMBERS   "exporter-numbers"
#define BYTES_MAX (16u << 20) /* 65 536 lines of at most 100 octets, and then some */

bool flow_file_read(struct hn_work *w, const char *name, struct hn_buf *ret)
{
    HN_AUTO_FD fd = hn_work_file_open(w, hn_str_c(name));
    return fd >= 0 && hn_ok(hn_read_fd(fd, ret, NULL));
}

bool flow_file_write(struct hn_work *w, const char *name, const struct hn_buf *b)
{
    HN_AUTO_FD fd = hn_work_file_new(w, hn_str_c(name));
    bool ok =
        fd >= 0 && !b->bad && hn_ok(hn_write_all(fd, b->p, b->n)) && hn_ok(hn_work_file_commit(w, hn_str_c(name)));
    if (!ok)
        hn_work_warn(w, "flow.not-written", NULL);
    return ok;
}

/* A store of before the register: the collector's exporters had the numbers in which its state tells them. */
static void load_state(struct hn_work *w, struct hn_export *x)
{
    struct hn_export_sink none = {0};
    struct hn_export *old = hn_export_new(&none);
    struct hn_buf state, numbers;
    hn_buf_init(&state, FLOW_STATE_MAX);
    hn_buf_init(&numbers, BYTES_MAX);
    if (old && flow_file_read(w, FLOW_STATE_FILE, &state)) {
        (void)hn_export_load(old, hn_bytes_of(state.p, state.n));
        hn_export_numbers_save(old, &numbers);
        (void)hn_export_numbers_load(x, hn_buf_text(&numbers));
    }
    hn_export_free(old);
    hn_buf_done(&state);
    hn_buf_done(&numbers);
}

void flow_register_load(struct hn_work *w, struct hn_export *x)
{
    struct hn_buf b;
    struct hn_str text;
    hn_buf_init(&b, BYTES_MAX);
    if (!flow_file_read(w, NUMBERS, &b))
        load_state(w, x);
    else if (!hn_str_from_utf8(hn_bytes_of(b.p, b.n), &text) || !hn_export_numbers_load(x, text))
        hn_work_warn(w, "flow.register-damaged", NULL);
    hn_buf_done(&b);
    size_t n;
    (void)hn_export_numbers(x, &n);
    if (n == HN_EXPORTERS_MAX)
        hn_work_warn(w, "flow.register-full", NULL);
}

bool flow_register_save(struct hn_work *w, const struct hn_export *x)
{
    struct hn_buf b;
    hn_buf_init(&b, BYTES_MAX);
    hn_export_numbers_save(x, &b);
    bool ok = flow_file_write(w, NUMBERS, &b);
    hn_buf_done(&b);
    return ok;
}
