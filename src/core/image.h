/* An image of a container as a tree of files, held as an index over its layers: an OCI image layout (folder or tar) or
 * what `docker save` writes. Nothing is unpacked onto a file system; layers that are compressed go, unpacked, into one
 * spool file that the caller gives.
 *
 *   archive or files ─▶ members by name ─▶ index/manifest, configuration ─▶ layers, lowest first ─▶ tree
 *
 * Links lead nowhere but into the image. What is wrong with an image is data: problems[] says what and where; a layer
 * that cannot be read to its end leaves what was read. Works on descriptors alone: no call that opens. */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/time.h"
#include "core/wire.h"
#include "format/tar.h"

struct hn_image_inode { /* shared by hard links */
    uint32_t number, mode, uid, gid, nlink;
    uint64_t size;
    hn_time mtime;
    struct hn_bytes link; /* target of a symbolic link */
    int source;           /* descriptor that holds the content */
    uint64_t at;          /* where it begins there */
    const struct hn_tar_piece *pieces;
    size_t n_pieces;
    struct hn_bytes capability;
};

struct hn_image_node {
    struct hn_bytes name;
    struct hn_image_node *parent, *first, *last, *next; /* children in the order they came */
    struct hn_image_inode *inode;
    uint32_t layer;  /* that it is from */
    uint32_t opaque; /* layer that said last to hide what lower ones have here */
    bool gone;       /* removed or replaced by a higher layer */
};

struct hn_image_problem {
    struct hn_image_problem *next;
    struct hn_str what, why;
};

struct hn_image_member { /* a file of the image's own format: manifest, blob */
    struct hn_image_member *next;
    struct hn_str name, link;
    int fd;
    uint64_t at, size;
};

struct hn_image {
    struct hn_arena arena;
    struct hn_image_node *root;
    struct hn_map children; /* parent's address and name → node */
    struct hn_map members;  /* name → member */
    uint32_t inodes, layer;
    struct hn_image_problem *problems, **last_problem;
    size_t n_problems;
    int archive; /* all files of the image in one; -1: a folder */
    uint64_t archive_size;
    int spool;        /* for unpacked layers; -1: none */
    uint64_t spooled; /* bytes in it */
    uint64_t spool_max;
    bool only;                    /* asked for: an image for another platform is no answer */
    struct hn_str platform;       /* "linux/amd64" asked for, or of this machine */
    struct hn_str digest;         /* of the manifest, "sha256:…"; empty for docker save of old */
    struct hn_progress *progress; /* may be NULL: counts while layers are read */
    uint8_t *buffer;              /* for reading */
    bool out_of_memory;
};

#define HN_IMAGE_MEMORY (768u << 20)
#define HN_IMAGE_NODES  4000000u
#define HN_IMAGE_LAYERS 512u

/* ---- image_tree.c ---- */
HN_MUST struct hn_err hn_image_init(struct hn_image *im);
void hn_image_done(struct hn_image *im);
void hn_image_problem(struct hn_image *im, struct hn_str what, const char *why);
/* One entry of the present layer, content in `source` at base + e->content. */
void hn_image_entry(struct hn_image *im, const struct hn_tar_entry *e, int source, uint64_t base);
/* The node that a path names from dir on (NULL: the root); the last link is followed only when asked. NULL with errno.
 */
struct hn_image_node *hn_image_find(const struct hn_image *im, struct hn_image_node *dir, struct hn_bytes path,
                                    bool follow_last);
void hn_image_stat(const struct hn_image_node *n, struct stat *ret);
/* n bytes from off on, fewer at the end only; -1 with errno. */
ssize_t hn_image_read(const struct hn_image_node *node, uint8_t *p, size_t n, uint64_t off);

/* ---- image_members.c ---- */
/* A file of the image's format by name. For one that is an archive of all of them: hn_image_add_archive(). */
void hn_image_add_file(struct hn_image *im, struct hn_str name, int fd, uint64_t size);
void hn_image_add_archive(struct hn_image *im);
const struct hn_image_member *hn_image_member(const struct hn_image *im, struct hn_str name);

/* ---- image_open.c ---- */
/* Finds manifest and layers among the members and builds the tree. False: this is no image at all (problems say why).
 */
HN_MUST bool hn_image_load(struct hn_image *im);
/* ---- image_layer.c ---- */
/* digest: "sha256:…" of the bytes as they are kept, diff: of the unpacked ones; either may be empty. */
void hn_image_layer(struct hn_image *im, const struct hn_image_member *m, struct hn_str digest, struct hn_str diff);
/* False, noted, when the bytes of a member do not have that digest. */
bool hn_image_verify(struct hn_image *im, const struct hn_image_member *m, struct hn_str digest);
