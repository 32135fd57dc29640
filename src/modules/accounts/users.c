/* passwd(5), shadow(5), group(5), gshadow(5), login.defs(5). Hashes are looked at only for their kind. */
#include <errno.h>

#include "core/facts.h"
#include "modules/accounts/accounts.h"

static bool alnum64(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '/';
}

static bool is_des(struct hn_str h)
{
    if (h.n != 13)
        return false;
    for (size_t i = 0; i < h.n; i++)
        if (!alnum64(h.p[i]))
            return false;
    return true;
}

/* crypt(5): the prefix names the method. A leading "!" locks a hash that is kept; "*" and "!" alone are no hash. */
const char *accounts_hash_kind(struct hn_str f, bool *ret_locked)
{
    static const struct {
        const char *prefix, *kind;
    } table[] = {{"$1$", "md5"},      {"$md5", "sunmd5"},        {"$sha1", "sha1"}, {"$2", "bcrypt"},
                 {"$3$", "nthash"},   {"$5$", "sha256"},         {"$6$", "sha512"}, {"$7$", "scrypt"},
                 {"$y$", "yescrypt"}, {"$gy$", "gost-yescrypt"}, {"_", "bsdi"}};
    *ret_locked = false;
    if (!f.n)
        return "empty";
    while (f.n && (f.p[0] == '!' || f.p[0] == '*')) {
        *ret_locked = true;
        f = hn_str_cut(f, 1, f.n);
    }
    if (!f.n)
        return "none";
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (hn_str_starts(f, table[i].prefix))
            return table[i].kind;
    if (is_des(f))
        return "des";
    return *ret_locked ? "none" : "unknown"; /* "!locked", "*NP*" are words, not hashes */
}

/* Splits a line at ':' into exactly n fields; false otherwise. */
static bool fields_of(struct hn_str line, struct hn_str *f, size_t n)
{
    size_t i = 0;
    struct hn_str part;
    struct hn_str rest = line;
    while (hn_str_split(&rest, ':', &part)) {
        if (i == n)
            return false;
        f[i++] = part;
    }
    return i == n;
}

struct lines {
    struct hn_str text, rest;
    unsigned no;
    size_t at; /* offset of the present line */
};

static bool next_line(struct lines *l, struct hn_str *ret)
{
    if (l->no >= ACCOUNTS_MAX_LINES || !hn_str_split(&l->rest, '\n', ret))
        return false;
    l->no++;
    l->at = (size_t)(ret->p - l->text.p);
    return true;
}

static struct lines lines_of(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str t = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), r->data, 4u << 20));
    if (r->truncated)
        hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
    return (struct lines){.text = t, .rest = t};
}

static bool u32_of(struct hn_str s, uint32_t *ret)
{
    uint64_t v;
    if (!hn_str_u64(s, 10, &v) || v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

static void want_in_home(struct hn_parse *p, struct hn_str home)
{
    static const struct {
        const char *tag, *name;
    } list[] = {{"keys", "/.ssh/authorized_keys"},
                {"keys", "/.ssh/authorized_keys2"},
                {"trust", "/.rhosts"},
                {"trust", "/.shosts"}};
    if (home.n < 2 || home.p[0] != '/' || hn_str_eqc(home, "/nonexistent"))
        return;
    /* A home is used as a glob: refuse what would match more than itself. */
    for (size_t i = 0; i < home.n; i++)
        if (home.p[i] == '*' || home.p[i] == '?' || home.p[i] == '[' || home.p[i] == '\\')
            return;
    struct hn_arena *a = hn_parse_arena(p);
    hn_parse_want_some(p, "home", home, 0);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        hn_parse_want(p, list[i].tag, hn_arena_fmt(a, "%.*s%s", HN_FMT(home), list[i].name));
}

static void add_user(struct hn_parse *p, struct hn_str *f, unsigned line)
{
    struct accounts_state *s = hn_parse_state(p);
    struct accounts_user *u = HN_NEW(hn_parse_arena(p), struct accounts_user);
    if (!u)
        return;
    u->name = f[0];
    u->number_bad = !u32_of(f[2], &u->uid) || !u32_of(f[3], &u->gid);
    u->gecos = f[4];
    u->home = f[5];
    u->shell = f[6];
    u->line = line;
    u->changed = u->min = u->max = u->warn = u->inactive = u->expires = -1;
    if (!hn_str_eqc(f[1], "x")) {
        u->passwd_hash = accounts_hash_kind(f[1], &u->locked);
        u->hash = u->passwd_hash;
    }
    if (s->last_user)
        s->last_user->next = u;
    else
        s->users = u;
    s->last_user = u;
    s->n_users++;
    struct hn_bytes key = hn_str_bytes(u->name);
    if (!hn_map_has(&s->by_name, key) && hn_ok(hn_map_set(&s->by_name, key, u)))
        u->first_of_name = true;
    struct hn_bytes home = hn_str_bytes(u->home);
    if (u->home.n > 1 && !hn_map_has(&s->by_home, home)) {
        if (hn_ok(hn_map_set(&s->by_home, home, u)))
            want_in_home(p, u->home);
    }
}

void accounts_passwd(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err || r->offset)
        return;
    s->passwd_seen = true;
    struct lines l = lines_of(p, r);
    struct hn_str line, f[7];
    while (next_line(&l, &line)) {
        if (!line.n || line.p[0] == '#' || line.p[0] == '+' || line.p[0] == '-')
            continue; /* "+" and "-" are NIS compat entries: no local account */
        if (!fields_of(line, f, 7) || !f[0].n) {
            hn_parse_malformed(p, r->path, l.at, "not seven fields");
            continue;
        }
        if (s->n_users >= ACCOUNTS_MAX_USERS) {
            hn_parse_malformed(p, r->path, l.at, "more accounts than the limit; the rest was not read");
            return;
        }
        add_user(p, f, l.no);
        if (s->last_user && s->last_user->number_bad)
            hn_parse_malformed(p, r->path, l.at, "uid or gid is not a number");
    }
}

static int64_t days_of(struct hn_str s, bool *bad)
{
    int64_t v;
    if (!s.n)
        return -1;
    if (!hn_str_i64(s, &v) || v < -1 || v > 1000000) {
        *bad = true;
        return -1;
    }
    return v;
}

void accounts_shadow(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err || r->offset)
        return;
    s->shadow_seen = true;
    struct lines l = lines_of(p, r);
    struct hn_str line, f[9];
    while (next_line(&l, &line)) {
        if (!line.n || line.p[0] == '#' || line.p[0] == '+')
            continue;
        if (!fields_of(line, f, 9) || !f[0].n) {
            hn_parse_malformed(p, r->path, l.at, "not nine fields");
            continue;
        }
        struct accounts_user *u = hn_map_find(&s->by_name, hn_str_bytes(f[0]));
        if (!u || u->has_shadow)
            continue;
        bool bad = false;
        u->has_shadow = true;
        if (!u->passwd_hash)
            u->hash = accounts_hash_kind(f[1], &u->locked);
        u->changed = days_of(f[2], &bad);
        u->min = days_of(f[3], &bad);
        u->max = days_of(f[4], &bad);
        u->warn = days_of(f[5], &bad);
        u->inactive = days_of(f[6], &bad);
        u->expires = days_of(f[7], &bad);
        if (bad)
            hn_parse_malformed(p, r->path, l.at, "a day count is not a number");
    }
}

void accounts_group_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err || r->offset)
        return;
    struct lines l = lines_of(p, r);
    struct hn_str line, f[4];
    while (next_line(&l, &line)) {
        if (!line.n || line.p[0] == '#' || line.p[0] == '+' || line.p[0] == '-')
            continue;
        if (!fields_of(line, f, 4) || !f[0].n) {
            hn_parse_malformed(p, r->path, l.at, "not four fields");
            continue;
        }
        struct accounts_group *g = HN_NEW(hn_parse_arena(p), struct accounts_group);
        if (!g)
            return;
        bool locked;
        g->name = f[0];
        g->members = f[3];
        g->number_bad = !u32_of(f[2], &g->gid);
        if (g->number_bad)
            hn_parse_malformed(p, r->path, l.at, "gid is not a number");
        if (f[1].n && !hn_str_eqc(f[1], "x"))
            g->password = accounts_hash_kind(f[1], &locked);
        g->next = s->groups;
        s->groups = g;
    }
}

void accounts_gshadow(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err || r->offset)
        return;
    struct lines l = lines_of(p, r);
    struct hn_str line, f[4];
    while (next_line(&l, &line)) {
        if (!line.n || line.p[0] == '#')
            continue;
        if (!fields_of(line, f, 4) || !f[0].n) {
            hn_parse_malformed(p, r->path, l.at, "not four fields");
            continue;
        }
        for (struct accounts_group *g = s->groups; g; g = g->next) {
            if (!hn_str_eq(g->name, f[0]))
                continue;
            bool locked;
            const char *kind = accounts_hash_kind(f[1], &locked);
            if (f[1].n && strcmp(kind, "none") != 0 && !locked)
                g->password = kind;
            g->admins = f[2];
            break;
        }
    }
}

void accounts_login_defs(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    if (r->err || r->offset)
        return;
    struct lines l = lines_of(p, r);
    struct hn_str line, key, value;
    struct hn_str path = hn_str_from_hostile(hn_parse_scratch(p), r->path, 4096);
    while (next_line(&l, &line)) {
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        if (!hn_str_word(&line, &key))
            continue;
        value = hn_str_trim(line);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = hn_str_cut(value, 1, value.n - 1);
        uint32_t n;
        if (hn_str_eqc(key, "UID_MIN") && u32_of(value, &n) && n > 0)
            s->uid_min = n;
        hn_obs_begin(p, "login_defs", key);
        hn_obs_str(p, "value", value);
        hn_obs_str(p, "path", path);
        hn_obs_int(p, "line", l.no);
        hn_obs_end(p);
    }
}

void accounts_home_stat(struct hn_parse *p, const struct hn_rec *r)
{
    struct accounts_state *s = hn_parse_state(p);
    struct accounts_user *u = hn_map_find(&s->by_home, r->path);
    if (!u || r->err || !r->has_stat)
        return;
    u->home_seen = true;
    u->home_mode = r->st.mode;
    u->home_uid = r->st.uid;
    u->home_gid = r->st.gid;
}

/* ---------------------------------------------------------------- out */

static bool is_login_shell(struct hn_str shell)
{
    static const char *const no[] = {"nologin", "false", "sync", "shutdown", "halt", "true", "git-shell"};
    if (!shell.n)
        return true; /* passwd(5): an empty shell is /bin/sh */
    size_t at = shell.n;
    while (at && shell.p[at - 1] != '/')
        at--;
    struct hn_str base = hn_str_cut(shell, at, shell.n);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        if (hn_str_eqc(base, no[i]))
            return false;
    return true;
}

#define MAX_GROUPS_LISTED 64u

/* Hands every group to its members: one pass over the member lists, however many accounts there are. */
static void join_groups(struct hn_parse *p)
{
    struct accounts_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    for (const struct accounts_group *g = s->groups; g; g = g->next) {
        struct hn_str rest = g->members, part;
        while (hn_str_split(&rest, ',', &part)) {
            part = hn_str_trim(part);
            struct accounts_user *u = part.n ? hn_map_find(&s->by_name, hn_str_bytes(part)) : NULL;
            if (!u || u->n_groups >= MAX_GROUPS_LISTED)
                continue;
            if (!u->groups)
                u->groups = hn_arena_alloc(a, MAX_GROUPS_LISTED * sizeof(*u->groups));
            if (u->groups)
                u->groups[u->n_groups++] = g->name;
        }
    }
}

static const struct accounts_group *primary_group(const struct accounts_state *s, const struct accounts_user *u)
{
    unsigned work = 4096;
    for (const struct accounts_group *g = s->groups; g && work; g = g->next, work--)
        if (!g->number_bad && g->gid == u->gid)
            return g;
    return NULL;
}

static void emit_groups_of(struct hn_parse *p, const struct accounts_user *u)
{
    const struct accounts_group *first = primary_group(hn_parse_state(p), u);
    struct hn_str list[MAX_GROUPS_LISTED + 1];
    size_t n = 0;
    if (first)
        list[n++] = first->name;
    for (size_t i = 0; i < u->n_groups; i++)
        if (!first || !hn_str_eq(u->groups[i], first->name))
            list[n++] = u->groups[i];
    hn_obs_list(p, "groups", list, n);
}

/* Days since 1970, up to a million, of which no time can hold so many. */
static hn_time day_time(int64_t days)
{
    return days < HN_FACTS_MAX_TIME / HN_DAY ? days * HN_DAY : HN_FACTS_MAX_TIME;
}

static void emit_ageing(struct hn_parse *p, const struct accounts_user *u)
{
    hn_time now = hn_parse_now(p);
    if (u->changed > 0)
        hn_obs_time(p, "changed", day_time(u->changed));
    if (u->min >= 0)
        hn_obs_int(p, "min_days", u->min);
    if (u->max >= 0)
        hn_obs_int(p, "max_days", u->max);
    if (u->warn >= 0)
        hn_obs_int(p, "warn_days", u->warn);
    if (u->inactive >= 0)
        hn_obs_int(p, "inactive_days", u->inactive);
    if (u->expires > 0)
        hn_obs_time(p, "expires", day_time(u->expires));
    if (u->has_shadow)
        hn_obs_bool(p, "expired", u->expires > 0 && day_time(u->expires) <= now);
}

static struct hn_str path_text(struct hn_parse *p, struct hn_str path)
{
    struct hn_arena *a = hn_parse_arena(p);
    return hn_str_from_hostile(a, hn_path_canonical(a, hn_str_bytes(path)), 4096);
}

static void emit_user(struct hn_parse *p, const struct accounts_user *u)
{
    struct accounts_state *s = hn_parse_state(p);
    struct hn_str subject = u->name;
    if (!u->first_of_name)
        subject = hn_arena_fmt(hn_parse_arena(p), "%.*s:%u", HN_FMT(u->name), u->line);
    hn_obs_begin(p, "account", subject);
    hn_obs_str(p, "name", u->name);
    if (!u->number_bad) {
        hn_obs_int(p, "uid", u->uid);
        hn_obs_int(p, "gid", u->gid);
        hn_obs_bool(p, "system", u->uid < s->uid_min || u->uid >= 65534);
    }
    hn_obs_str(p, "gecos", u->gecos);
    hn_obs_str(p, "home", path_text(p, u->home));
    hn_obs_str(p, "shell", path_text(p, u->shell));
    hn_obs_bool(p, "login_shell", is_login_shell(u->shell));
    if (u->home_seen) {
        hn_obs_int(p, "home_mode", u->home_mode & 07777);
        hn_obs_int(p, "home_uid", u->home_uid);
        hn_obs_int(p, "home_gid", u->home_gid);
    }
    if (u->hash) {
        hn_obs_str(p, "hash", hn_str_c(u->hash));
        hn_obs_bool(p, "locked", u->locked);
        hn_obs_bool(p, "hash_in_passwd", u->passwd_hash && strcmp(u->passwd_hash, "none") != 0);
    }
    emit_ageing(p, u);
    hn_obs_time(p, "last_login", u->last_login);
    if (u->last_login && u->last_from.n)
        hn_obs_str(p, "last_login_from", u->last_from);
    bool covered = s->lastlog_seen && !s->login_database && (!s->lastlog_cut || u->uid < s->lastlog_records);
    if (s->lastlog_seen || s->lastlog2_read)
        hn_obs_bool(p, "login_history", covered || s->lastlog2_read);
    hn_obs_int(p, "keys", u->keys);
    emit_groups_of(p, u);
    hn_obs_int(p, "line", u->line);
    hn_obs_end(p);
}

#define MAX_MEMBERS_LISTED 1024u

static size_t split_list(struct hn_str s, struct hn_str *out, size_t max)
{
    size_t n = 0;
    struct hn_str part;
    while (n < max && hn_str_split(&s, ',', &part)) {
        part = hn_str_trim(part);
        if (part.n)
            out[n++] = part;
    }
    return n;
}

void accounts_users_emit(struct hn_parse *p)
{
    struct accounts_state *s = hn_parse_state(p);
    struct hn_str *list = hn_arena_alloc(hn_parse_arena(p), MAX_MEMBERS_LISTED * sizeof(*list));
    if (!list)
        return;
    join_groups(p);
    for (const struct accounts_user *u = s->users; u; u = u->next)
        emit_user(p, u);
    for (const struct accounts_group *g = s->groups; g; g = g->next) {
        hn_obs_begin(p, "group", g->name);
        if (!g->number_bad)
            hn_obs_int(p, "gid", g->gid);
        hn_obs_list(p, "members", list, split_list(g->members, list, MAX_MEMBERS_LISTED));
        if (g->admins.n)
            hn_obs_list(p, "admins", list, split_list(g->admins, list, MAX_MEMBERS_LISTED));
        if (g->password)
            hn_obs_str(p, "password", hn_str_c(g->password));
        hn_obs_end(p);
    }
}
