/* Records in, settings kept, observations out at the end. */
#include "modules/config/config.h"

#define NAMES_MAX 5000u

struct config_state *config_state(struct hn_parse *p)
{
    return hn_parse_state(p);
}

bool config_room(struct hn_parse *p, struct hn_bytes path)
{
    struct config_state *st = config_state(p);
    if (st->items < CONFIG_ITEMS_MAX) {
        st->items++;
        return true;
    }
    if (!st->over)
        hn_parse_malformed(p, path, 0, "too many settings on this host; the rest was not read");
    st->over = true;
    return false;
}

/* Text that outlives the record it came from. */
struct hn_str config_text(struct config_file *f, struct hn_bytes b)
{
    struct hn_str s = hn_str_from_hostile(hn_parse_arena(f->p), b, CONFIG_TEXT_MAX);
    return s.p == (const char *)b.p ? hn_arena_str(hn_parse_arena(f->p), s) : s;
}

size_t config_commas(struct config_file *f, struct hn_bytes b, struct hn_str **ret, size_t max)
{
    struct hn_str *items = hn_arena_alloc(hn_parse_arena(f->p), max * sizeof *items);
    size_t n = 0;
    *ret = items;
    while (items && b.n > 0 && n < max) {
        const uint8_t *comma = memchr(b.p, ',', b.n);
        size_t k = comma ? (size_t)(comma - b.p) : b.n;
        struct hn_bytes one = config_trim(hn_bytes_of(b.p, k));
        if (one.n > 0)
            items[n++] = config_text(f, one);
        b = config_skip(b, k + 1);
    }
    return n;
}

void config_malformed(struct config_file *f, struct hn_bytes at, const char *why)
{
    uint64_t offset = at.p >= f->text.p && at.p <= f->text.p + f->text.n ? (uint64_t)(at.p - f->text.p) : 0;
    hn_parse_malformed(f->p, f->path, offset, why);
}

void config_incomplete(struct config_file *f)
{
    config_state(f->p)->seen[f->src - config_sources].bad = true;
}

void config_source_bad(struct hn_parse *p, const char *conf)
{
    for (size_t i = 0; i < config_sources_n; i++)
        if (strcmp(config_sources[i].conf, conf) == 0)
            config_state(p)->seen[i].bad = true;
}

/* ---- settings ---- */

/* Index of the first wanted setting of this configuration; the list is sorted. */
static size_t wanted_from(struct hn_str conf)
{
    size_t from = 0, to = config_wanted_n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        struct hn_str w = hn_str_c(config_wanted[mid]);
        int c = memcmp(w.p, conf.p, w.n < conf.n ? w.n : conf.n);
        if (c < 0 || (c == 0 && (w.n <= conf.n || w.p[conf.n] < ' ')))
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Does some rule ask for "conf key"? Both in lower case. */
static bool wanted(struct hn_str conf, struct hn_str key)
{
    for (size_t i = wanted_from(conf); i < config_wanted_n; i++) {
        struct hn_str w = hn_str_c(config_wanted[i]);
        if (w.n <= conf.n || w.p[conf.n] != ' ' || memcmp(w.p, conf.p, conf.n) != 0)
            return false;
        struct hn_str pattern = hn_str_cut(w, conf.n + 1, w.n);
        if (hn_str_eq(pattern, key) || (hn_str_chr(pattern, '*') >= 0 && hn_glob_match(pattern, key, false)))
            return true;
    }
    return false;
}

static bool is_secret(struct hn_str key)
{
    static const char *const names[] = {"requirepass", "masterauth", "masteruser", "bindpw", "password"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (hn_str_eqc(key, names[i]))
            return true;
    return hn_str_ends(key, ".password");
}

#define KEY_MAX 256

/* b in lower case, in buf; a longer one than any rule asks for becomes empty. */
static struct hn_str lower(struct hn_bytes b, char buf[KEY_MAX])
{
    size_t n = b.n <= KEY_MAX ? b.n : 0;
    for (size_t i = 0; i < n; i++)
        buf[i] = b.p[i] >= 'A' && b.p[i] <= 'Z' ? (char)(b.p[i] + ('a' - 'A')) : (char)b.p[i];
    return (struct hn_str){buf, n};
}

/* systemd reads drop-ins sorted by name over all folders, after the main file; /etc wins for the same name. */
static struct hn_str rank_of(struct config_file *f, struct hn_str path)
{
    bool drop_in = f->src->read == config_read_ini && hn_str_find(path, HN_STR(".conf.d/")) >= 0 &&
                   hn_str_find(path, HN_STR("/systemd/")) >= 0;
    size_t from = path.n;
    while (drop_in && from > 0 && path.p[from - 1] != '/')
        from--;
    return hn_str_cut(path, from, path.n);
}

static void append(struct config_state *st, struct config_item *it)
{
    if (st->last)
        st->last->next = it;
    else
        st->first = it;
    st->last = it;
}

static void replace(struct config_item *old, const struct config_item *it)
{
    int c = hn_str_cmp(it->rank, old->rank);
    if (it->src->keep == CONFIG_FIRST || c < 0 || (c == 0 && old->etc && !it->etc))
        return;
    struct config_item *next = old->next;
    *old = *it;
    old->next = next;
}

void config_set(struct config_file *f, struct hn_bytes key, struct hn_bytes value, unsigned line)
{
    struct config_state *st = config_state(f->p);
    struct hn_arena *a = hn_parse_arena(f->p);
    char buf[KEY_MAX];
    struct hn_str low = lower(key, buf);
    if (!wanted(hn_str_c(f->src->conf), low) || !config_room(f->p, f->path))
        return;
    struct config_item it = {.src = f->src,
                             .key = config_text(f, key),
                             .value = is_secret(low) ? HN_STR("(set)") : config_text(f, value),
                             .path = config_text(f, f->path),
                             .line = line};
    it.rank = rank_of(f, it.path);
    it.etc = hn_str_starts(it.path, "/etc/");
    struct hn_str id = hn_arena_fmt(a, "%s %.*s", f->src->conf, HN_FMT(low));
    it.each = f->src->keep == CONFIG_EACH || hn_str_ends(low, "::"); /* "A::B::" of apt.conf appends to a list */
    struct config_item *old = it.each ? NULL : hn_map_find(&st->index, hn_str_bytes(id));
    if (old) {
        replace(old, &it);
        return;
    }
    struct config_item *kept = HN_NEW(a, struct config_item);
    if (!kept)
        return;
    *kept = it;
    append(st, kept);
    if (!it.each && !hn_ok(hn_map_set(&st->index, hn_str_bytes(id), kept)))
        st->over = true;
}

void config_set_c(struct config_file *f, const char *key, struct hn_bytes value, unsigned line)
{
    config_set(f, hn_bytes_of(key, strlen(key)), value, line);
}

/* ---- records ---- */

/* passwd(5) and group(5): decimal id → name, for the owner of a file. */
static void read_names(struct hn_parse *p, const struct hn_rec *r, struct hn_map *names)
{
    struct hn_bytes rest = r->data, line;
    struct hn_arena *a = hn_parse_arena(p);
    unsigned n = 0;
    while (n < NAMES_MAX && hn_bytes_line(&rest, &line)) {
        struct hn_str s = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), line, CONFIG_TEXT_MAX));
        struct hn_str name, pw, id;
        if (!hn_str_split(&s, ':', &name) || !hn_str_split(&s, ':', &pw) || !hn_str_split(&s, ':', &id) || id.n == 0)
            continue;
        struct hn_str *kept = HN_NEW(a, struct hn_str);
        if (!kept)
            return;
        *kept = name;
        n++;
        if (!hn_map_has(names, hn_str_bytes(id)) && !hn_ok(hn_map_set(names, hn_str_bytes(id), kept)))
            return;
    }
}

static void name_of(struct hn_parse *p, const char *field, const struct hn_map *names, uint32_t id)
{
    struct hn_str text = hn_arena_fmt(hn_parse_scratch(p), "%u", id);
    const struct hn_str *name = hn_map_find(names, hn_str_bytes(text));
    hn_obs_str(p, field, name ? *name : text);
}

static const char *type_of(uint32_t mode)
{
    switch (mode & 0170000u) {
    case 0100000u:
        return "file";
    case 0040000u:
        return "folder";
    case 0120000u:
        return "link";
    case 0140000u:
        return "socket";
    default:
        return "other";
    }
}

static void folder_not_listed(struct hn_parse *p, struct hn_bytes path)
{
    struct hn_str name = hn_str_from_hostile(hn_parse_scratch(p), path, CONFIG_TEXT_MAX);
    name = hn_arena_fmt(hn_parse_arena(p), "folder %.*s", HN_FMT(name));
    hn_obs_begin(p, "source", name);
    hn_obs_str(p, "conf", name);
    hn_obs_bool(p, "complete", false);
    hn_obs_end(p);
}

/* Mode, owner and size of one path. Absent is a fact; unreadable is none. */
static void read_stat(struct hn_parse *p, const struct hn_rec *r)
{
    struct config_state *st = config_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    bool gone = r->err == 2 || r->err == 20; /* ENOENT, ENOTDIR */
    if (r->err && !gone) {                   /* a folder that could not be listed: what is in it is not known */
        folder_not_listed(p, r->path);
        return;
    }
    if ((!r->has_stat && !gone) || !config_room(p, r->path))
        return;
    struct hn_str path = hn_str_from_hostile(a, hn_path_canonical(hn_parse_scratch(p), r->path), CONFIG_TEXT_MAX);
    hn_obs_begin(p, "file", path);
    hn_obs_str(p, "path", path);
    hn_obs_bool(p, "exists", !gone);
    if (!gone) {
        hn_obs_str(p, "type", hn_str_c(type_of(r->st.mode)));
        hn_obs_str(p, "mode", hn_arena_fmt(a, "%04o", r->st.mode & 07777u));
        hn_obs_int(p, "uid", r->st.uid);
        hn_obs_int(p, "gid", r->st.gid);
        name_of(p, "owner", &st->users, r->st.uid);
        name_of(p, "group", &st->groups, r->st.gid);
        hn_obs_int(p, "size", (int64_t)(r->st.size & INT64_MAX));
        if (r->link.n > 0)
            hn_obs_str(p, "link", hn_str_from_hostile(a, r->link, CONFIG_TEXT_MAX));
    }
    hn_obs_end(p);
}

/* Where we are: containers and systems without systemd make many rules meaningless. */
static void read_system(struct hn_parse *p, const struct hn_rec *r)
{
    struct config_state *st = config_state(p);
    st->sys.known = true;
    st->sys.live = hn_parse_live(p);
    if (r->err)
        return;
    if (hn_bytes_eqc(r->path, "/.dockerenv") || hn_bytes_eqc(r->path, "/run/.containerenv") ||
        hn_bytes_eqc(r->path, "/run/systemd/container"))
        st->sys.container = true;
    /* Live, systemd says so itself; a mounted root is asked whether it would start it. */
    if (hn_bytes_eqc(r->path, st->sys.live ? "/run/systemd/system" : "/usr/lib/systemd/systemd"))
        st->sys.systemd = true;
    if (hn_bytes_eqc(r->path, "/usr/share/xsessions") || hn_bytes_eqc(r->path, "/usr/share/wayland-sessions"))
        st->sys.desktop = true;
}

static void read_source(struct hn_parse *p, const struct hn_rec *r, size_t i)
{
    struct config_seen *seen = &config_state(p)->seen[i];
    struct config_file f = {p, &config_sources[i], r->path, r->data};
    bool gone = r->err == 2 || r->err == 20;
    seen->any = true;
    if (gone || (r->has_stat && (r->st.mode & 0170000u) == 0040000u))
        return;
    if (r->err) {
        seen->bad = true;
        return;
    }
    seen->exists = true;
    seen->files++;
    if (r->more || r->truncated || r->offset > 0) {
        seen->bad = true;
        hn_parse_malformed(p, r->path, CONFIG_FILE_MAX, "configuration file longer than is read");
        if (r->offset > 0)
            return;
    }
    f.src->read(&f);
    if (hn_parse_scratch(p)->failed || hn_parse_arena(p)->failed) /* memory is over: something was not kept */
        seen->bad = true;
}

void config_parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct config_state *st = config_state(p);
    if (hn_str_eqc(r->tag, "users")) {
        read_names(p, r, &st->users);
    } else if (hn_str_eqc(r->tag, "groups")) {
        read_names(p, r, &st->groups);
    } else if (hn_str_eqc(r->tag, "stat")) {
        read_stat(p, r);
    } else if (hn_str_eqc(r->tag, "system")) {
        read_system(p, r);
    } else {
        for (size_t i = 0; i < config_sources_n; i++)
            if (hn_str_eqc(r->tag, config_sources[i].conf))
                read_source(p, r, i);
    }
}

/* ---- the end ---- */

static void emit_settings(struct hn_parse *p)
{
    for (const struct config_item *it = config_state(p)->first; it; it = it->next) {
        struct hn_str subject = hn_arena_fmt(hn_parse_arena(p), "%s/%.*s", it->src->conf, HN_FMT(it->key));
        if (it->each)
            subject = hn_arena_fmt(hn_parse_arena(p), "%.*s@%.*s:%u %.*s", HN_FMT(subject), HN_FMT(it->path), it->line,
                                   HN_FMT(it->value));
        hn_obs_begin(p, "setting", subject);
        hn_obs_str(p, "conf", hn_str_c(it->src->conf));
        hn_obs_str(p, "key", it->key);
        hn_obs_str(p, "value", it->value);
        hn_obs_str(p, "path", it->path);
        if (it->line > 0)
            hn_obs_int(p, "line", it->line);
        hn_obs_end(p);
    }
}

static void emit_sources(struct hn_parse *p)
{
    struct config_state *st = config_state(p);
    for (size_t i = 0; i < config_sources_n; i++) {
        const struct config_seen *s = &st->seen[i];
        if (!s->any)
            continue;
        hn_obs_begin(p, "source", hn_str_c(config_sources[i].conf));
        hn_obs_str(p, "conf", hn_str_c(config_sources[i].conf));
        hn_obs_bool(p, "exists", s->exists);
        hn_obs_bool(p, "complete", !s->bad && !st->over);
        hn_obs_int(p, "files", s->files);
        hn_obs_end(p);
    }
}

static void emit_system(struct hn_parse *p)
{
    struct config_state *st = config_state(p);
    if (!st->sys.known)
        return;
    /* An overlay as root without systemd is an image that a container engine started. */
    for (const struct config_mount *m = st->mounts; m; m = m->next)
        if (hn_str_eqc(m->path, "/") && m->mounted && hn_str_eqc(m->fstype, "overlay") && !st->sys.systemd)
            st->sys.container = true;
    hn_obs_begin(p, "system", HN_STR("host"));
    hn_obs_bool(p, "live", st->sys.live);
    hn_obs_bool(p, "container", st->sys.container);
    hn_obs_bool(p, "systemd", st->sys.systemd);
    hn_obs_bool(p, "desktop", st->sys.desktop);
    hn_obs_end(p);
}

void config_finish(struct hn_parse *p)
{
    struct config_state *st = config_state(p);
    emit_system(p);
    emit_settings(p);
    config_pam_emit(p);
    config_mounts_emit(p);
    emit_sources(p);
    hn_map_done(&st->index);
    hn_map_done(&st->users);
    hn_map_done(&st->groups);
}
