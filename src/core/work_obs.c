/* Observations of a verb: gathered as the run document of one asset and handed to the front, which has it judged. */
#include <errno.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"
#include "core/work_in.h"

#define DOC_MAX (192u << 20)

static void on_obs(void *arg, const struct hn_module *m, struct hn_str json)
{
    struct hn_work *w = arg;
    if (w->n_obs++)
        hn_buf_chr(&w->obs, ',');
    hn_buf_str(&w->obs, json);
}

static void on_malformed(void *arg, const struct hn_module *m, struct hn_bytes path, uint64_t offset, const char *why)
{
}

static void on_not_seen(void *arg, const struct hn_module *m, struct hn_str what, struct hn_str why, bool hidden)
{
}

static void on_want(void *arg, const struct hn_module *m, const struct hn_want *want)
{
}

struct hn_parse *hn_work_obs_begin(struct hn_work *w, const struct hn_work_asset *a, hn_time collected_at)
{
    struct hn_parse_options o = {.live = true, .now = collected_at};
    if (!w->parse) {
        w->sink = (struct hn_parse_sink){w, on_obs, on_malformed, on_not_seen, on_want};
        w->parse = hn_parse_new(&o, &w->sink);
        hn_buf_init(&w->obs, DOC_MAX);
    }
    if (!w->parse || !hn_ok(hn_parse_begin(w->parse, w->module)))
        _exit(3); /* out of memory: the front says so */
    hn_buf_clear(&w->obs);
    w->n_obs = 0;
    w->asset = *a;
    w->collected_at = collected_at;
    return w->parse;
}

static void write_cover(struct hn_work *w, struct hn_jw *j, bool complete)
{
    hn_jw_key(j, "coverage");
    hn_jw_arr(j);
    hn_jw_obj(j);
    hn_jw_kc(j, "module", w->module->name);
    hn_jw_kstr(j, "scope", w->asset.scope);
    hn_jw_kc(j, "privilege", "root"); /* the input is the whole of what can be seen here, whoever reads it */
    hn_jw_kbool(j, "ran", true);
    hn_jw_kbool(j, "complete", complete);
    hn_jw_kint(j, "observations", (int64_t)w->n_obs);
    hn_jw_obj_end(j);
    hn_jw_arr_end(j);
}

static struct hn_err write_document(struct hn_work *w, struct hn_buf *out, bool complete)
{
    char id[HN_ID_TEXT];
    struct hn_jw j;
    HN_TRY(hn_id_new(id));
    hn_jw_init(&j, out);
    hn_jw_obj(&j);
    hn_jw_kc(&j, "schema", "hinomi-run-1");
    hn_jw_kc(&j, "run_id", id);
    hn_jw_ktime(&j, "collected_at", w->collected_at);
    hn_jw_kbool(&j, "live", true);
    hn_jw_kbool(&j, "deep", false);
    hn_jw_kstr(&j, "scope", w->asset.scope);
    hn_jw_kc(&j, "privilege", "root");
    hn_jw_key(&j, "subject");
    hn_jw_obj(&j);
    hn_jw_kstr(&j, "name", w->asset.name);
    hn_jw_kstr(&j, "kind", w->asset.kind);
    hn_jw_kstr(&j, "key_type", w->asset.key_type);
    hn_jw_kstr(&j, "key", w->asset.key);
    hn_jw_obj_end(&j);
    write_cover(w, &j, complete);
    hn_jw_key(&j, "observations");
    hn_jw_arr(&j);
    if (w->obs.n)
        hn_jw_raw(&j, hn_buf_text(&w->obs));
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    return hn_buf_err(out);
}

struct hn_err hn_work_obs_end(struct hn_work *w, bool complete)
{
    struct hn_buf out;
    HN_AUTO_FD fd = -1;
    complete = hn_ok(hn_parse_end(w->parse)) && !w->obs.bad && complete;
    hn_buf_init(&out, DOC_MAX + (1u << 20));
    struct hn_err e = write_document(w, &out, complete);
    if (hn_ok(e)) {
        fd = hn_work_temp(w);
        e = fd < 0 ? (struct hn_err){hn_err_from_errno(errno)} : hn_write_all(fd, out.p, out.n);
    }
    hn_buf_done(&out);
    HN_TRY(e);
    struct work_head h = {.n = 0};
    int err = work_ask(w, 'R', &h, "", fd, NULL, NULL);
    return err ? (struct hn_err){hn_err_from_errno(err)} : HN_OK;
}
