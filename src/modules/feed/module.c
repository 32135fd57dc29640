/* feed: the index of advisories that others look things up in. See README.md. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/work.h"
#include "format/advisory/import.h"

#define INDEX HN_STR("index")

struct old {
    struct hn_adv_index x;
    bool there;
};

static bool open_old(struct hn_work *w, struct old *ret)
{
    struct hn_diag d = {{0}};
    int fd = hn_work_file_open(w, INDEX);
    *ret = (struct old){.there = false};
    if (fd < 0)
        return true;
    off_t size = lseek(fd, 0, SEEK_END); /* the sandbox has no fstat */
    bool ok = size > 0;
    void *p = ok ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    ok = p != MAP_FAILED && hn_ok(hn_adv_index_open(hn_bytes_of(p, (size_t)size), &ret->x, &d));
    if (!ok)
        hn_work_fail(w, "feed.damaged", "why", d.msg, NULL);
    ret->there = ok;
    return ok;
}

static struct hn_err carry_others(struct hn_adv_build *b, struct hn_adv_importer *im, const struct old *old,
                                  struct hn_str name)
{
    struct hn_adv_feed f;
    for (uint32_t i = 0; old->there && i < old->x.n_feeds; i++) {
        uint16_t feed;
        if (!hn_adv_feed_at(&old->x, i, &f) || hn_str_eq(f.name, name))
            continue;
        f.records = 0;
        HN_TRY(hn_adv_build_feed(b, &f, &feed));
        HN_TRY(hn_adv_lane_carry(hn_adv_import_lane(im), &old->x, (uint16_t)i, feed));
    }
    return HN_OK;
}

static void complain(struct hn_work *w, const struct hn_adv_importer *im)
{
    const struct hn_adv_complaint *c;
    size_t n = hn_adv_import_complaints(im, &c);
    for (size_t i = 0; i < n; i++) {
        struct hn_str at = hn_arena_fmt(hn_work_arena(w), "%.*s %.*s (%llu)", HN_FMT(c[i].file), HN_FMT(c[i].entry),
                                        (unsigned long long)c[i].offset);
        hn_work_warn(w, "feed.rejected", "at", hn_arena_cstr(hn_work_arena(w), at), "why", c[i].why, NULL);
    }
}

/* The inputs as one feed. Its kind is the form that brought most records, its date that of its newest record. */
static struct hn_err read_feed(struct hn_work *w, struct hn_adv_build *b, struct hn_adv_importer *im,
                               struct hn_str name)
{
    struct hn_adv_feed f = {.name = name, .licence = hn_work_str(w, "licence"), .imported = hn_work_now(w)};
    struct hn_input in;
    uint16_t feed;
    f.kind = f.source = HN_STR("");
    HN_TRY(hn_adv_build_feed(b, &f, &feed));
    while (hn_work_next(w, &in)) {
        if (!f.source.n)
            f.source = in.name;
        if (hn_work_map(w, &in, SIZE_MAX / 2))
            hn_adv_import_file(im, feed, in.name, in.map, in.regular);
        hn_work_done(&in);
    }
    f.kind = hn_str_c(hn_adv_import_form(im));
    f.date = hn_adv_import_date(im) < f.imported ? hn_adv_import_date(im) : f.imported;
    f.rejected = hn_adv_import_rejected(im);
    hn_adv_build_feed_set(b, feed, &f);
    complain(w, im);
    return hn_adv_import_records(im) ? HN_OK : (struct hn_err){HN_E_NOENT};
}

/* The new index: what the old one has, without `name`, and the inputs when `reads`. The old one stays until the new one
 * is whole. */
static struct hn_err rebuild(struct hn_work *w, const struct old *old, struct hn_str name, bool reads,
                             struct hn_diag *d)
{
    struct hn_adv_build *b = NULL;
    struct hn_adv_importer *im;
    int out = hn_work_file_new(w, INDEX), spill = hn_work_temp(w);
    struct hn_err e = out < 0 || spill < 0 ? (struct hn_err){HN_E_IO} : hn_adv_build_new(out, spill, 0, &b);
    if (hn_ok(e))
        e = hn_adv_import_new(b, 2, NULL, &im);
    if (hn_ok(e)) {
        e = carry_others(b, im, old, name);
        if (hn_ok(e) && reads)
            e = read_feed(w, b, im, name);
        struct hn_err ended = hn_adv_import_end(im);
        if (hn_ok(e))
            e = ended;
    }
    if (hn_ok(e))
        e = hn_adv_build_end(b, hn_work_now(w), d);
    hn_adv_build_free(b);
    if (out >= 0)
        close(out);
    if (spill >= 0)
        close(spill);
    return hn_ok(e) ? hn_work_file_commit(w, INDEX) : e;
}

static int change(struct hn_work *w, struct hn_str name, bool reads)
{
    struct old old;
    struct hn_diag d = {{0}};
    if (!name.n || name.n > 64)
        return hn_work_usage(w, "feed.name", NULL);
    if (!open_old(w, &old))
        return 3;
    struct hn_err e = rebuild(w, &old, name, reads, &d);
    if (!hn_ok(e))
        return hn_work_fail(w, "feed.failed", "why", e.code == HN_E_NOENT ? "no advisory in it" : hn_err_text(e), NULL);
    return 0;
}

static int work_add(struct hn_work *w)
{
    return change(w, hn_work_str(w, "name"), true);
}

static int work_remove(struct hn_work *w)
{
    return change(w, hn_work_word(w, 0), false);
}

static int work_list(struct hn_work *w)
{
    struct old old;
    struct hn_adv_feed f;
    struct hn_buf out;
    struct hn_jw j;
    if (!open_old(w, &old))
        return 3;
    hn_buf_init(&out, 16u << 20);
    hn_jw_init(&j, &out);
    hn_jw_arr(&j);
    if (!old.there && hn_work_form(w) != HN_FORM_JSON)
        hn_work_say(w, "feed.none", NULL);
    for (uint32_t i = 0; old.there && i < old.x.n_feeds && hn_adv_feed_at(&old.x, i, &f); i++) {
        char date[HN_TIME_TEXT];
        hn_jw_obj(&j);
        hn_jw_kstr(&j, "name", f.name);
        hn_jw_kstr(&j, "kind", f.kind);
        hn_jw_kstr(&j, "source", f.source);
        hn_jw_kstr(&j, "licence", f.licence);
        hn_jw_ktime(&j, "date", f.date);
        hn_jw_ktime(&j, "imported", f.imported);
        hn_jw_kint(&j, "records", (int64_t)f.records);
        hn_jw_kint(&j, "rejected", (int64_t)f.rejected);
        hn_jw_obj_end(&j);
        if (hn_work_form(w) == HN_FORM_JSON)
            continue;
        hn_work_text(w, hn_arena_fmt(hn_work_arena(w), "%.*s  %.*s  %llu  %s  %.*s", HN_FMT(f.name), HN_FMT(f.kind),
                                     (unsigned long long)f.records, f.date ? hn_time_text(f.date, date) : "-",
                                     HN_FMT(f.licence)));
        hn_work_print(w, "\n");
    }
    hn_jw_arr_end(&j);
    if (hn_work_form(w) == HN_FORM_JSON)
        hn_work_write(w, hn_bytes_of(out.p, out.n));
    hn_buf_done(&out);
    return 0;
}

static int work_verify(struct hn_work *w)
{
    struct old old;
    struct hn_diag d = {{0}};
    if (!open_old(w, &old))
        return 3;
    if (!old.there) {
        hn_work_say(w, "feed.none", NULL);
        return 0;
    }
    if (!hn_ok(hn_adv_index_verify(&old.x, &d)))
        return hn_work_fail(w, "feed.damaged", "why", d.msg, NULL);
    hn_work_say(w, "feed.sound", NULL);
    return 0;
}

#define ROOM ((size_t)4 << 30) /* address space: the old index is mapped beside the build */
static const struct hn_verb_option add_options[] = {{"name", HN_OPT_STR, "NAME"}, {"licence", HN_OPT_STR, "TEXT"}, {0}};
static const struct hn_verb verbs[] = {
    {"add", "--name NAME FILE|DIR …", add_options, HN_VERB_FOLDER, ROOM, work_add, NULL},
    {"list", "", NULL, HN_VERB_WORDS, ROOM, work_list, NULL},
    {"remove", "NAME", NULL, HN_VERB_FOLDER | HN_VERB_WORDS, ROOM, work_remove, NULL},
    {"verify", "", NULL, HN_VERB_WORDS, ROOM, work_verify, NULL},
    {0}};

static const struct hn_kind kinds[] = {{0}};

const struct hn_module hn_module_feed = {
    .name = "feed",
    .kinds = kinds,
    .verbs = verbs,
};
