/* files: modes, owners and capabilities that give rights away, and the keys and certificates that lie on this host. */
#include "base/cur.h"
#include "format/capability.h"
#include "modules/files/files.h"

static const struct hn_field file_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "the path itself"},
    {"type", HN_T_STR, HN_REF_NONE, NULL, "file or folder"},
    {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner"},
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "group"},
    {"size", HN_T_INT, HN_REF_NONE, "bytes", "size"},
    {"mtime", HN_T_TIME, HN_REF_NONE, NULL, "last change"},
    {"links", HN_T_INT, HN_REF_NONE, NULL, "number of names"},
    {"setuid", HN_T_BOOL, HN_REF_NONE, NULL, "runs as its owner"},
    {"setgid", HN_T_BOOL, HN_REF_NONE, NULL, "runs as its group"},
    {"world_writable", HN_T_BOOL, HN_REF_NONE, NULL, "everybody may write it"},
    {"capabilities", HN_T_LIST, HN_REF_NONE, NULL, "capabilities it runs with"},
    {0}};

static const struct hn_field unowned_fields[] = {
    {"number", HN_T_INT, HN_REF_NONE, NULL, "user or group number without a name"},
    {"group", HN_T_BOOL, HN_REF_NONE, NULL, "it is a group number"},
    {"count", HN_T_INT, HN_REF_NONE, NULL, "files that belong to it"},
    {"examples", HN_T_LIST, HN_REF_PATH, NULL, "the first of them"},
    {"range", HN_T_STR, HN_REF_NONE, NULL, "dynamic or container: numbers that need no name"},
    {"names_elsewhere", HN_T_BOOL, HN_REF_NONE, NULL,
     "names come from a directory service too: cannot be decided here"},
    {0}};

static const struct hn_field certificate_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file it lies in"},
    {"subject_name", HN_T_STR, HN_REF_NONE, NULL, "subject (RFC 2253)"},
    {"issuer_name", HN_T_STR, HN_REF_NONE, NULL, "issuer (RFC 2253)"},
    {"serial", HN_T_STR, HN_REF_NONE, NULL, "serial number in hex"},
    {"not_before", HN_T_TIME, HN_REF_NONE, NULL, "valid from"},
    {"not_after", HN_T_TIME, HN_REF_NONE, NULL, "valid until"},
    {"key_type", HN_T_STR, HN_REF_NONE, NULL, "type of the public key"},
    {"bits", HN_T_INT, HN_REF_NONE, "bits", "size of the public key"},
    {"curve", HN_T_STR, HN_REF_NONE, NULL, "curve or group"},
    {"signature", HN_T_STR, HN_REF_NONE, NULL, "signature algorithm"},
    {"self_signed", HN_T_BOOL, HN_REF_NONE, NULL, "subject and issuer are the same"},
    {"authority", HN_T_BOOL, HN_REF_NONE, NULL, "may sign other certificates"},
    {"names", HN_T_LIST, HN_REF_NONE, NULL, "alternative names"},
    {"fingerprint", HN_T_STR, HN_REF_NONE, NULL, "SHA-256 of the certificate"},
    {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits of the file"},
    {0}};

static const struct hn_field key_fields[] = {
    {"path", HN_T_STR, HN_REF_PATH, NULL, "file it lies in"},
    {"format", HN_T_STR, HN_REF_NONE, NULL, "pem, openssh, pgp, der, pkcs12, java, putty, wireguard"},
    {"type", HN_T_STR, HN_REF_NONE, NULL, "type of the key, when it can be told"},
    {"bits", HN_T_INT, HN_REF_NONE, "bits", "size"},
    {"encrypted", HN_T_BOOL, HN_REF_NONE, NULL, "protected by a passphrase"},
    {"mode", HN_T_INT, HN_REF_NONE, NULL, "permission bits"},
    {"uid", HN_T_INT, HN_REF_NONE, NULL, "owner"},
    {"gid", HN_T_INT, HN_REF_NONE, NULL, "group"},
    {"readable_by", HN_T_STR, HN_REF_NONE, NULL, "owner, group or everybody, folders above considered"},
    {0}};

static const struct hn_field store_fields[] = {{"path", HN_T_STR, HN_REF_PATH, NULL, "file"},
                                               {"certificates", HN_T_INT, HN_REF_NONE, NULL, "number of certificates"},
                                               {0}};

static const struct hn_field scope_fields[] = {
    {"inodes", HN_T_INT, HN_REF_NONE, NULL, "entries looked at"},
    {"folders", HN_T_INT, HN_REF_NONE, NULL, "folders entered"},
    {"entries", HN_T_INT, HN_REF_NONE, NULL, "entries told"},
    {"keys", HN_T_INT, HN_REF_NONE, NULL, "files whose content was looked at for keys"},
    {"mounts_skipped", HN_T_INT, HN_REF_NONE, NULL, "file systems that were not entered (network, FUSE, pseudo)"},
    {"left_out", HN_T_INT, HN_REF_NONE, NULL, "folders that only a deep pass enters"},
    {"too_deep", HN_T_INT, HN_REF_NONE, NULL, "folders left out because of their depth or length of path"},
    {"cut", HN_T_BOOL, HN_REF_NONE, NULL, "a limit was met: not everything was told"},
    {0}};

static const struct hn_kind kinds[] = {
    {"file", "path", file_fields, .deep = true},
    {"unowned", "u: or g: and the number", unowned_fields, .deep = true},
    {"certificate", "path, #n for the n-th block of a file", certificate_fields, .deep = true},
    {"key", "path, #n for the n-th block of a file", key_fields, .deep = true},
    {"trust_store", "path of a file with many certificates", store_fields, .deep = true},
    {"scope", "quick or deep", scope_fields, .deep = true},
    {0}};

static const struct hn_rule rules[] = {{"setuid-unowned", HN_SEV_HIGH, HN_CLASS_INTEGRITY, "ATTACK:T1548.001"},
                                       {"setuid-writable", HN_SEV_CRITICAL, HN_CLASS_CONFIGURATION, NULL},
                                       {"capability-strong", HN_SEV_MEDIUM, HN_CLASS_CONFIGURATION, "ATTACK:T1548"},
                                       {"world-writable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "CIS:7.1.11"},
                                       {"unowned", HN_SEV_LOW, HN_CLASS_HYGIENE, "CIS:7.1.12"},
                                       {"key-readable", HN_SEV_HIGH, HN_CLASS_CONFIGURATION, "NIST:SC-12 DS-211"},
                                       {"certificate-expired", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, "NIST:SC-17 DS-211"},
                                       {"certificate-expiring", HN_SEV_LOW, HN_CLASS_HYGIENE, "NIST:SC-17 DS-211"},
                                       {0}};

static const char *const needs[] = {"packages.owner", "packages.package", NULL};

static void collect(struct hn_collect *c)
{
    static const char *const keys[] = {"/root/.ssh/id_*",
                                       "/home/*/.ssh/id_*",
                                       "/root/*.pem",
                                       "/root/*.key",
                                       "/home/*/*.pem",
                                       "/home/*/*.key",
                                       "/home/*/*.p12",
                                       "/home/*/*.pfx",
                                       "/etc/letsencrypt/live/*/*.pem",
                                       "/etc/wireguard/*.conf",
                                       "/var/lib/postgresql/*/main/server.*",
                                       "/var/lib/kubelet/pki/*",
                                       "/var/www/*.pem",
                                       "/var/www/*.key",
                                       "/var/www/*/*.key",
                                       "/srv/*.pem",
                                       "/srv/*.key",
                                       "/tmp/*.pem",
                                       "/tmp/*.key",
                                       "/var/backups/*.key",
                                       "/var/backups/*.pem"};
    hn_collect_file(c, "passwd", "/etc/passwd", 1u << 20);
    hn_collect_file(c, "groups", "/etc/group", 1u << 20);
    hn_collect_file(c, "subid", "/etc/subuid", 256u << 10);
    hn_collect_file(c, "subid", "/etc/subgid", 256u << 10);
    hn_collect_file(c, "nsswitch", "/etc/nsswitch.conf", 64u << 10);
    files_walk(c);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        hn_collect_glob(c, "candidate", keys[i], FILES_KEY_BYTES, 500);
}

/* struct vfs_cap_data: u32 magic (revision in the top byte), then permitted and inheritable, 32 bits at a time:
 *   0 magic │ 4 permitted 0–31 │ 8 inheritable 0–31 │ 12 permitted 32–63 │ 16 inheritable 32–63 │ 20 root id (rev. 3)
 */
static void take_capability(struct hn_parse *p, const struct hn_rec *r)
{
    struct files_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_arena(p);
    struct hn_cur c;
    hn_cur_init(&c, r->data, 16);
    uint32_t revision = hn_cur_le32(&c) >> 24;
    uint64_t permitted = hn_cur_le32(&c);
    hn_cur_skip(&c, 4);
    if (revision >= 2) {
        permitted |= (uint64_t)hn_cur_le32(&c) << 32;
        hn_cur_skip(&c, 4);
    }
    if (hn_cur_bad(&c) || revision < 1 || revision > 3) {
        hn_parse_malformed(p, r->path, c.off, "not a capability attribute");
        return;
    }
    struct hn_bytes key = hn_arena_bytes(a, r->path);
    struct hn_str text = hn_arena_fmt(a, "%llu", (unsigned long long)permitted), *own = HN_NEW(a, struct hn_str);
    if (!own || !key.p)
        return;
    *own = text;
    if (!hn_ok(hn_map_set(&s->capabilities, key, own)))
        return;
}

static size_t capability_list(const struct files_state *s, struct hn_bytes path, struct hn_str *out)
{
    const struct hn_str *mask = hn_map_find(&s->capabilities, path);
    uint64_t bits = 0;
    if (!mask || !hn_str_u64(*mask, 10, &bits))
        return 0;
    return hn_capability_names(bits, out);
}

static void take_entry(struct hn_parse *p, const struct hn_rec *r)
{
    struct files_state *s = hn_parse_state(p);
    struct hn_arena *a = hn_parse_scratch(p);
    struct hn_str caps[HN_CAPABILITIES];
    if (r->err || !r->has_stat || s->n_entries >= FILES_MAX_ENTRIES)
        return;
    s->n_entries++;
    struct hn_str path = hn_str_from_hostile(a, hn_path_canonical(a, r->path), 4096);
    bool folder = (r->st.mode & 0170000) == 0040000;
    size_t n = capability_list(s, r->path, caps);
    hn_obs_begin(p, "file", path);
    hn_obs_str(p, "path", path);
    hn_obs_str(p, "type", folder ? HN_STR("folder") : HN_STR("file"));
    hn_obs_int(p, "mode", r->st.mode & 07777);
    hn_obs_int(p, "uid", r->st.uid);
    hn_obs_int(p, "gid", r->st.gid);
    if (!folder)
        hn_obs_int(p, "size", (int64_t)(r->st.size & INT64_MAX));
    hn_obs_time(p, "mtime", r->st.mtime);
    hn_obs_int(p, "links", r->st.nlink);
    hn_obs_bool(p, "setuid", !folder && (r->st.mode & 04000));
    hn_obs_bool(p, "setgid", !folder && (r->st.mode & 02000));
    hn_obs_bool(p, "world_writable", r->st.mode & 02);
    if (n)
        hn_obs_list(p, "capabilities", caps, n);
    hn_obs_end(p);
}

static void take_totals(struct hn_parse *p, const struct hn_rec *r)
{
    struct hn_str rest = hn_str_from_hostile(hn_parse_scratch(p), r->data, 4096), line, key, scope;
    if (!hn_str_split(&rest, '\n', &line) || !hn_str_word(&line, &key) || !hn_str_word(&line, &scope)) {
        hn_parse_malformed(p, r->path, 0, "no totals of a walk");
        return;
    }
    hn_obs_begin(p, "scope", scope);
    static const char *const names[] = {"inodes",         "folders",  "entries", "keys",
                                        "mounts_skipped", "left_out", "too_deep"};
    while (hn_str_split(&rest, '\n', &line)) {
        int64_t v;
        if (!hn_str_word(&line, &key) || !hn_str_i64(hn_str_trim(line), &v))
            continue;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (hn_str_eqc(key, names[i]))
                hn_obs_int(p, names[i], v);
        if (hn_str_eqc(key, "cut"))
            hn_obs_bool(p, "cut", v != 0);
    }
    hn_obs_end(p);
}

static const struct {
    const char *tag;
    void (*parse)(struct hn_parse *p, const struct hn_rec *r);
} dispatch[] = {
    {"passwd", files_names},        {"groups", files_names},       {"subid", files_names},
    {"nsswitch", files_names},      {"entry", take_entry},         {"capability", take_capability},
    {"owner", files_owner_count},   {"user", files_owner_example}, {"group-of", files_owner_example},
    {"candidate", files_candidate}, {"folder", files_folder_stat}, {"totals", take_totals},
};

static void parse(struct hn_parse *p, const struct hn_rec *r)
{
    struct files_state *s = hn_parse_state(p);
    if (!s->ready) {
        hn_map_init(&s->users);
        hn_map_init(&s->groups);
        hn_map_init(&s->folders);
        hn_map_init(&s->capabilities);
        s->ready = true;
    }
    for (size_t i = 0; i < sizeof(dispatch) / sizeof(dispatch[0]); i++)
        if (hn_str_eqc(r->tag, dispatch[i].tag))
            dispatch[i].parse(p, r);
}

static void finish(struct hn_parse *p)
{
    struct files_state *s = hn_parse_state(p);
    if (!s->ready)
        return;
    files_owners_emit(p);
    files_keys_emit(p);
    hn_map_done(&s->users);
    hn_map_done(&s->groups);
    hn_map_done(&s->folders);
    hn_map_done(&s->capabilities);
}

const struct hn_module hn_module_files = {
    .name = "files",
    .kinds = kinds,
    .rules = rules,
    .deep = true,
    .needs = needs,
    .state_size = sizeof(struct files_state),
    .collect = collect,
    .parse = parse,
    .finish = finish,
    .judge = files_judge,
};
