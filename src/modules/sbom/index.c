#include "modules/sbom/index.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "format/advisory/import.h"

#define FEED_FILE_MAX ((size_t)16 << 30)
#define BUILD_THREADS 2u

static bool map_index(struct hn_work *w, int fd, const char *what, struct hn_adv_index *ret)
{
    struct hn_diag d = {{0}};
    off_t size = lseek(fd, 0, SEEK_END); /* the sandbox has no fstat */
    if (size <= 0) {
        hn_work_fail(w, "sbom.index.none", NULL);
        return false;
    }
    void *p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        hn_work_fail(w, "sbom.match.memory", NULL);
        return false;
    }
    if (hn_ok(hn_adv_index_open(hn_bytes_of(p, (size_t)size), ret, &d)))
        return true;
    hn_work_fail(w, "sbom.index.bad", "index", what, "why", d.msg, NULL);
    return false;
}

static bool read_feeds(struct hn_work *w, struct hn_adv_build *b, struct hn_adv_importer *im)
{
    struct hn_input in;
    uint16_t feed;
    size_t n = 0;
    hn_time changed = 0; /* of the newest file */
    struct hn_adv_feed all = {.name = hn_work_str(w, "feed"), .kind = HN_STR("folder"), .imported = hn_work_now(w)};
    if (!all.name.n)
        all.name = HN_STR("--feed");
    if (!hn_ok(hn_adv_build_feed(b, &all, &feed)))
        return false;
    while (hn_work_input(w, "feed", &in)) {
        changed = in.mtime > changed ? in.mtime : changed;
        if (hn_work_map(w, &in, FEED_FILE_MAX)) {
            hn_adv_import_file(im, feed, in.name, in.map, in.regular && !in.copied);
            n++;
        }
        hn_work_done(&in);
    }
    const struct hn_adv_complaint *c;
    size_t complaints = hn_adv_import_complaints(im, &c);
    for (size_t i = 0; i < complaints; i++) {
        char at[512];
        snprintf(at, sizeof at, "%.*s%s%.*s", HN_FMT(c[i].file), c[i].entry.n ? ": " : "", HN_FMT(c[i].entry));
        hn_work_warn(w, "sbom.index.skipped", "at", at, "why", c[i].why, NULL);
    }
    all.records = hn_adv_import_records(im);
    all.rejected = hn_adv_import_rejected(im);
    all.date = hn_adv_import_date(im, 0, changed);
    all.date = all.date < all.imported ? all.date : all.imported;
    hn_adv_import_sum(im, all.sha256);
    hn_adv_build_feed_set(b, feed, &all);
    return n > 0 && all.records > 0;
}

static bool build_index(struct hn_work *w, int out, int spill)
{
    struct hn_adv_build *b = NULL;
    struct hn_adv_importer *im = NULL;
    struct hn_diag d = {{0}};
    bool any = false;
    struct hn_err e = hn_adv_build_new(out, spill, 0, &b);
    if (hn_ok(e))
        e = hn_adv_import_new(b, BUILD_THREADS, NULL, &im);
    if (hn_ok(e)) {
        any = read_feeds(w, b, im);
        e = hn_adv_import_end(im);
    }
    if (hn_ok(e))
        e = hn_adv_build_end(b, hn_work_now(w), &d);
    hn_adv_build_free(b);
    if (!hn_ok(e))
        hn_work_fail(w, "sbom.index.bad", "index", "--feed", "why", d.msg[0] ? d.msg : hn_err_text(e), NULL);
    else if (!any)
        hn_work_fail(w, "sbom.index.empty", NULL);
    return hn_ok(e) && any;
}

/* An import uses the same few megabytes again and again: huge pages (sandbox/spawn.c) would only round them up. */
void sbom_index_before(struct hn_work *w)
{
    if (hn_work_given(w, "feed"))
        (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

bool sbom_index_open(struct hn_work *w, struct hn_adv_index *ret)
{
    if (!hn_work_given(w, "feed")) {
        HN_AUTO_FD fd = hn_work_file_open(w, HN_STR("feed:index"));
        if (fd >= 0)
            return map_index(w, fd, "feed:index", ret);
        hn_work_fail(w, "sbom.index.none", NULL);
        return false;
    }
    HN_AUTO_FD out = hn_work_temp(w);
    HN_AUTO_FD spill = hn_work_temp(w);
    if (out < 0 || spill < 0) {
        hn_work_fail(w, "sbom.match.memory", NULL);
        return false;
    }
    mallopt(M_ARENA_MAX, 1); /* of a thread's own arena nothing would come back below */
    bool ok = build_index(w, out, spill);
    malloc_trim(0); /* what the import took is not needed for the matching */
    return ok && map_index(w, out, "--feed", ret);
}
