/* The collector as a process: records go out as frames on descriptor 3, wants come back on it. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "core/collect.h"
#include "core/image_wire.h"
#include "core/registry.h"
#include "core/sums.h"
#include "core/wire.h"
#include "sandbox/frame.h"
#include "sandbox/role.h"

enum { PARSER_FD = 3, PROGRESS_FD = 4, IMAGE_FD = 5, SPOOL_FD = 6 }; /* others where --inputs, --sums say */
#define SKIP_MAX    64u
#define MODULES_MAX 128u

struct out {
    struct hn_buf wire; /* frames not yet written */
    struct hn_buf rec, in;
    size_t wanted, parts;
};

#define FLUSH_AT (256u << 10)

static bool flush(struct out *o)
{
    if (o->wire.bad)
        return false;
    bool ok = !o->wire.n || hn_ok(hn_write_all(PARSER_FD, o->wire.p, o->wire.n));
    hn_buf_clear(&o->wire);
    return ok;
}

static bool put(struct out *o, uint8_t type, struct hn_str payload)
{
    hn_frame_add(&o->wire, type, hn_str_bytes(payload));
    return o->wire.n < FLUSH_AT || flush(o);
}

static bool on_module(void *arg, const struct hn_module *m)
{
    struct out *o = arg;
    o->wanted = o->parts = 0;
    return put(o, HN_WIRE_MODULE, hn_str_c(m->name)) && flush(o); /* so that what follows counts as its time */
}

/* Written in its place: contents are copied once. */
static bool on_record(void *arg, const struct hn_rec *r)
{
    struct out *o = arg;
    size_t at = hn_frame_begin(&o->wire, HN_WIRE_RECORD);
    hn_rec_write(&o->wire, r);
    hn_frame_end(&o->wire, at);
    return !o->wire.bad && (o->wire.n < FLUSH_AT || flush(o));
}

static bool on_not_seen(void *arg, struct hn_str what, struct hn_str why)
{
    struct out *o = arg;
    hn_buf_clear(&o->rec);
    hn_buf_str(&o->rec, what);
    hn_buf_chr(&o->rec, 0);
    hn_buf_str(&o->rec, why);
    return put(o, HN_WIRE_NOT_SEEN, hn_buf_text(&o->rec));
}

/* {tag\0how\0offset\0most bytes\0path} from the parser, which is not trusted: what it names is opened only below the
 * root, and bounded. path gets room for its NUL. */
static bool read_want(struct hn_str text, char tag[64], char path[HN_REC_PATH_MAX + 1], struct hn_want *want)
{
    struct hn_str name, how, offset, max;
    uint64_t most;
    if (!hn_str_split(&text, 0, &name) || !hn_str_split(&text, 0, &how) || !hn_str_split(&text, 0, &offset) ||
        !hn_str_split(&text, 0, &max) || !text.p || how.n != 1)
        return false;
    if (name.n >= 64 || text.n > HN_REC_PATH_MAX || memchr(text.p, 0, text.n) || !hn_str_u64(max, 10, &most) ||
        most > HN_WANT_BYTES_MAX || !hn_str_u64(offset, 10, &want->offset) || want->offset > INT64_MAX)
        return false;
    memcpy(tag, name.p, name.n);
    tag[name.n] = 0;
    memcpy(path, text.p, text.n);
    path[text.n] = 0;
    want->tag = tag;
    want->how = (enum hn_want_how)how.p[0];
    want->path = hn_bytes_of(path, text.n);
    want->max = (size_t)most;
    return true;
}

static void serve_want(struct out *o, struct hn_collect *c, struct hn_str text)
{
    char tag[64], path[HN_REC_PATH_MAX + 1];
    struct hn_want want;
    if (!read_want(text, tag, path, &want))
        return;
    if (want.how != HN_WANT_GLOB) {
        if (o->parts++ < HN_WANT_PARTS)
            hn_collect_want_file(c, &want);
        return;
    }
    if (o->wanted >= HN_WANT_FILES) {
        hn_collect_not_seen(c, path, "too many includes");
        return;
    }
    /* a glob that matches nothing costs one as well */
    size_t used = hn_collect_want(c, tag, path, want.max, HN_WANT_FILES - o->wanted);
    o->wanted += used ? used : 1;
}

static bool on_round(void *arg, struct hn_collect *c, bool *ret_more)
{
    struct out *o = arg;
    *ret_more = false;
    if (!put(o, HN_WIRE_ROUND, HN_STR("")) || !flush(o))
        return false;
    /* All wants are read before the first is served: the parser is then reading again, and neither waits for both. */
    struct hn_buf wants;
    hn_buf_init(&wants, HN_WANT_MEMORY);
    bool ok = true;
    for (;;) {
        uint8_t type;
        ok = hn_ok(hn_frame_read(PARSER_FD, &o->in, &type));
        if (!ok || type == HN_WIRE_NO_WANTS)
            break;
        if (type == HN_WIRE_WANT)
            hn_frame_add(&wants, type, hn_str_bytes(hn_buf_text(&o->in)));
    }
    struct hn_frame_in in = {.buf = wants};
    uint8_t type;
    struct hn_bytes payload;
    struct hn_err e;
    while (ok && hn_frame_in_next(&in, &type, &payload, &e)) {
        *ret_more = true;
        serve_want(o, c, (struct hn_str){(const char *)payload.p, payload.n});
    }
    hn_buf_done(&wants);
    return ok;
}

static size_t read_modules(const char *list, const struct hn_module **out)
{
    struct hn_str rest = hn_str_c(list), name;
    size_t n = 0;
    while (n < MODULES_MAX && hn_str_split(&rest, ',', &name)) {
        const struct hn_module *m = hn_module_find(name);
        if (m)
            out[n++] = m;
    }
    return n;
}

struct arguments {
    struct hn_collect_options o;
    const struct hn_module *modules[MODULES_MAX];
    const char *skip[SKIP_MAX + 1];
    size_t skips;
    const char *image_name, *platform;
};

static int number(const char *text)
{
    uint64_t v;
    return hn_str_u64(hn_str_c(text), 10, &v) && v < INT32_MAX ? (int)v : -1;
}

static void *map_shared(int fd, size_t n)
{
    return mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void read_arguments(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"root", required_argument, 0, 'r'},     {"deep", no_argument, 0, 'd'},
        {"inventory", no_argument, 0, 'i'},      {"bare", no_argument, 0, 'b'},
        {"hashes", no_argument, 0, 'h'},         {"modules", required_argument, 0, 'm'},
        {"skip", required_argument, 0, 's'},     {"not-pid", required_argument, 0, 'p'},
        {"transient", no_argument, 0, 't'},      {"inputs", required_argument, 0, 'l'},
        {"sums", required_argument, 0, 'c'},     {"image", required_argument, 0, 'I'},
        {"platform", required_argument, 0, 'P'}, {0}};
    struct hn_collect_options *o = &a->o;
    uint64_t pid;
    int opt;
    *o = (struct hn_collect_options){.root = "/", .live = true, .modules = a->modules, .skip = a->skip};
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'r') {
            o->root = optarg;
            o->live = false;
        } else if (opt == 'd') {
            o->deep = true;
        } else if (opt == 'i') {
            o->inventory = true;
        } else if (opt == 'b') {
            o->bare = true;
        } else if (opt == 'h') {
            o->hashes = true;
        } else if (opt == 'm') {
            o->modules_n = read_modules(optarg, a->modules);
        } else if (opt == 's' && a->skips < SKIP_MAX) {
            a->skip[a->skips++] = optarg;
        } else if (opt == 'p') {
            o->not_pid = hn_str_u64(hn_str_c(optarg), 10, &pid) && pid < INT32_MAX ? (int)pid : 0;
        } else if (opt == 't') {
            o->transient = getppid();
        } else if (opt == 'I') {
            a->image_name = optarg;
            o->live = false;
        } else if (opt == 'P') {
            a->platform = optarg;
        } else if (opt == 'l') {
            o->inputs = map_shared(number(optarg), sizeof *o->inputs);
        } else if (opt == 'c') {
            o->sums = map_shared(number(optarg), sizeof *o->sums);
        }
    }
}

/* The image of a container: its files have come as descriptors, what is in them is looked into behind the sandbox. */
static struct hn_err load_image(struct hn_image *im, const struct arguments *a, struct hn_diag *reterr)
{
    if (a->platform)
        im->platform = hn_str_c(a->platform);
    if (hn_image_load(im))
        return HN_OK;
    struct hn_str why = im->problems ? im->problems->why : HN_STR("unreadable");
    struct hn_str what = im->problems ? im->problems->what : HN_STR("image");
    return hn_fail(reterr, HN_E_INVALID, "%s: %.*s: %.*s", a->image_name, HN_FMT(what), HN_FMT(why));
}

static struct hn_err receive_image(struct hn_image *im, struct hn_progress *progress, struct hn_diag *reterr)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    *im = (struct hn_image){.spool = SPOOL_FD, .spool_max = HN_IMAGE_SPOOL, .progress = progress};
    struct hn_err e = hn_image_init(im);
    if (hn_ok(e) && !hn_image_receive(IMAGE_FD, im))
        e = hn_fail(reterr, HN_E_DIED, "the image did not arrive");
    return e;
}

int hn_collector_main(int argc, char **argv)
{
    struct arguments a = {.skips = 0};
    struct hn_collect_options *o = &a.o;
    read_arguments(argc, argv, &a);
    struct out out = {.wanted = 0};
    hn_buf_init(&out.wire, 8u << 20);
    hn_buf_init(&out.rec, HN_REC_WIRE_MAX + 1024);
    hn_buf_init(&out.in, 64u << 10);
    struct hn_collect_sink sink = {&out, on_module, on_record, on_not_seen, on_round};
    struct hn_diag d = {{0}};
    struct hn_sandbox_state state;
    struct hn_sandbox_paths paths = {.sees_processes = o->live};
    o->progress = map_shared(PROGRESS_FD, sizeof *o->progress);
    if (o->progress == MAP_FAILED || o->inputs == MAP_FAILED || o->sums == MAP_FAILED)
        return 3;
    if (o->live)
        o->early = hn_collect_early();
    struct hn_image image;
    struct hn_err e = HN_OK;
    if (a.image_name) {
        paths.file_bytes = HN_IMAGE_SPOOL;
        o->image = &image;
        e = receive_image(&image, o->progress, &d);
    }
    if (hn_ok(e))
        e = hn_sandbox_enter(o->image ? HN_PROC_IMAGE : HN_PROC_COLLECTOR, &paths, &state, &d);
    if (hn_ok(e) && o->image)
        e = load_image(&image, &a, &d);
    if (hn_ok(e))
        e = hn_collect_run(o, &sink, &d);
    if (hn_ok(e) && put(&out, HN_WIRE_DONE, HN_STR("")) && flush(&out))
        return 0;
    if (hn_ok(e) || e.code == HN_E_DIED)
        return HN_ROLE_ORPHANED;
    hn_log(HN_LOG_ERROR, "collector: %s", d.msg);
    /* At once: what a sanitizer does at the end of a process needs more than the sandbox leaves. */
    _exit(hn_err_exit(e));
}
