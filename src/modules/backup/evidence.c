/* /etc/hinomi/backup-evidence.yaml: what people attest about copies that a program cannot see (README.md has the form).
 * Whatever does not fit is told; a copy that is only half right does not count. */
#include "format/yaml_tree.h"
#include "modules/backup/backup.h"

struct reading {
    struct hn_parse *p;
    const struct hn_rec *r;
    unsigned problems;
};

static void problem(struct reading *g, unsigned line, const char *what, struct hn_str detail)
{
    struct hn_arena *a = hn_parse_arena(g->p);
    hn_parse_malformed(g->p, g->r->path, 0, what);
    if (g->problems++ >= 64)
        return;
    hn_obs_begin(g->p, "evidence_problem", hn_arena_fmt(a, "%u:%u", line, g->problems));
    hn_obs_int(g->p, "line", line);
    hn_obs_str(g->p, "what", hn_str_c(what));
    if (detail.n)
        hn_obs_str(g->p, "detail",
                   hn_str_cut(detail, 0, hn_utf8_valid_len(hn_bytes_of(detail.p, detail.n < 256 ? detail.n : 256))));
    hn_obs_end(g->p);
}

static struct hn_str text(struct reading *g, struct hn_yaml *map, const char *key, bool needed, bool *bad)
{
    struct hn_yaml *n = hn_yaml_get(map, key);
    if (!n && needed) {
        problem(g, map->line, "something needed is missing", hn_str_c(key));
        *bad = true;
    }
    if (n && (n->kind != HN_YAML_SCALAR || !n->s.n)) {
        problem(g, n->line, "a single value is expected", hn_str_c(key));
        *bad = true;
        return HN_STR("");
    }
    return n ? n->s : HN_STR("");
}

static bool flag(struct reading *g, struct hn_yaml *map, const char *key, bool *bad)
{
    struct hn_str v = text(g, map, key, false, bad);
    if (!v.n || hn_str_eqc(v, "false") || hn_str_eqc(v, "no"))
        return false;
    if (hn_str_eqc(v, "true") || hn_str_eqc(v, "yes"))
        return true;
    problem(g, map->line, "true or false is expected", hn_str_c(key));
    *bad = true;
    return false;
}

static hn_time date(struct reading *g, struct hn_yaml *map, const char *key, bool needed, bool *bad)
{
    struct hn_str v = text(g, map, key, needed, bad);
    hn_time t = 0;
    if (!v.n)
        return 0;
    if (!hn_time_parse(v, &t) || t <= 0) {
        problem(g, hn_yaml_get(map, key)->line, "a date like 2026-11-22 is expected", hn_str_c(key));
        *bad = true;
        return 0;
    }
    return t;
}

static size_t list(struct reading *g, struct hn_yaml *map, const char *key, struct hn_str *out, size_t max, bool *bad)
{
    struct hn_yaml *n = hn_yaml_get(map, key);
    size_t count = 0;
    if (!n)
        return 0;
    if (n->kind != HN_YAML_SEQ || n->n > max) {
        problem(g, n->line, "a list is expected, and not a very long one", hn_str_c(key));
        *bad = true;
        return 0;
    }
    for (struct hn_yaml *i = n->first; i; i = i->next)
        if (i->kind == HN_YAML_SCALAR && i->s.n)
            out[count++] = i->s;
    return count;
}

static void expected(struct reading *g, struct hn_yaml *map, struct backup_copy *c, bool *bad)
{
    struct hn_yaml *e = hn_yaml_get(map, "expected");
    uint64_t packs;
    c->expected_packs = -1;
    if (!e)
        return;
    if (e->kind != HN_YAML_MAP) {
        problem(g, e->line, "a mapping is expected", HN_STR("expected"));
        *bad = true;
        return;
    }
    c->n_expected = list(g, e, "snapshots", c->expected, sizeof(c->expected) / sizeof(c->expected[0]), bad);
    struct hn_str v = text(g, e, "packs", false, bad);
    if (v.n && hn_str_u64(v, 10, &packs) && packs < INT32_MAX)
        c->expected_packs = (int64_t)packs;
    else if (v.n)
        problem(g, e->line, "a number is expected", HN_STR("packs"));
}

static bool medium_ok(struct hn_str m)
{
    static const char *const media[] = {"disk", "nas", "usb", "tape", "optical", "cloud", "snapshot", "other"};
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
        if (hn_str_eqc(m, media[i]))
            return true;
    return false;
}

static void unknown_keys(struct reading *g, const struct hn_yaml *map)
{
    for (const struct hn_yaml *n = map->first; n; n = n->next)
        if (!n->used)
            problem(g, n->line, "an unknown name", n->key);
}

static void one_copy(struct reading *g, struct hn_yaml *map)
{
    struct backup_state *s = hn_parse_state(g->p);
    struct backup_copy c = {.line = map->line}, *own;
    bool bad = false;
    if (map->kind != HN_YAML_MAP) {
        problem(g, map->line, "each copy is a mapping", HN_STR("copies"));
        return;
    }
    c.name = text(g, map, "name", true, &bad);
    c.medium = text(g, map, "medium", true, &bad);
    c.location = text(g, map, "location", false, &bad);
    c.attested_by = text(g, map, "attested_by", true, &bad);
    c.repository = text(g, map, "repository", false, &bad);
    c.offline = flag(g, map, "offline", &bad);
    c.immutable = flag(g, map, "immutable", &bad);
    c.offsite = flag(g, map, "offsite", &bad);
    c.last_success = date(g, map, "last_success", true, &bad);
    c.last_restore_test = date(g, map, "last_restore_test", false, &bad);
    c.valid_until = date(g, map, "valid_until", true, &bad);
    c.n_covers = list(g, map, "covers", c.covers, sizeof(c.covers) / sizeof(c.covers[0]), &bad);
    expected(g, map, &c, &bad);
    unknown_keys(g, map);
    if (c.medium.n && !medium_ok(c.medium)) {
        problem(g, map->line, "medium is one of disk, nas, usb, tape, optical, cloud, snapshot, other", c.medium);
        bad = true;
    }
    if (c.last_success > hn_parse_now(g->p) + HN_DAY || c.last_restore_test > hn_parse_now(g->p) + HN_DAY) {
        problem(g, map->line, "something that happened lies in the future", c.name);
        bad = true;
    }
    own = !bad && s->n_copies < BACKUP_MAX_COPIES ? HN_NEW(hn_parse_arena(g->p), struct backup_copy) : NULL;
    if (!own)
        return;
    *own = c;
    if (s->last_copy)
        s->last_copy->next = own;
    else
        s->copies = own;
    s->last_copy = own;
    s->n_copies++;
    if (c.repository.n)
        backup_repo_get(g->p, "", c.repository);
}

void backup_evidence(struct hn_parse *p, const struct hn_rec *r)
{
    struct reading g = {.p = p, .r = r};
    struct hn_yaml *tree = NULL;
    struct hn_diag d = {{0}};
    if (r->offset)
        return;
    hn_obs_begin(p, "evidence_file", hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096));
    hn_obs_str(p, "path", hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096));
    hn_obs_int(p, "mode", r->st.mode & 07777);
    hn_obs_int(p, "uid", r->st.uid);
    hn_obs_time(p, "mtime", r->st.mtime);
    hn_obs_end(p);
    if (r->truncated || !hn_ok(hn_yaml_parse(hn_parse_arena(p), r->data, &tree, &d)) || !tree) {
        problem(&g, 1, r->truncated ? "longer than the limit" : "not a plain YAML file",
                hn_str_from_hostile(hn_parse_scratch(p), hn_bytes_of(d.msg, strlen(d.msg)), 256));
        return;
    }
    struct hn_yaml *copies = hn_yaml_get(tree, "copies");
    hn_yaml_get(tree, "schema");
    if (!copies || copies->kind != HN_YAML_SEQ) {
        problem(&g, tree->line, "a list named copies is expected", HN_STR("copies"));
        return;
    }
    for (struct hn_yaml *n = copies->first; n; n = n->next)
        one_copy(&g, n);
    unknown_keys(&g, tree);
}

void backup_copies_emit(struct hn_parse *p)
{
    struct backup_state *s = hn_parse_state(p);
    hn_time now = hn_parse_now(p);
    for (const struct backup_copy *c = s->copies; c; c = c->next) {
        hn_obs_begin(p, "copy", hn_arena_fmt(hn_parse_arena(p), "%.*s", HN_FMT(c->name)));
        hn_obs_str(p, "name", c->name);
        hn_obs_str(p, "medium", c->medium);
        if (c->location.n)
            hn_obs_str(p, "location", c->location);
        if (c->repository.n)
            hn_obs_str(p, "repository", c->repository);
        hn_obs_bool(p, "offline", c->offline);
        hn_obs_bool(p, "immutable", c->immutable);
        hn_obs_bool(p, "offsite", c->offsite);
        hn_obs_time(p, "last_success", c->last_success);
        hn_obs_time(p, "last_restore_test", c->last_restore_test);
        hn_obs_time(p, "valid_until", c->valid_until);
        hn_obs_bool(p, "expired", c->valid_until + HN_DAY <= now);
        hn_obs_str(p, "attested_by", c->attested_by);
        if (c->n_covers)
            hn_obs_list(p, "covers", c->covers, c->n_covers);
        hn_obs_int(p, "line", c->line);
        hn_obs_end(p);
    }
}
