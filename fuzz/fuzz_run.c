/* A run document, as `hinomi ingest` gets it from another machine: read, judged, ranked, written, read again. */
#include "base/str.h"
#include "core/run.h"
#include "fuzz.h"

static struct hn_policy *policy(void)
{
    static struct hn_policy *p;
    struct hn_diag d = {{0}};
    if (!p && !hn_ok(hn_policy_load(NULL, &p, &d)))
        abort();
    return p;
}

static void write_and_read(struct hn_run *r)
{
    struct hn_buf b;
    struct hn_jw w;
    struct hn_diag d = {{0}};
    hn_buf_init(&b, 64u << 20);
    hn_jw_init(&w, &b);
    hn_run_json(r, policy(), &w, true);
    struct hn_run *again = b.bad ? NULL : hn_run_new();
    if (again) {
        struct hn_err e = hn_run_read(again, hn_bytes_of(b.p, b.n), &d);
        FUZZ_CHECK(hn_ok(e) || e.code == HN_E_NOMEM || e.code == HN_E_LIMIT, "what was written is refused: %s", d.msg);
    }
    hn_run_free(again);
    hn_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_diag d = {{0}};
    struct hn_bytes exact = fuzz_copy(data, size);
    struct hn_run *r = hn_run_new();
    if (r && hn_ok(hn_run_read(r, exact, &d))) {
        r->asset = HN_STR("fuzz");
        if (hn_ok(hn_run_judge(r, policy(), &d)))
            write_and_read(r);
    }
    hn_run_free(r);
    fuzz_free(exact);
    return 0;
}
