/* What runs backups: units and their timers, cron tables, scripts in the places where administrators keep them. */
#include "modules/backup/backup.h"

static struct backup_job *add(struct hn_parse *p, const struct hn_rec *r, struct hn_str command, unsigned line)
{
    struct backup_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    bool check;
    const char *tool = backup_tool_of(command, &check);
    struct backup_job *j = tool && s->n_jobs < BACKUP_MAX_JOBS ? HN_NEW(a, struct backup_job) : NULL;
    if (!j)
        return NULL;
    j->tool = tool;
    j->check = check;
    j->path = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), hn_path_canonical(a, r->path), 4096));
    j->subject = hn_arena_fmt(a, "%.*s:%u", HN_FMT(j->path), line);
    j->command = hn_arena_str(a, hn_str_cut(command, 0, command.n < 1024 ? command.n : 1024));
    if (hn_utf8_valid_len(hn_str_bytes(j->command)) != j->command.n)
        j->command.n = hn_utf8_valid_len(hn_str_bytes(j->command));
    j->target = backup_target_of(a, tool, command);
    j->next = s->jobs;
    s->jobs = j;
    s->n_jobs++;
    if (j->target.n && !check)
        backup_repo_get(p, tool, j->target);
    return j;
}

static struct hn_str stem(struct hn_str name) /* "x.service" → "x" */
{
    size_t at = name.n;
    while (at && name.p[at - 1] != '.')
        at--;
    return at ? hn_str_cut(name, 0, at - 1) : name;
}

static struct hn_str base_name(struct hn_parse *p, struct hn_bytes path)
{
    struct hn_bytes name = hn_str_bytes(hn_str_base((struct hn_str){(const char *)path.p, path.n}));
    return hn_arena_str(hn_parse_arena(p), hn_str_from_hostile(hn_parse_scratch(p), name, 512));
}

static struct backup_timer *timer(struct hn_parse *p, struct hn_str name)
{
    struct backup_state *s = hn_parse_state(p);
    unsigned n = 0;
    for (struct backup_timer *t = s->timers; t; t = t->next, n++)
        if (hn_str_eq(t->name, name))
            return t;
    struct backup_timer *t = n < 1024 ? HN_NEW(hn_parse_arena(p), struct backup_timer) : NULL;
    if (!t)
        return NULL;
    t->name = name;
    t->next = s->timers;
    s->timers = t;
    return t;
}

/* .service and .timer files; environment settings count as well (RESTIC_REPOSITORY). */
void backup_unit(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str name = base_name(p, r->path), rest = backup_text(p, r), line, target = HN_STR("");
    struct backup_timer *t = hn_str_ends(name, ".timer") ? timer(p, stem(name)) : NULL;
    struct backup_job *first = NULL;
    for (unsigned no = 1; no < 5000 && hn_str_split(&rest, '\n', &line); no++) {
        line = hn_str_trim(line);
        if (t && hn_str_starts(line, "On") && hn_str_chr(line, '=') > 0 && !hn_str_starts(line, "OnFailure"))
            t->schedule = line;
        ptrdiff_t repo = hn_str_find(line, HN_STR("RESTIC_REPOSITORY="));
        if (repo < 0)
            repo = hn_str_find(line, HN_STR("BORG_REPO="));
        if (hn_str_starts(line, "Environment=") && repo > 0)
            target = hn_str_cut(line, (size_t)repo + (line.p[repo] == 'R' ? 18 : 10), line.n);
        if (!hn_str_starts(line, "ExecStart="))
            continue;
        struct backup_job *j = add(p, r, hn_str_cut(line, 10, line.n), no);
        if (!j)
            continue;
        j->unit = name;
        if (!j->target.n && target.n) {
            while (target.n && strchr("\"'", target.p[target.n - 1]))
                target.n--;
            j->target = target;
            backup_repo_get(p, j->tool, target);
        }
        first = first ? first : j;
    }
}

/* A crontab: five columns or @word, perhaps a user, then the command; where exactly it begins does not matter here. */
void backup_cron(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str rest = backup_text(p, r), line, word;
    for (unsigned no = 1; no < 20000 && hn_str_split(&rest, '\n', &line); no++) {
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        struct hn_str tail = line;
        unsigned columns = line.p[0] == '@' ? 1 : 5, i = 0;
        while (i < columns && hn_str_word(&tail, &word))
            i++;
        struct backup_job *j = i == columns ? add(p, r, hn_str_trim(tail), no) : NULL;
        if (j)
            j->schedule = hn_arena_str(hn_parse_arena(p), hn_str_cut(line, 0, line.n - tail.n));
    }
}

/* Shell scripts: continued lines are joined, assignments of repositories hold for what follows. */
void backup_script(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_str rest = backup_text(p, r), line, more, target = HN_STR("");
    unsigned found = 0;
    if (r->data.n >= 4 && memcmp(r->data.p, "\177ELF", 4) == 0)
        return;
    for (unsigned no = 1; no < 20000 && found < 16 && hn_str_split(&rest, '\n', &line); no++) {
        unsigned first = no;
        while (line.n && line.p[line.n - 1] == '\\' && line.n < 8192 && hn_str_split(&rest, '\n', &more)) {
            line = hn_arena_fmt(a, "%.*s %.*s", (int)(line.n - 1), line.p, HN_FMT(more));
            no++;
        }
        line = hn_str_trim(line);
        if (!line.n || line.p[0] == '#')
            continue;
        struct hn_str set = hn_str_starts(line, "export ") ? hn_str_trim(hn_str_cut(line, 7, line.n)) : line;
        size_t skip = hn_str_starts(set, "RESTIC_REPOSITORY=") ? 18 : hn_str_starts(set, "BORG_REPO=") ? 10 : 0;
        if (skip) {
            target = hn_str_cut(set, skip, set.n);
            while (target.n && strchr("\"'", target.p[0]))
                target = hn_str_cut(target, 1, target.n);
            while (target.n && strchr("\"'", target.p[target.n - 1]))
                target.n--;
            continue;
        }
        struct backup_job *j = add(p, r, line, first);
        if (!j)
            continue;
        found++;
        if (!j->target.n && target.n && hn_str_chr(target, '$') < 0) {
            j->target = target;
            backup_repo_get(p, j->tool, target);
        }
    }
}

/* /var/lib/systemd/timers/stamp-NAME.timer: its time is when the timer last went off. */
void backup_stamp(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str name = base_name(p, r->path);
    if (!hn_str_starts(name, "stamp-") || !hn_str_ends(name, ".timer"))
        return;
    struct backup_timer *t = timer(p, stem(hn_str_cut(name, 6, name.n)));
    if (t)
        t->stamp = r->st.mtime;
}

/* /etc/systemd/system/timers.target.wants/NAME.timer */
void backup_timer_link(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str name = base_name(p, r->path);
    struct backup_timer *t = hn_str_ends(name, ".timer") ? timer(p, stem(name)) : NULL;
    if (t)
        t->enabled = true;
}

void backup_jobs_emit(struct hn_parse *p)
{
    struct backup_state *s = hn_parse_state(p);
    for (const struct backup_job *j = s->jobs; j; j = j->next) {
        const struct backup_timer *t = NULL;
        for (const struct backup_timer *k = s->timers; k && !t && j->unit.n; k = k->next)
            if (hn_str_eq(k->name, stem(j->unit)))
                t = k;
        hn_obs_begin(p, "job", j->subject);
        hn_obs_str(p, "tool", hn_str_c(j->tool));
        hn_obs_str(p, "path", j->path);
        hn_obs_str(p, "command", j->command);
        hn_obs_bool(p, "check", j->check);
        if (j->target.n)
            hn_obs_str(p, "target", j->target);
        if (j->unit.n)
            hn_obs_str(p, "unit", j->unit);
        if (j->schedule.n || (t && t->schedule.n))
            hn_obs_str(p, "schedule", j->schedule.n ? j->schedule : t->schedule);
        if (t) {
            hn_obs_bool(p, "enabled", t->enabled);
            hn_obs_time(p, "last_run", t->stamp);
        }
        hn_obs_end(p);
    }
    for (const struct backup_config *c = s->configs; c; c = c->next) {
        struct hn_arena *a = hn_parse_arena(p);
        hn_obs_begin(p, "configuration", hn_arena_fmt(a, "%s:%.*s", c->tool, HN_FMT(c->path)));
        hn_obs_str(p, "tool", hn_str_c(c->tool));
        hn_obs_str(p, "path", c->path);
        if (c->target.n)
            hn_obs_str(p, "target", c->target);
        if (c->n_sources)
            hn_obs_list(p, "sources", c->sources, c->n_sources);
        hn_obs_bool(p, "secret", c->secret);
        hn_obs_int(p, "mode", c->mode & 07777);
        hn_obs_end(p);
    }
}
