/* The base library's hot paths. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "count.h"
#include "input.h"

#define COMPONENTS 1000
#define KEYS       20000

struct doc {
    struct hn_buf text, out;
    struct hn_arena arena;
    const struct hn_jv *value;
};

static void doc_done(void *ctx)
{
    struct doc *d = ctx;

    hn_buf_done(&d->text);
    hn_buf_done(&d->out);
    hn_arena_done(&d->arena);
    free(d);
}

static void *doc_setup(void)
{
    struct doc *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    hn_buf_init(&d->text, 16 << 20);
    hn_buf_init(&d->out, 16 << 20);
    hn_arena_init(&d->arena, 64 << 20);
    bench_make_sbom(&d->text, COMPONENTS);
    d->value = hn_jv_parse(&d->arena, hn_str_bytes(hn_buf_text(&d->text)), NULL);
    if (!d->value || !hn_buf_room(&d->out, d->text.n)) {
        doc_done(d);
        return NULL;
    }
    return d;
}

static void json_read(void *ctx)
{
    const struct doc *d = ctx;
    struct hn_jr r;

    hn_jr_init(&r, hn_str_bytes(hn_buf_text(&d->text)), 0, 0);
    if (!hn_jr_skip(&r) || hn_jr_next(&r) != HN_J_END)
        abort();
}

static void json_tree(void *ctx)
{
    struct doc *d = ctx;

    hn_arena_clear(&d->arena);
    d->value = hn_jv_parse(&d->arena, hn_str_bytes(hn_buf_text(&d->text)), NULL);
    if (!d->value)
        abort();
}

static void json_write(void *ctx)
{
    struct doc *d = ctx;
    struct hn_jw w;

    hn_buf_clear(&d->out);
    hn_jw_init(&w, &d->out);
    hn_jw_value(&w, d->value);
    if (d->out.bad)
        abort();
}

struct keys {
    char text[KEYS][24];
    struct hn_map map;
};

static struct hn_bytes key(const struct keys *k, size_t i)
{
    return hn_str_bytes(hn_str_c(k->text[i]));
}

static void keys_done(void *ctx)
{
    struct keys *k = ctx;

    hn_map_done(&k->map);
    free(k);
}

static void map_set(void *ctx)
{
    struct keys *k = ctx;

    hn_map_done(&k->map);
    for (size_t i = 0; i < KEYS; i++)
        if (!hn_ok(hn_map_set(&k->map, key(k, i), k->text[i])))
            abort();
}

static void *keys_setup(void)
{
    struct keys *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    for (size_t i = 0; i < KEYS; i++)
        snprintf(k->text[i], sizeof k->text[i], "lib-%zu@%zu.%zu", i, i % 7, i % 11);
    map_set(k);
    return k;
}

static void map_find(void *ctx)
{
    const struct keys *k = ctx;

    for (size_t i = 0; i < KEYS; i++)
        if (hn_map_find(&k->map, key(k, i)) != k->text[i])
            abort();
}

int main(int argc, char **argv)
{
    static const struct count_bench benches[] = {
        {"json-read", doc_setup, json_read, doc_done},   {"json-tree", doc_setup, json_tree, doc_done},
        {"json-write", doc_setup, json_write, doc_done}, {"map-set", keys_setup, map_set, keys_done},
        {"map-find", keys_setup, map_find, keys_done},
    };

    return count_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
