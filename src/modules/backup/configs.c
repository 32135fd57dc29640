/* Configuration files of backup tools. Only what says where the backup goes and what it covers is taken; passwords are
 * noticed, never kept. */
#include "base/json.h"
#include "format/yaml_tree.h"
#include "modules/backup/backup.h"

static struct backup_config *add(struct hn_parse *p, const struct hn_rec *r, const char *tool)
{
    struct backup_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct backup_config *c = s->n_configs < BACKUP_MAX_CONFIGS ? HN_NEW(a, struct backup_config) : NULL;
    if (!c)
        return NULL;
    c->tool = tool;
    c->path = hn_arena_str(a, hn_str_from_hostile(hn_parse_scratch(p), hn_path_canonical(a, r->path), 4096));
    c->mode = r->st.mode;
    c->next = s->configs;
    s->configs = c;
    s->n_configs++;
    return c;
}

static void add_source(struct backup_config *c, struct hn_str source)
{
    if (source.n && c->n_sources < sizeof(c->sources) / sizeof(c->sources[0]))
        c->sources[c->n_sources++] = source;
}

static void set_target(struct hn_parse *p, struct backup_config *c, struct hn_str target)
{
    struct hn_str rest = target, word;
    while (strcmp(c->tool, "btrbk") == 0 && hn_str_word(&rest, &word))
        target = word; /* "target send-receive /mnt/x": the type may come first */
    if (!target.n || c->target.n || hn_str_chr(target, '$') >= 0)
        return;
    c->target = target;
    backup_repo_get(p, c->tool, target);
}

static struct hn_str unquoted(struct hn_str s)
{
    s = hn_str_trim(s);
    if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
        return hn_str_cut(s, 1, s.n - 1);
    return s;
}

/* NAME=value, "NAME value", "export NAME=value": shell fragments, duply, rsnapshot (tabs), btrbk, bacula alike. */
static const struct {
    const char *key;
    enum { TARGET, SOURCE, SECRET } what;
} words[] = {{"RESTIC_REPOSITORY", TARGET},
             {"BORG_REPO", TARGET},
             {"TARGET", TARGET},
             {"snapshot_root", TARGET},
             {"target", TARGET},
             {"PBS_REPOSITORY", TARGET},
             {"backup_directory", TARGET},
             {"BACKUPDIR", TARGET},
             {"CONFIG_mysql_dump_dir", TARGET},
             {"SOURCE", SOURCE},
             {"backup", SOURCE},
             {"BACKUP_PATHS", SOURCE},
             {"subvolume", SOURCE},
             {"SUBVOLUME", SOURCE},
             {"RESTIC_PASSWORD", SECRET},
             {"BORG_PASSPHRASE", SECRET},
             {"GPG_PW", SECRET},
             {"PASSPHRASE", SECRET},
             {"TARGET_PASS", SECRET},
             {"AWS_SECRET_ACCESS_KEY", SECRET},
             {"PBS_PASSWORD", SECRET}};

static void take_line(struct hn_parse *p, struct backup_config *c, struct hn_str line)
{
    struct hn_str rest = hn_str_trim(line), word;
    if (!rest.n || rest.p[0] == '#' || rest.p[0] == ';')
        return;
    if (hn_str_starts(rest, "export "))
        rest = hn_str_trim(hn_str_cut(rest, 7, rest.n));
    size_t i = 0;
    while (i < rest.n && !strchr("= \t", rest.p[i]))
        i++;
    word = hn_str_cut(rest, 0, i);
    struct hn_str value = hn_str_trim(hn_str_cut(rest, i, rest.n));
    if (value.n && value.p[0] == '=')
        value = hn_str_cut(value, 1, value.n);
    value = unquoted(value);
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (!hn_str_eqc(word, words[k].key) || !value.n)
            continue;
        if (words[k].what == TARGET)
            set_target(p, c, value);
        else if (words[k].what == SECRET)
            c->secret = true;
        else
            while (hn_str_word(&value, &word) && strcmp(words[k].key, "backup") != 0)
                add_source(c, word);
        if (words[k].what == SOURCE && strcmp(words[k].key, "backup") == 0 && word.n)
            add_source(c, word); /* rsnapshot: "backup source destination" */
    }
}

static void take_lines(struct hn_parse *p, struct backup_config *c, struct hn_str text)
{
    struct hn_str line;
    for (unsigned n = 0; n < 20000 && hn_str_split(&text, '\n', &line); n++)
        take_line(p, c, line);
}

static void yaml_repository(struct hn_parse *p, struct backup_config *c, const struct hn_yaml *list)
{
    for (struct hn_yaml *n = list ? list->first : NULL; n; n = n->next) {
        struct hn_yaml *path = n->kind == HN_YAML_MAP ? hn_yaml_get(n, "path") : n;
        if (!path || path->kind != HN_YAML_SCALAR)
            continue;
        c->target = HN_STR(""); /* each of several repositories is noted; the last one is shown */
        set_target(p, c, path->s);
    }
}

/* borgmatic: at the top since 1.8, under "location" before. */
static void take_borgmatic(struct hn_parse *p, struct backup_config *c, const struct hn_rec *r)
{
    struct hn_yaml *tree;
    struct hn_diag d = {{0}};
    if (!hn_ok(hn_yaml_parse(hn_parse_arena(p), r->data, &tree, &d))) {
        hn_parse_malformed(p, r->path, 0, "not a plain YAML file");
        return;
    }
    struct hn_yaml *location = hn_yaml_get(tree, "location"), *top = location ? location : tree;
    yaml_repository(p, c, hn_yaml_get(top, "repositories"));
    struct hn_yaml *dirs = hn_yaml_get(top, "source_directories");
    for (struct hn_yaml *n = dirs ? dirs->first : NULL; n; n = n->next)
        if (n->kind == HN_YAML_SCALAR)
            add_source(c, n->s);
    struct hn_yaml *storage = hn_yaml_get(tree, "storage");
    c->secret = hn_yaml_get(storage ? storage : tree, "encryption_passphrase") != NULL;
}

static void take_kopia(struct hn_parse *p, struct backup_config *c, const struct hn_rec *r)
{
    const struct hn_jv *v = hn_jv_parse(hn_parse_arena(p), hn_arena_bytes(hn_parse_arena(p), r->data), NULL);
    const struct hn_jv *storage = hn_jv_get(v, "storage"), *config = hn_jv_get(storage, "config");
    if (!v) {
        hn_parse_malformed(p, r->path, 0, "not JSON");
        return;
    }
    struct hn_str path = hn_jv_str(config, "path"), bucket = hn_jv_str(config, "bucket");
    if (path.n)
        set_target(p, c, path);
    else if (bucket.n)
        set_target(p, c,
                   hn_arena_fmt(hn_parse_arena(p), "%.*s:%.*s", HN_FMT(hn_jv_str(storage, "type")), HN_FMT(bucket)));
}

/* A tool by the path of its configuration. */
static const struct {
    const char *glob, *tool;
} places[] = {{"/etc/borgmatic/*", "borgmatic"},
              {"/etc/borgmatic.d/*", "borgmatic"},
              {"/root/.config/borgmatic/*", "borgmatic"},
              {"/root/.config/borgmatic.d/*", "borgmatic"},
              {"/etc/kopia/*", "kopia"},
              {"/root/.config/kopia/*", "kopia"},
              {"/etc/restic*", "restic"},
              {"/etc/restic*/*", "restic"},
              {"/etc/restic*/*/*", "restic"},
              {"/etc/default/restic*", "restic"},
              {"/etc/resticprofile/*", "resticprofile"},
              {"/root/.restic*", "restic"},
              {"/etc/borg*", "borg"},
              {"/etc/borg*/*", "borg"},
              {"/etc/default/borg*", "borg"},
              {"/etc/rsnapshot*", "rsnapshot"},
              {"/etc/duply/*/conf", "duply"},
              {"/root/.duply/*/conf", "duply"},
              {"/etc/timeshift*", "timeshift"},
              {"/etc/timeshift/*", "timeshift"},
              {"/etc/bacula/*", "bacula"},
              {"/etc/bareos/*", "bareos"},
              {"/etc/bareos/*/*/*", "bareos"},
              {"/etc/amanda/*/amanda.conf", "amanda"},
              {"/etc/btrbk*", "btrbk"},
              {"/etc/btrbk/*", "btrbk"},
              {"/etc/snapper/configs/*", "snapper"},
              {"/etc/default/urbackup*", "urbackup"},
              {"/etc/default/automysqlbackup", "automysqlbackup"},
              {"/etc/automysqlbackup/*", "automysqlbackup"},
              {"/etc/default/autopostgresqlbackup", "autopostgresqlbackup"},
              {"/etc/backup.d/*", "backupninja"},
              {"/etc/backuppc/config.pl", "backuppc"},
              {"/etc/sanoid/sanoid.conf", "sanoid"},
              {"/etc/pgbackrest*", "pgbackrest"},
              {"/etc/pgbackrest/*", "pgbackrest"},
              {"/etc/barman.conf", "barman"},
              {"/etc/barman.d/*", "barman"},
              {"/etc/vzdump.conf", "vzdump"},
              {"/etc/veeam/veeam.ini", "veeam"}};

void backup_config_file(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str path = {(const char *)r->path.p, r->path.n};
    if (r->offset || (r->has_stat && (r->st.mode & 0170000) == 0040000) || hn_str_ends(path, ".dpkg-dist"))
        return;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!hn_glob_match(hn_str_c(places[i].glob), path, true))
            continue;
        struct backup_config *c = add(p, r, places[i].tool);
        if (!c)
            return;
        if (r->truncated)
            hn_parse_malformed(p, r->path, r->data.n, "longer than the limit; the rest was not read");
        if (strcmp(c->tool, "borgmatic") == 0)
            take_borgmatic(p, c, r);
        else if (strcmp(c->tool, "kopia") == 0)
            take_kopia(p, c, r);
        else
            take_lines(p, c, backup_text(p, r));
        return;
    }
}
