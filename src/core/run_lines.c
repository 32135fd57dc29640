/* Observations that are handed on as they came, one JSON text a line: whoever collects for a worker need not read them
 * itself. */
#include <stdio.h>

#include "base/str.h"
#include "core/registry.h"
#include "core/run_try.h"

bool run_line_add(struct hn_buf *lines, const struct hn_module *m, struct hn_bytes json)
{
    char begin[128];
    int n = snprintf(begin, sizeof begin, "{\"module\":\"%s\",", m->name); /* as hn_obs_begin() writes it */
    if (n < 0 || (size_t)n >= sizeof begin || json.n < (size_t)n || memcmp(json.p, begin, (size_t)n) != 0 ||
        memchr(json.p, '\n', json.n))
        return false;
    hn_buf_add(lines, json.p, json.n);
    hn_buf_chr(lines, '\n');
    return true;
}

struct hn_facts *run_lines_facts(struct hn_arena *a, struct hn_bytes lines)
{
    struct hn_facts *f = hn_facts_new(a);
    struct hn_bytes line;
    struct hn_arena nodes;
    const char *why;
    hn_arena_init(&nodes, a->cap);
    while (f && hn_bytes_line(&lines, &line)) {
        hn_arena_clear(&nodes); /* of the line before, whose facts are texts by now */
        const struct hn_jv *v = hn_jv_parse_apart(&nodes, a, line, NULL);
        if (v)
            hn_facts_add_json(f, v, 0, &why); /* what does not fit is told by who reads them for good */
    }
    hn_arena_done(&nodes);
    return f;
}

void hn_run_take_lines(struct hn_run *r, struct hn_bytes lines)
{
    struct hn_bytes line;
    struct hn_arena nodes;
    hn_arena_init(&nodes, r->arena.cap);
    while (hn_bytes_line(&lines, &line)) {
        hn_arena_clear(&nodes);
        const struct hn_jv *v = hn_jv_parse_apart(&nodes, &r->arena, line, NULL);
        const struct hn_module *m = hn_module_find(hn_jv_str(v, "module"));
        struct hn_run_cover *c = m ? run_cover_of(r, m) : NULL;
        const char *why = "not JSON";
        if (c && hn_facts_add_json(r->facts, v, r->collected_at, &why)) {
            c->observations++;
            continue;
        }
        for (size_t i = 0; i < r->n_cover; i++) { /* of a line that cannot be read nobody knows whose it is */
            if (c && c != &r->cover[i])
                continue;
            r->cover[i].rejected++;
            r->cover[i].complete = r->cover[i].bounded = false;
            run_note(r, &r->cover[i].malformed, &r->cover[i].n_malformed, hn_jv_str(v, "subject"), hn_str_c(why), 0);
        }
    }
    hn_arena_done(&nodes);
}
