/* The tree of an image: layers laid one over the other (OCI image-spec, layer.md), and looking things up in it. */
#include <errno.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "core/image.h"
#include "core/record.h"

#define LINKS_MAX    40u
#define PROBLEMS_MAX 200u
#define BUFFER       (1u << 20)

struct hn_err hn_image_init(struct hn_image *im)
{
    int spool = im->spool;
    uint64_t most = im->spool_max;
    struct hn_progress *progress = im->progress;
    *im = (struct hn_image){.archive = -1, .spool = spool, .spool_max = most, .progress = progress};
    hn_arena_init(&im->arena, HN_IMAGE_MEMORY);
    hn_map_init(&im->children);
    hn_map_init(&im->members);
    im->last_problem = &im->problems;
    im->buffer = hn_alloc(BUFFER);
    im->root = HN_NEW(&im->arena, struct hn_image_node);
    struct hn_image_inode *inode = HN_NEW(&im->arena, struct hn_image_inode);
    if (!im->root || !inode || !im->buffer)
        return (struct hn_err){HN_E_NOMEM};
    *inode = (struct hn_image_inode){.number = ++im->inodes, .mode = S_IFDIR | 0755, .nlink = 1, .source = -1};
    im->root->inode = inode;
    return HN_OK;
}

void hn_image_done(struct hn_image *im)
{
    hn_map_done(&im->children);
    hn_map_done(&im->members);
    hn_arena_done(&im->arena);
    hn_free(im->buffer);
    im->buffer = NULL;
}

void hn_image_problem(struct hn_image *im, struct hn_str what, const char *why)
{
    struct hn_image_problem *p = ++im->n_problems <= PROBLEMS_MAX ? HN_NEW(&im->arena, struct hn_image_problem) : NULL;
    if (!p)
        return;
    p->what = hn_arena_str(&im->arena, hn_str_from_hostile(&im->arena, hn_str_bytes(what), 1024));
    p->why = hn_str_c(why);
    *im->last_problem = p;
    im->last_problem = &p->next;
}

/* ---------------------------------------------------------------- children */

/* The key of a child: its parent's address and its name, in memory that lasts (a lookup uses a buffer). */
static struct hn_bytes key_of(const struct hn_image_node *dir, struct hn_bytes name, uint8_t *out)
{
    memcpy(out, &dir, sizeof dir);
    if (name.n)
        memcpy(out + sizeof dir, name.p, name.n);
    return hn_bytes_of(out, sizeof dir + name.n);
}

static struct hn_image_node *child_of(const struct hn_image *im, const struct hn_image_node *dir, struct hn_bytes name)
{
    uint8_t key[sizeof dir + 256];
    if (name.n > 255)
        return NULL;
    struct hn_image_node *n = hn_map_find(&im->children, key_of(dir, name, key));
    return n && !n->gone ? n : NULL;
}

/* A new child; one of the same name that was there is gone, with all below it. */
static struct hn_image_node *add_child(struct hn_image *im, struct hn_image_node *dir, struct hn_bytes name,
                                       struct hn_image_inode *inode)
{
    struct hn_image_node *before = child_of(im, dir, name);
    struct hn_image_node *n = im->inodes < HN_IMAGE_NODES ? HN_NEW(&im->arena, struct hn_image_node) : NULL;
    uint8_t *key = n ? hn_arena_alloc(&im->arena, sizeof dir + name.n + 1) : NULL;
    if (!key || !hn_ok(hn_map_set(&im->children, key_of(dir, name, key), n))) {
        im->out_of_memory = true;
        return NULL;
    }
    *n = (struct hn_image_node){
        .name = hn_bytes_of(key + sizeof dir, name.n), .parent = dir, .inode = inode, .layer = im->layer};
    if (before)
        before->gone = true;
    if (dir->last)
        dir->last->next = n;
    else
        dir->first = n;
    dir->last = n;
    return n;
}

static struct hn_image_inode *new_inode(struct hn_image *im)
{
    struct hn_image_inode *i = HN_NEW(&im->arena, struct hn_image_inode);
    if (i)
        *i = (struct hn_image_inode){.number = ++im->inodes, .nlink = 1, .source = -1};
    else
        im->out_of_memory = true;
    return i;
}

/* ---------------------------------------------------------------- looking up */

static bool is_dir(const struct hn_image_node *n)
{
    return S_ISDIR(n->inode->mode);
}

static bool next_part(struct hn_bytes *rest, struct hn_bytes *part)
{
    while (rest->n && rest->p[0] == '/') {
        rest->p++;
        rest->n--;
    }
    if (!rest->n)
        return false;
    const uint8_t *slash = memchr(rest->p, '/', rest->n);
    *part = hn_bytes_of(rest->p, slash ? (size_t)(slash - rest->p) : rest->n);
    rest->p += part->n;
    rest->n -= part->n;
    return true;
}

/* What is still to walk: the target of a link goes before what follows it. Links that were met count down together. */
static struct hn_image_node *find(const struct hn_image *im, struct hn_image_node *dir, struct hn_bytes path,
                                  bool follow_last, unsigned *links)
{
    struct hn_bytes part;
    if (path.n && path.p[0] == '/')
        dir = im->root;
    while (next_part(&path, &part)) {
        if (!is_dir(dir)) {
            errno = ENOTDIR;
            return NULL;
        }
        if (hn_bytes_eqc(part, "."))
            continue;
        if (hn_bytes_eqc(part, "..")) {
            dir = dir->parent ? dir->parent : im->root;
            continue;
        }
        struct hn_image_node *n = child_of(im, dir, part);
        if (!n) {
            errno = part.n > 255 ? ENAMETOOLONG : ENOENT;
            return NULL;
        }
        if (S_ISLNK(n->inode->mode) && (path.n || follow_last)) {
            if (!*links) {
                errno = ELOOP;
                return NULL;
            }
            --*links;
            n = find(im, dir, n->inode->link, true, links);
            if (!n)
                return NULL;
        }
        dir = n;
    }
    return dir;
}

struct hn_image_node *hn_image_find(const struct hn_image *im, struct hn_image_node *dir, struct hn_bytes path,
                                    bool follow_last)
{
    unsigned links = LINKS_MAX; /* the depth of the recursion too */
    return find(im, dir ? dir : im->root, path, follow_last, &links);
}

/* ---------------------------------------------------------------- laying a layer over the others */

/* The folder that holds the last part of a name, made where it is missing; links on the way are followed inside the
 * image, as those do that unpack layers. NULL: the name makes no sense. */
static struct hn_image_node *folder_of(struct hn_image *im, struct hn_bytes path, struct hn_bytes *ret_last)
{
    struct hn_image_node *dir = im->root;
    struct hn_bytes part = {0}, next;
    bool any = false;
    *ret_last = (struct hn_bytes){0};
    while (next_part(&path, &next)) {
        if (hn_bytes_eqc(next, "."))
            continue;
        if (hn_bytes_eqc(next, "..") || next.n > 255 || memchr(next.p, 0, next.n))
            return NULL;
        if (any) {
            unsigned links = LINKS_MAX;
            struct hn_image_node *sub = find(im, dir, part, true, &links);
            if (!sub || !is_dir(sub)) {
                struct hn_image_inode *inode = new_inode(im);
                if (inode)
                    inode->mode = S_IFDIR | 0755;
                sub = inode ? add_child(im, dir, part, inode) : NULL;
            }
            if (!sub)
                return NULL;
            dir = sub;
        }
        part = next;
        any = true;
    }
    *ret_last = any ? part : (struct hn_bytes){0};
    return dir;
}

/* ".wh.NAME" takes NAME of a lower layer away, ".wh..wh..opq" all that lower layers have in this folder. What this very
 * layer brings stays, whichever comes first. True: it was one of the two, or another name that only unpackers use. */
static bool whiteout(struct hn_image *im, struct hn_image_node *dir, struct hn_bytes name)
{
    struct hn_str s = {(const char *)name.p, name.n};
    if (!hn_str_starts(s, ".wh."))
        return false;
    if (hn_bytes_eqc(name, ".wh..wh..opq") && dir->opaque == im->layer) {
        return true; /* said before: a layer may say it a million times */
    } else if (hn_bytes_eqc(name, ".wh..wh..opq")) {
        dir->opaque = im->layer;
        for (struct hn_image_node *n = dir->first; n; n = n->next)
            n->gone = n->gone || n->layer != im->layer;
    } else if (!hn_str_starts(s, ".wh..wh.")) {
        struct hn_image_node *n = child_of(im, dir, hn_bytes_of(name.p + 4, name.n - 4));
        if (n && n->layer != im->layer)
            n->gone = true;
    }
    return true;
}

static uint32_t type_of(char type)
{
    switch (type) {
    case '0':
        return S_IFREG;
    case '2':
        return S_IFLNK;
    case '3':
        return S_IFCHR;
    case '4':
        return S_IFBLK;
    case '5':
        return S_IFDIR;
    case '6':
        return S_IFIFO;
    default:
        return 0;
    }
}

static void fill(struct hn_image *im, struct hn_image_inode *i, const struct hn_tar_entry *e, int source, uint64_t base)
{
    i->mode = type_of(e->type) | e->mode;
    i->uid = e->uid;
    i->gid = e->gid;
    i->mtime = e->mtime * HN_SECOND;
    i->capability = e->capability.n ? hn_arena_bytes(&im->arena, e->capability) : (struct hn_bytes){0};
    if (e->type == '2')
        i->link = hn_arena_bytes(&im->arena, e->link);
    if (e->type != '0')
        return;
    i->size = e->size;
    i->source = source;
    i->at = base + e->content;
    i->n_pieces = e->n_pieces;
    if (e->n_pieces) {
        struct hn_tar_piece *own = hn_arena_alloc(&im->arena, e->n_pieces * sizeof *own);
        if (own)
            memcpy(own, e->pieces, e->n_pieces * sizeof *own);
        else
            i->n_pieces = 0;
        i->pieces = own;
    }
}

static void hard_link(struct hn_image *im, struct hn_image_node *dir, struct hn_bytes name,
                      const struct hn_tar_entry *e)
{
    struct hn_image_node *to = hn_image_find(im, NULL, e->link, false);
    if (!to || is_dir(to)) {
        hn_image_problem(im, hn_str_from_hostile(&im->arena, e->name, 1024), "hard link to what is not there");
        return;
    }
    if (to == child_of(im, dir, name))
        return;
    if (add_child(im, dir, name, to->inode))
        to->inode->nlink++;
}

void hn_image_entry(struct hn_image *im, const struct hn_tar_entry *e, int source, uint64_t base)
{
    struct hn_bytes name;
    struct hn_image_node *dir = folder_of(im, e->name, &name);
    if (im->out_of_memory)
        return;
    if (!dir || (!type_of(e->type) && e->type != '1')) {
        hn_image_problem(im, hn_str_from_hostile(&im->arena, e->name, 1024),
                         dir ? "entry of a kind that is not known" : "name leads out of the image or is too long");
        return;
    }
    if (!name.n) { /* "./": the root itself */
        if (e->type == '5')
            fill(im, im->root->inode, e, source, base);
        return;
    }
    if (whiteout(im, dir, name))
        return;
    if (e->type == '1') {
        hard_link(im, dir, name, e);
        return;
    }
    struct hn_image_node *before = child_of(im, dir, name);
    if (before && e->type == '5' && is_dir(before)) { /* a folder over a folder: what is in it stays */
        fill(im, before->inode, e, source, base);
        before->layer = im->layer;
        return;
    }
    struct hn_image_inode *inode = new_inode(im);
    if (inode) {
        fill(im, inode, e, source, base);
        add_child(im, dir, name, inode);
    }
}

/* ---------------------------------------------------------------- reading */

void hn_image_stat(const struct hn_image_node *n, struct stat *ret)
{
    const struct hn_image_inode *i = n->inode;
    *ret = (struct stat){.st_dev = makedev(0, 1),
                         .st_ino = i->number,
                         .st_mode = i->mode,
                         .st_nlink = i->nlink,
                         .st_uid = i->uid,
                         .st_gid = i->gid,
                         .st_size = (off_t)(S_ISLNK(i->mode) ? i->link.n : i->size)};
    ret->st_mtim.tv_sec = ret->st_ctim.tv_sec = i->mtime / HN_SECOND;
}

static ssize_t read_at(int fd, uint8_t *p, size_t n, uint64_t off)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, p + got, n - got, (off_t)(off + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0) /* the file is shorter than its archive said */
            return got || r == 0 ? (ssize_t)got : -1;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

/* Holes are zeros; the pieces lie in the archive one behind the other. */
static ssize_t read_sparse(const struct hn_image_inode *i, uint8_t *p, size_t n, uint64_t off)
{
    uint64_t at = i->at;
    memset(p, 0, n);
    for (size_t k = 0; k < i->n_pieces; k++) {
        const struct hn_tar_piece *s = &i->pieces[k];
        uint64_t from = s->at > off ? s->at : off, to = s->at + s->n < off + n ? s->at + s->n : off + n;
        if (from < to && read_at(i->source, p + (from - off), (size_t)(to - from), at + (from - s->at)) < 0)
            return -1;
        at += s->n;
    }
    return (ssize_t)n;
}

ssize_t hn_image_read(const struct hn_image_node *node, uint8_t *p, size_t n, uint64_t off)
{
    const struct hn_image_inode *i = node->inode;
    if (!S_ISREG(i->mode)) {
        errno = EISDIR;
        return -1;
    }
    if (off >= i->size)
        return 0;
    if (n > i->size - off)
        n = (size_t)(i->size - off);
    return i->n_pieces ? read_sparse(i, p, n, off) : read_at(i->source, p, n, i->at + off);
}
