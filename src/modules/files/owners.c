/* Which numbers have names: passwd(5), group(5), subuid(5), nsswitch.conf(5). A number without a name owns files of
 * somebody who is gone, or of another system. */
#include "modules/files/files.h"

/* "name:x:number:…" */
static bool third_field(struct hn_str line, struct hn_str *ret)
{
    for (unsigned i = 0; i < 3; i++)
        if (!hn_str_split(&line, ':', ret))
            return false;
    return true;
}

static void take_names(struct hn_parse *p, struct hn_map *map, struct hn_str text)
{
    struct hn_str rest = text, line, part;
    while (hn_str_split(&rest, '\n', &line)) {
        uint64_t number;
        if (!third_field(line, &part) || !hn_str_u64(part, 10, &number))
            continue;
        struct hn_str key = hn_arena_fmt(hn_parse_arena(p), "%llu", (unsigned long long)number);
        if (!hn_ok(hn_map_set(map, hn_str_bytes(key), map)))
            return;
    }
}

static void take_ranges(struct hn_parse *p, struct hn_str text)
{
    struct files_state *s = hn_parse_state(p);
    struct hn_str rest = text, line, name, from, count;
    for (unsigned n = 0; n < 4096 && hn_str_split(&rest, '\n', &line); n++) {
        struct files_range r;
        if (!hn_str_split(&line, ':', &name) || !hn_str_split(&line, ':', &from) || !hn_str_split(&line, ':', &count) ||
            !hn_str_u64(from, 10, &r.from) || !hn_str_u64(hn_str_trim(count), 10, &r.count))
            continue;
        struct files_range *own = HN_NEW(hn_parse_arena(p), struct files_range);
        if (!own)
            return;
        *own = r;
        own->next = s->ranges;
        s->ranges = own;
    }
}

/* Names that come from elsewhere: then a number that is not in the files may still have one. */
static void take_nsswitch(struct files_state *s, struct hn_str text)
{
    static const char *const remote[] = {"sss", "ldap", "winbind", "nis", "nisplus", "compat", "hesiod"};
    struct hn_str rest = text, line, word;
    while (hn_str_split(&rest, '\n', &line)) {
        if (!hn_str_word(&line, &word) || (!hn_str_eqc(word, "passwd:") && !hn_str_eqc(word, "group:")))
            continue;
        while (hn_str_word(&line, &word))
            for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
                if (hn_str_eqc(word, remote[i]))
                    s->remote_names = true;
    }
}

void files_names(struct hn_parse *p, const struct hn_rec *r)
{
    struct files_state *s = hn_parse_state(p);
    struct hn_str text = hn_str_from_hostile(hn_parse_scratch(p), r->data, 4u << 20);
    if (r->err || r->offset)
        return;
    if (hn_str_eqc(r->tag, "passwd")) {
        s->passwd_seen = true;
        take_names(p, &s->users, text);
    } else if (hn_str_eqc(r->tag, "groups")) {
        s->group_seen = true;
        take_names(p, &s->groups, text);
    } else if (hn_str_eqc(r->tag, "subid")) {
        take_ranges(p, text);
    } else {
        take_nsswitch(s, text);
    }
}

static struct files_owner *owner(struct hn_parse *p, struct hn_str id)
{
    struct files_state *s = hn_parse_state(p);
    uint64_t number;
    for (struct files_owner *o = s->owners; o; o = o->next)
        if (hn_str_eq(o->id, id))
            return o;
    if (s->n_owners >= 2 * FILES_MAX_OWNERS || id.n < 3 || !hn_str_u64(hn_str_cut(id, 2, id.n), 10, &number))
        return NULL;
    struct files_owner *o = HN_NEW(hn_parse_arena(p), struct files_owner);
    if (!o)
        return NULL;
    o->id = hn_arena_str(hn_parse_arena(p), id);
    o->number = number;
    o->group = id.p[0] == 'g';
    o->next = s->owners;
    s->owners = o;
    s->n_owners++;
    return o;
}

void files_owner_count(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_scratch(p);
    struct files_owner *o = owner(p, hn_str_from_hostile(a, r->path, 64));
    if (!o || !hn_str_u64(hn_str_from_hostile(a, r->data, 64), 10, &o->count))
        hn_parse_malformed(p, r->path, 0, "not a count of files");
}

void files_owner_example(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_arena(p);
    bool group = hn_str_eqc(r->tag, "group-of");
    if (r->err || !r->has_stat)
        return;
    struct files_owner *o =
        owner(p, hn_arena_fmt(hn_parse_scratch(p), "%c:%u", group ? 'g' : 'u', group ? r->st.gid : r->st.uid));
    if (o && o->n < FILES_EXAMPLES)
        o->examples[o->n++] =
            hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), hn_path_canonical(a, r->path), 4096));
}

/* systemd: users-groups-api; the ranges are fixed there. */
static const char *range_of(const struct files_state *s, const struct files_owner *o)
{
    if (o->number >= 61184 && o->number <= 65519)
        return "dynamic";
    if (o->number >= 524288 && o->number <= 1879048191)
        return "container";
    for (const struct files_range *r = s->ranges; r; r = r->next)
        if (o->number >= r->from && o->number - r->from < r->count)
            return "container";
    return NULL;
}

void files_owners_emit(struct hn_parse *p)
{
    struct files_state *s = hn_parse_state(p);
    for (const struct files_owner *o = s->owners; o; o = o->next) {
        const struct hn_map *names = o->group ? &s->groups : &s->users;
        bool seen = o->group ? s->group_seen : s->passwd_seen;
        struct hn_str number = hn_str_cut(o->id, 2, o->id.n);
        if (!seen || hn_map_has(names, hn_str_bytes(number)))
            continue;
        const char *range = range_of(s, o);
        hn_obs_begin(p, "unowned", o->id);
        hn_obs_int(p, "number", (int64_t)(o->number & INT64_MAX));
        hn_obs_bool(p, "group", o->group);
        hn_obs_int(p, "count", (int64_t)(o->count & INT64_MAX));
        hn_obs_list(p, "examples", o->examples, o->n);
        if (range)
            hn_obs_str(p, "range", hn_str_c(range));
        hn_obs_bool(p, "names_elsewhere", s->remote_names);
        hn_obs_end(p);
    }
}
