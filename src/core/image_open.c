/* From the members to the layers: OCI image layout (image-spec 1.1: image-layout.md, image-index.md, manifest.md,
 * config.md), else the manifest.json of `docker save`. */
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "core/image.h"

#define DOCUMENT_MAX (16u << 20)
#define INDEX_DEPTH  4u

static const struct hn_jv *document(struct hn_image *im, const struct hn_image_member *m)
{
    if (!m || m->size > DOCUMENT_MAX)
        return NULL;
    uint8_t *text = hn_arena_alloc(&im->arena, (size_t)m->size + 1);
    for (uint64_t at = 0; text && at < m->size;) {
        ssize_t n = pread(m->fd, text + at, (size_t)(m->size - at), (off_t)(m->at + at));
        if (n <= 0)
            return NULL;
        at += (uint64_t)n;
    }
    return text ? hn_jv_parse(&im->arena, hn_bytes_of(text, (size_t)m->size), NULL) : NULL;
}

/* "sha256:0123…" lies in blobs/sha256/0123…; nothing else is a name. */
static const struct hn_image_member *blob(struct hn_image *im, struct hn_str digest)
{
    ptrdiff_t colon = hn_str_chr(digest, ':');
    if (colon <= 0 || digest.n > 256)
        return NULL;
    for (size_t i = 0; i < digest.n; i++)
        if (digest.p[i] == '/' || digest.p[i] == '.')
            return NULL;
    return hn_image_member(im, hn_arena_fmt(&im->arena, "blobs/%.*s/%.*s", HN_FMT(hn_str_cut(digest, 0, (size_t)colon)),
                                            HN_FMT(hn_str_cut(digest, (size_t)colon + 1, digest.n))));
}

static const struct hn_jv *verified(struct hn_image *im, struct hn_str digest)
{
    const struct hn_image_member *m = blob(im, digest);
    if (!m) {
        hn_image_problem(im, digest, "is not in the image");
        return NULL;
    }
    if (!hn_image_verify(im, m, digest))
        return NULL;
    const struct hn_jv *v = document(im, m);
    if (!v)
        hn_image_problem(im, digest, "is not JSON, or too long");
    return v;
}

static struct hn_str diff_of(const struct hn_jv *config, size_t i)
{
    const struct hn_jv *list = hn_jv_get(hn_jv_get(config, "rootfs"), "diff_ids");
    bool there = list && list->kind == HN_JV_ARR && i < list->n && list->items[i].kind == HN_JV_STR;
    return there ? list->items[i].s : HN_STR("");
}

/* ---------------------------------------------------------------- OCI */

static bool load_manifest(struct hn_image *im, const struct hn_jv *manifest)
{
    const struct hn_jv *layers = hn_jv_get(manifest, "layers");
    const struct hn_jv *config = verified(im, hn_jv_str(hn_jv_get(manifest, "config"), "digest"));
    if (!layers || layers->kind != HN_JV_ARR) {
        hn_image_problem(im, im->digest, "manifest without layers");
        return false;
    }
    for (size_t i = 0; i < layers->n && i < HN_IMAGE_LAYERS; i++) {
        struct hn_str digest = hn_jv_str(&layers->items[i], "digest"), type = hn_jv_str(&layers->items[i], "mediaType");
        const struct hn_image_member *m = blob(im, digest);
        if (hn_str_find(type, HN_STR("in-toto")) >= 0)
            continue; /* an attestation that stands where a layer would */
        if (m)
            hn_image_layer(im, m, digest, diff_of(config, i));
        else
            hn_image_problem(im, digest,
                             hn_str_find(type, HN_STR("foreign")) >= 0 ||
                                     hn_str_find(type, HN_STR("nondistributable")) >= 0
                                 ? "layer is kept elsewhere by its licence"
                                 : "layer is not in the image");
    }
    return true;
}

/* "linux/arm64/v8": what is left out of the wish fits any. */
static bool platform_fits(struct hn_str wish, const struct hn_jv *platform)
{
    static const char *const keys[] = {"os", "architecture", "variant"};
    struct hn_str part;
    for (size_t i = 0; i < 3 && hn_str_split(&wish, '/', &part); i++)
        if (part.n && !hn_str_eq(part, hn_jv_str(platform, keys[i])))
            return false;
    return true;
}

/* Of many, the one for the platform asked for; else, when it was not asked for by the user, the only one or the first
 * that is an image at all. */
static const struct hn_jv *choose(struct hn_image *im, const struct hn_jv *list)
{
    const struct hn_jv *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct hn_jv *v = &list->items[i], *platform = hn_jv_get(v, "platform");
        if (hn_str_eqc(hn_jv_str(platform, "os"), "unknown"))
            continue; /* attestations of a builder */
        if (platform && platform_fits(im->platform, platform))
            return v;
        if (platform && im->only)
            continue;
        first = first ? first : v;
        n++;
    }
    if (n > 1)
        hn_image_problem(im, im->platform, "several images, none for this platform: the first is looked at");
    if (!first && im->only)
        hn_image_problem(im, im->platform, "no image for this platform");
    return first;
}

static bool load_index(struct hn_image *im, const struct hn_jv *index, unsigned depth)
{
    const struct hn_jv *list = hn_jv_get(index, "manifests");
    const struct hn_jv *chosen = list && list->kind == HN_JV_ARR ? choose(im, list) : NULL;
    struct hn_str digest = hn_jv_str(chosen, "digest");
    if (!chosen || depth == INDEX_DEPTH) {
        hn_image_problem(im, HN_STR("index.json"), chosen ? "indexes nested too deeply" : "names no image");
        return false;
    }
    const struct hn_jv *v = verified(im, digest);
    if (hn_jv_get(v, "manifests"))
        return load_index(im, v, depth + 1);
    im->digest = digest;
    return v && load_manifest(im, v);
}

/* ---------------------------------------------------------------- docker save */

/* [{"Config": "….json", "RepoTags": […], "Layers": ["…/layer.tar", …]}] */
static bool load_docker(struct hn_image *im, const struct hn_jv *list)
{
    const struct hn_jv *first = list && list->kind == HN_JV_ARR && list->n ? &list->items[0] : NULL;
    const struct hn_jv *layers = hn_jv_get(first, "Layers");
    if (!layers || layers->kind != HN_JV_ARR) {
        hn_image_problem(im, HN_STR("manifest.json"), "names no image");
        return false;
    }
    if (list->n > 1)
        hn_image_problem(im, HN_STR("manifest.json"), "several images: the first is looked at");
    const struct hn_jv *config = document(im, hn_image_member(im, hn_jv_str(first, "Config")));
    if (!config)
        hn_image_problem(im, HN_STR("manifest.json"), "configuration is missing: layers cannot be checked");
    for (size_t i = 0; i < layers->n && i < HN_IMAGE_LAYERS; i++) {
        struct hn_str name = layers->items[i].kind == HN_JV_STR ? layers->items[i].s : HN_STR("");
        const struct hn_image_member *m = hn_image_member(im, name);
        if (m)
            hn_image_layer(im, m, HN_STR(""), diff_of(config, i));
        else
            hn_image_problem(im, name, "layer is not in the image");
    }
    return true;
}

static struct hn_str own_platform(void)
{
#if defined(__aarch64__)
    return HN_STR("linux/arm64");
#else
    return HN_STR("linux/amd64");
#endif
}

bool hn_image_load(struct hn_image *im)
{
    if (im->archive >= 0)
        hn_image_add_archive(im);
    const struct hn_image_member *index = hn_image_member(im, HN_STR("index.json"));
    const struct hn_image_member *docker = hn_image_member(im, HN_STR("manifest.json"));
    im->only = im->platform.n > 0;
    if (!im->only)
        im->platform = own_platform();
    const struct hn_jv *v = index ? document(im, index) : NULL;
    if (index && !v)
        hn_image_problem(im, HN_STR("index.json"), "is not JSON, or too long");
    if (v)
        return load_index(im, v, 0);
    if (docker)
        return load_docker(im, document(im, docker));
    hn_image_problem(im, HN_STR("image"), "neither an OCI image layout nor an archive of docker save");
    return false;
}
