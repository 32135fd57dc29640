/* feed: the index of advisories that others look things up in. See README.md. */
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "modules/feed/beside.h"
#include "modules/feed/sign.h"

bool feed_open(struct hn_work *w, struct feed_index *ret)
{
    struct hn_diag d = {{0}};
    int fd = hn_work_file_open(w, FEED_INDEX);
    *ret = (struct feed_index){.there = false};
    if (fd < 0)
        return true;
    off_t size = lseek(fd, 0, SEEK_END); /* the sandbox has no fstat */
    bool ok = size > 0;
    void *p = ok ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    ok = p != MAP_FAILED && hn_ok(hn_adv_index_open(hn_bytes_of(p, (size_t)size), &ret->x, &d));
    if (!ok)
        hn_work_fail(w, "feed.damaged", "why", d.msg[0] ? d.msg : "it is empty", NULL);
    ret->there = ok;
    return ok;
}

/* {sound, feeds: [{name, checked}]} */
static void verify_json(struct hn_work *w, const struct feed_index *x)
{
    HN_AUTO(hn_buf_done) struct hn_buf out = {0};
    struct hn_adv_feed f;
    struct hn_jw j;
    hn_buf_init(&out, 16u << 20);
    hn_jw_init(&j, &out);
    hn_jw_obj(&j);
    hn_jw_kbool(&j, "sound", true); /* what is not gives no document */
    hn_jw_key(&j, "feeds");
    hn_jw_arr(&j);
    for (uint32_t i = 0; x->there && i < x->x.n_feeds && hn_adv_feed_at(&x->x, i, &f); i++) {
        hn_jw_obj(&j);
        hn_jw_kstr(&j, "name", f.name);
        feed_checks_json(&j, w, f.name);
        hn_jw_obj_end(&j);
    }
    hn_jw_arr_end(&j);
    hn_jw_obj_end(&j);
    hn_work_write(w, hn_bytes_of(out.p, out.n));
}

static int feed_verify(struct hn_work *w)
{
    struct hn_adv_feed f;
    struct feed_index old;
    struct hn_diag d = {{0}};
    bool json = hn_work_form(w) == HN_FORM_JSON;
    if (!feed_open(w, &old))
        return 3;
    if (!old.there && !json) {
        hn_work_say(w, "feed.none", NULL);
        return 0;
    }
    if (old.there && !hn_ok(hn_adv_index_verify(&old.x, &d)))
        return hn_work_fail(w, "feed.damaged", "why", d.msg, NULL);
    if (json) {
        verify_json(w, &old);
        return 0;
    }
    hn_work_say(w, "feed.sound", NULL);
    for (uint32_t i = 0; i < old.x.n_feeds && hn_adv_feed_at(&old.x, i, &f); i++)
        feed_checks_say(w, f.name);
    return 0;
}

#define ROOM ((size_t)4 << 30) /* address space: the old index is mapped beside the build */
static const struct hn_verb verbs[] = {
    {"add", "--name NAME FILE|DIR|URL …", feed_add_options, HN_VERB_FOLDER, ROOM, feed_add, NULL, feed_sign_before},
    {"list", "", feed_list_options, HN_VERB_WORDS | HN_VERB_CSV | HN_VERB_LINES, ROOM, feed_list, NULL},
    {"show", "ID …", feed_show_options, HN_VERB_WORDS, ROOM, feed_show, NULL},
    {"remove", "NAME", NULL, HN_VERB_FOLDER | HN_VERB_WORDS, ROOM, feed_remove, NULL},
    {"verify", "", NULL, HN_VERB_WORDS, ROOM, feed_verify, NULL},
    {"export", "-o FILE", feed_export_options, HN_VERB_WORDS, ROOM, feed_export, NULL},
    {"import", "FILE", feed_import_options, HN_VERB_FOLDER, ROOM, feed_import, NULL},
    {"names", "--form FORM FILE", feed_names_options, 0, 0, feed_names, NULL},
    {0}};

static const struct hn_kind kinds[] = {{0}};
static const struct hn_rule rules[] = {{"no-data", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, "NIST:RA-5 DS-211"},
                                       {"old", HN_SEV_MEDIUM, HN_CLASS_HYGIENE, "NIST:RA-5 NIST:SI-5 DS-211"},
                                       {0}};
static const char *const needs[] = {"host.os", "packages.package", NULL};

const struct hn_module hn_module_feed = {
    .name = "feed",
    .kinds = kinds,
    .rules = rules,
    .needs = needs,
    .judge = feed_judge,
    .verbs = verbs,
    .reads_xml = true,
};
