#include "core/ops_software_host.h"

#include "format/name/purl.h"
#include "store/software.h"

struct distro {
    struct hn_str id, version, ecosystem;
};

static const struct hn_store_run_obs *find(const struct hn_store_run *run, const char *module, const char *kind)
{
    for (size_t i = 0; i < run->n_obs; i++)
        if (hn_str_eqc(run->obs[i].module, module) && hn_str_eqc(run->obs[i].kind, kind))
            return &run->obs[i];
    return NULL;
}

static struct hn_str numbers(struct hn_str version, unsigned parts)
{
    size_t n = 0;

    for (; n < version.n; n++)
        if (version.p[n] == '.' && --parts == 0)
            break;
    return hn_str_cut(version, 0, n);
}

/* As OSV names the ecosystems of distributions; one that it does not know is left without, which is "unknown". */
static struct hn_str ecosystem_of(struct hn_arena *a, struct hn_str id, struct hn_str version)
{
    if (!version.n)
        return (struct hn_str){"", 0};
    if (hn_str_eqc(id, "debian"))
        return hn_arena_fmt(a, "Debian:%.*s", HN_FMT(numbers(version, 1)));
    if (hn_str_eqc(id, "ubuntu")) {
        bool lts = version.n >= 5 && (version.p[1] - '0') % 2 == 0 && hn_str_ends(version, ".04");
        return hn_arena_fmt(a, "Ubuntu:%.*s%s", HN_FMT(version), lts ? ":LTS" : "");
    }
    if (hn_str_eqc(id, "alpine"))
        return hn_arena_fmt(a, "Alpine:v%.*s", HN_FMT(numbers(version, 2)));
    if (hn_str_eqc(id, "rocky"))
        return hn_arena_fmt(a, "Rocky Linux:%.*s", HN_FMT(numbers(version, 1)));
    if (hn_str_eqc(id, "almalinux"))
        return hn_arena_fmt(a, "AlmaLinux:%.*s", HN_FMT(numbers(version, 1)));
    return (struct hn_str){"", 0};
}

static struct distro distro_of(struct hn_op_ctx *c, const struct hn_store_run *run)
{
    const struct hn_store_run_obs *o = find(run, "host", "os");
    const struct hn_jv *v = o ? hn_jv_parse(c->arena, hn_str_bytes(o->fields), NULL) : NULL;
    struct distro d = {.id = hn_jv_str(v, "id"), .version = hn_jv_str(v, "version")};

    d.ecosystem = ecosystem_of(c->arena, d.id, d.version);
    return d;
}

static struct hn_str purl_of(struct hn_op_ctx *c, const struct hn_jv *v, const struct distro *d)
{
    struct hn_str manager = hn_jv_str(v, "manager");
    struct hn_purl p = {.type = hn_str_eqc(manager, "dpkg") ? HN_STR("deb") : manager,
                        .namespace = d->id,
                        .name = hn_jv_str(v, "name"),
                        .version = hn_jv_str(v, "version")};

    if (!p.type.n || !p.namespace.n || !p.name.n)
        return (struct hn_str){"", 0};
    if (hn_jv_str(v, "arch").n)
        (void)hn_purl_set(&p, HN_STR("arch"), hn_jv_str(v, "arch"));
    if (d->version.n)
        (void)hn_purl_set(&p, HN_STR("distro"), hn_arena_fmt(c->arena, "%.*s-%.*s", HN_FMT(d->id), HN_FMT(d->version)));
    return hn_purl_build(c->arena, &p, NULL) ? hn_purl_text(&p, c->arena) : (struct hn_str){"", 0};
}

static struct hn_str text(const struct hn_jv *v, const char *key)
{
    struct hn_str s = hn_jv_str(v, key);

    return s.n ? s : (struct hn_str){"", 0};
}

static bool complete(const struct hn_store_run *run)
{
    for (size_t i = 0; i < run->n_cover; i++)
        if (hn_str_eqc(run->cover[i].module, "packages"))
            return run->cover[i].complete;
    return false;
}

struct hn_err ops_host_components(struct hn_op_ctx *c, const struct hn_store_run *run)
{
    struct distro d = distro_of(c, run);
    struct hn_store_component_in *k = hn_arena_alloc(c->arena, (run->n_obs + 1) * sizeof *k);
    size_t n = 0;

    if (!k)
        return (struct hn_err){HN_E_NOMEM};
    for (size_t i = 0; i < run->n_obs; i++) {
        const struct hn_store_run_obs *o = &run->obs[i];
        if (!hn_str_eqc(o->module, "packages") || !hn_str_eqc(o->kind, "package"))
            continue;
        const struct hn_jv *v = hn_jv_parse(c->arena, hn_str_bytes(o->fields), NULL);
        if (!v || !hn_jv_bool(v, "installed", false))
            continue;
        k[n++] = (struct hn_store_component_in){.ecosystem = d.ecosystem,
                                                .name = text(v, "name"),
                                                .version = text(v, "version"),
                                                .source = text(v, "source"),
                                                .source_version = text(v, "source_version"),
                                                .type = HN_STR("package"),
                                                .supplier = text(v, "vendor"),
                                                .purl = purl_of(c, v, &d)};
    }
    if (!n || !complete(run))
        return HN_OK;
    return ops_store(c, hn_store_asset_components(c->store, c->who, run->asset, run->collected_at, k, n));
}
