/* Repositories on this host. Content is encrypted and stays so; what can be told without the key is:
 *
 *   restic   every file but config is named by the SHA-256 of its content; snapshots/ has one file per snapshot
 *   borg     config begins with [repository]; segments carry checksums (borg.c); index.N is rewritten by every change
 *   others   the newest entry of the folder
 *
 * Quick: names, times, and the small files of restic. Deep: indexes and packs too; of a large repository 1/256 a day,
 * by name, so that everything is read within 256 days. */
#include <errno.h>

#include "base/hash.h"
#include "modules/backup/backup.h"

/* ---------------------------------------------------------------- finding */

static struct hn_str local_path(struct hn_arena *a, struct hn_str target)
{
    if (hn_str_starts(target, "file://"))
        target = hn_str_cut(target, 7, target.n);
    else if (hn_str_starts(target, "local:"))
        target = hn_str_cut(target, 6, target.n);
    if (!backup_is_local(target))
        return HN_STR("");
    return hn_str_from_hostile(a, hn_path_canonical(a, hn_str_bytes(target)), 4096);
}

static enum backup_repo_kind kind_of(const char *tool)
{
    if (strcmp(tool, "restic") == 0 || strcmp(tool, "resticprofile") == 0 || strcmp(tool, "autorestic") == 0)
        return BACKUP_RESTIC;
    return strcmp(tool, "borg") == 0 || strcmp(tool, "borgmatic") == 0 ? BACKUP_BORG : BACKUP_OTHER;
}

static void ask(struct hn_parse *p, const struct backup_repo *repo)
{
    static const struct {
        const char *tail;
        size_t max;
        bool deep;
    } list[] = {{"", 0, false},
                {"/*", 0, false},
                {"/config", 4096, false},
                {"/keys/*", 65536, false},
                {"/snapshots/*", 65536, false},
                {"/locks/*", 0, false},
                {"/index/*", 0, false},
                {"/index/*", HN_WANT_BYTES_MAX, true},
                {"/data/*/*", 0, true}};
    struct hn_arena *a = hn_parse_arena(p);
    for (size_t i = 0; i < repo->path.n; i++)
        if (strchr("*?[\\", repo->path.p[i]))
            return;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (!list[i].deep || hn_parse_deep(p))
            hn_parse_want_some(p, list[i].max ? "repo-file" : "repo-entry",
                               hn_arena_fmt(a, "%.*s%s", HN_FMT(repo->path), list[i].tail), list[i].max);
}

struct backup_repo *backup_repo_get(struct hn_parse *p, const char *tool, struct hn_str target)
{
    struct backup_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str path = local_path(a, target);
    for (struct backup_repo *r = s->repos; r; r = r->next) {
        if (path.n ? !hn_str_eq(r->path, path) : !hn_str_eq(r->target, target))
            continue;
        if (!r->tool.n && tool[0]) {
            r->tool = hn_str_c(tool);
            r->kind = r->recognised ? r->kind : kind_of(tool);
        }
        return r;
    }
    struct backup_repo *r = s->n_repos < BACKUP_MAX_REPOSITORIES && target.n ? HN_NEW(a, struct backup_repo) : NULL;
    if (!r)
        return NULL;
    r->kind = kind_of(tool);
    r->tool = hn_str_c(tool);
    r->target = hn_arena_str(a, target);
    r->path = path.n ? hn_arena_str(a, path) : HN_STR("");
    r->expected_packs = -1;
    r->next = s->repos;
    s->repos = r;
    s->n_repos++;
    if (path.n)
        ask(p, r);
    return r;
}

/* A file named config at a usual place: Borg's by its first line, restic's by its size and the folders beside it. */
void backup_repo_guess(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096);
    bool borg = r->data.n > 12 && memcmp(r->data.p, "[repository]", 12) == 0;
    bool restic = r->data.n >= 100 && r->data.n <= 400 && hn_utf8_valid_len(r->data) != r->data.n;
    if ((!borg && !restic) || !hn_str_ends(path, "/config"))
        return;
    backup_repo_get(p, borg ? "borg" : "restic", hn_str_cut(path, 0, path.n - 7));
    if (borg)
        backup_repo_file(p, r);
}

/* The repository that the path lies in, and the rest of the path. */
static struct backup_repo *repo_of(struct backup_state *s, struct hn_bytes path, struct hn_str *ret_rest)
{
    struct backup_repo *best = NULL;
    for (struct backup_repo *r = s->repos; r; r = r->next) {
        if (!r->path.n || path.n < r->path.n || memcmp(path.p, r->path.p, r->path.n) != 0)
            continue;
        if (path.n > r->path.n && path.p[r->path.n] != '/')
            continue;
        if (!best || r->path.n > best->path.n)
            best = r;
    }
    if (best)
        *ret_rest = path.n > best->path.n
                        ? (struct hn_str){(const char *)path.p + best->path.n + 1, path.n - best->path.n - 1}
                        : HN_STR("");
    return best;
}

/* ---------------------------------------------------------------- content */

void backup_repo_damage(struct hn_parse *p, struct backup_repo *repo, struct hn_str what)
{
    for (size_t i = 0; i < repo->n_damage; i++)
        if (hn_str_eq(repo->damage[i], what))
            return;
    repo->bad++;
    if (repo->n_damage < BACKUP_MAX_DAMAGE)
        repo->damage[repo->n_damage++] = what;
}

static bool is_digest(struct hn_str name)
{
    uint8_t out[HN_SHA256_LEN];
    return name.n == 2 * HN_SHA256_LEN && hn_unhex(name, out, sizeof(out));
}

/* Compares the content with the name, over all records of the file. */
static void digest(struct hn_parse *p, struct backup_repo *repo, const struct hn_rec *r, struct hn_str name)
{
    struct backup_state *s = hn_parse_state(p);
    uint8_t sum[64];
    char hex[HN_HEX256_LEN];
    if (!r->offset) {
        if (s->digest)
            hn_digest_end(s->digest, sum);
        s->digest = hn_digest_new(HN_SHA256);
        s->digest_of = repo;
    }
    if (!s->digest || s->digest_of != repo)
        return;
    hn_digest_add(s->digest, r->data);
    if (r->more)
        return;
    hn_digest_end(s->digest, sum);
    s->digest = NULL;
    hn_hex(hn_bytes_of(sum, HN_SHA256_LEN), hex);
    if (!r->truncated && !hn_str_eqc(name, hex))
        backup_repo_damage(p, repo,
                           hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), r->path, 1024)));
}

static void take_config(struct backup_repo *repo, struct hn_bytes data)
{
    struct hn_bytes line;
    if (data.n < 12 || memcmp(data.p, "[repository]", 12) != 0)
        return;
    repo->kind = BACKUP_BORG;
    repo->recognised = true;
    while (hn_bytes_line(&data, &line))
        if (hn_bytes_eqc(line, "append_only = 1"))
            repo->append_only = true; /* the key that the file holds too is not looked at */
}

static void take_snapshot(struct hn_parse *p, struct backup_repo *repo, const struct hn_rec *r, struct hn_str name)
{
    if (r->offset)
        return;
    repo->snapshots++;
    if (r->st.mtime > repo->newest)
        repo->newest = r->st.mtime;
    if (repo->n_names < BACKUP_MAX_SNAPSHOTS)
        repo->snapshot_names[repo->n_names++] = hn_arena_str(hn_parse_arena(p), name);
}

void backup_repo_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct backup_state *s = hn_parse_state(p);
    struct hn_str rest;
    struct backup_repo *repo = repo_of(s, r->path, &rest);
    if (!repo || r->err) {
        s->denied = s->denied || r->err == EACCES || r->err == EPERM;
        return;
    }
    if (hn_str_eqc(rest, "config")) {
        take_config(repo, r->data);
        return;
    }
    struct hn_str name = hn_str_base(rest);
    if (is_digest(name)) {
        if (hn_str_starts(rest, "keys/"))
            repo->keys_seen = true;
        if (hn_str_starts(rest, "snapshots/"))
            take_snapshot(p, repo, r, name);
        if (hn_str_starts(rest, "data/") && !r->offset)
            repo->packs_read++;
        repo->kind = BACKUP_RESTIC;
        repo->recognised = true;
        digest(p, repo, r, name);
    } else if (repo->kind == BACKUP_BORG && hn_str_starts(rest, "data/")) {
        backup_borg_segment(p, repo, r);
    }
}

/* ---------------------------------------------------------------- names, sizes and times */

/* Whether the content of this pack is read today: the first few always, the others by turns. */
static bool todays(struct hn_parse *p, const struct backup_repo *repo, struct hn_str rest)
{
    uint8_t first = 0;
    uint64_t number = 0;
    unsigned day = (unsigned)(hn_parse_now(p) / HN_DAY % 256);
    if (repo->packs <= BACKUP_SMALL_PACKS)
        return true;
    struct hn_str name = hn_str_base(rest);
    if (repo->kind == BACKUP_RESTIC)
        return name.n > 2 && hn_unhex(hn_str_cut(name, 0, 2), &first, 1) && first == day;
    return hn_str_u64(name, 10, &number) && number % 256 == day;
}

static void take_pack(struct hn_parse *p, struct backup_repo *repo, const struct hn_rec *r, struct hn_str rest)
{
    repo->packs++;
    repo->bytes += r->st.size;
    if (repo->kind == BACKUP_BORG && r->st.mtime > repo->newest)
        repo->newest = r->st.mtime;
    struct hn_str path = hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), r->path, 1024));
    if (!r->st.size)
        backup_repo_damage(p, repo, path);
    else if (hn_parse_deep(p) && repo->packs <= BACKUP_MAX_PACKS && todays(p, repo, rest))
        hn_parse_want_some(p, "repo-file", path, HN_WANT_BYTES_MAX);
}

void backup_repo_entry(struct hn_parse *p, const struct hn_rec *r)
{
    struct backup_state *s = hn_parse_state(p);
    struct hn_str rest;
    struct backup_repo *repo = repo_of(s, r->path, &rest);
    if (!repo)
        return;
    if (r->err) {
        s->denied = s->denied || r->err == EACCES || r->err == EPERM;
        repo->missing = repo->missing || (!rest.n && (r->err == ENOENT || r->err == ENOTDIR));
        return;
    }
    bool folder = (r->st.mode & 0170000) == 0040000;
    if (hn_str_starts(rest, "data/") && !folder) {
        take_pack(p, repo, r, rest);
    } else if (hn_str_starts(rest, "locks/") || hn_str_starts(rest, "lock.exclusive")) {
        repo->locked = true;
    } else if (hn_str_starts(rest, "index/") || hn_str_starts(rest, "index.")) {
        if (r->st.mtime > repo->newest_index)
            repo->newest_index = r->st.mtime;
        if (hn_str_starts(rest, "index.") && repo->kind != BACKUP_RESTIC && r->st.mtime > repo->newest)
            repo->newest = r->st.mtime; /* Borg writes it at the end of every change */
        if (!r->st.size)
            backup_repo_damage(
                p, repo, hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), r->path, 1024)));
    } else if (repo->kind == BACKUP_OTHER) {
        repo->recognised = true;
        if ((rest.n || !folder) && r->st.mtime > repo->newest)
            repo->newest = r->st.mtime;
        if (rest.n && hn_str_chr(rest, '/') < 0)
            repo->snapshots++;
    }
}

/* ---------------------------------------------------------------- out */

/* What people wrote down to be there, against what is there: neither restic nor Borg notices a deleted snapshot. */
static void compare(struct backup_state *s, struct backup_repo *repo, struct hn_arena *a)
{
    for (const struct backup_copy *c = s->copies; c; c = c->next) {
        struct hn_str path = local_path(a, c->repository);
        if (!(path.n ? hn_str_eq(path, repo->path) : hn_str_eq(c->repository, repo->target)) || !c->repository.n)
            continue;
        if (c->expected_packs >= 0)
            repo->expected_packs = c->expected_packs;
        for (size_t i = 0; i < c->n_expected && repo->kind == BACKUP_RESTIC && repo->recognised; i++) {
            bool there = repo->snapshots > BACKUP_MAX_SNAPSHOTS;
            for (size_t k = 0; k < repo->n_names && !there; k++)
                there = repo->snapshot_names[k].n >= c->expected[i].n &&
                        memcmp(repo->snapshot_names[k].p, c->expected[i].p, c->expected[i].n) == 0;
            if (!there && repo->n_lost < BACKUP_MAX_DAMAGE)
                repo->lost[repo->n_lost++] = c->expected[i];
        }
    }
}

static void emit(struct hn_parse *p, const struct backup_repo *r)
{
    bool here = r->path.n > 0;
    hn_obs_begin(p, "repository", here ? r->path : r->target);
    if (r->tool.n)
        hn_obs_str(p, "tool", r->tool);
    if (here)
        hn_obs_str(p, "path", r->path);
    hn_obs_bool(p, "local", here);
    if (here) {
        hn_obs_bool(p, "missing", r->missing);
        hn_obs_bool(p, "recognised", r->recognised);
        hn_obs_bool(p, "append_only", r->append_only);
        hn_obs_bool(p, "locked", r->locked);
        hn_obs_time(p, "newest", r->newest);
        if (r->kind != BACKUP_BORG && r->recognised)
            hn_obs_int(p, "snapshots", r->snapshots);
        if (hn_parse_deep(p) && r->kind != BACKUP_OTHER) {
            hn_obs_int(p, "packs", r->packs);
            hn_obs_int(p, "packs_read", r->packs_read);
            hn_obs_int(p, "bytes", (int64_t)(r->bytes & INT64_MAX));
            if (r->expected_packs >= 0)
                hn_obs_int(p, "packs_expected", r->expected_packs);
        }
        hn_obs_int(p, "damaged", r->bad);
        if (r->n_damage)
            hn_obs_list(p, "damage", r->damage, r->n_damage);
        if (r->n_lost)
            hn_obs_list(p, "lost", r->lost, r->n_lost);
    }
    hn_obs_end(p);
}

void backup_repos_emit(struct hn_parse *p)
{
    struct backup_state *s = hn_parse_state(p);
    uint8_t sum[64];
    if (s->digest)
        hn_digest_end(s->digest, sum);
    for (struct backup_repo *r = s->repos; r; r = r->next) {
        compare(s, r, hn_parse_arena(p));
        emit(p, r);
    }
}
