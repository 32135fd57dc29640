/* Inside of the languages module: what its parse files share. */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "base/map.h"
#include "core/module.h"

#define LANGUAGES_TEXT      1024u        /* bytes kept of one text */
#define LANGUAGES_LIST_MAX  2000u        /* items of one list */
#define LANGUAGES_WHOLE_MAX (32u << 20)  /* a lock file */
#define LANGUAGES_TREE_MAX  (256u << 20) /* memory of one JSON document as a tree */
#define LANGUAGES_ONE_MAX   (16u << 20)  /* of what one package tells */
#define LANGUAGES_HEAD      4096u        /* first bytes of a program */
#define LANGUAGES_PART_MAX  (64u << 20)  /* of an archive or a program */
#define LANGUAGES_SAID_MAX  (96u << 20)  /* of all observations: the core holds 128 MiB of one module */

/* One package that a file tells of. Texts are hostile bytes until emitted; empty: not told. */
struct languages_pkg {
    const char *type;      /* of the purl: "pypi", "npm", "maven", "golang", "cargo", "gem", "composer", "nuget" */
    struct hn_bytes path;  /* the file that says so */
    struct hn_bytes inner; /* place inside of an archive */
    struct hn_bytes group; /* namespace: "@scope", "org.apache.commons", "vendor"; of golang within name */
    struct hn_bytes name, version;
    struct hn_bytes platform; /* of a gem that is built for one: "x86_64-linux", "java" */
    const char *found;        /* how: "dist-info", "package-lock", … */
    bool declared;            /* a lock file asks for it; nobody looked whether it is there */
    bool dev;                 /* only for development */
    bool guessed;             /* name or version come from a file name or a free text */
    bool main;                /* what the file itself is the release of */
    bool depends_known;       /* the file tells what it needs, though it may be nothing */
    struct hn_bytes licence, supplier, homepage, origin, replaces, detail;
    const struct hn_str *hashes, *depends; /* "sha512:hex"; "name" or "name@version" */
    size_t n_hashes, n_depends;
};

/* A list of texts of the package at hand. */
struct languages_list {
    struct hn_str *v;
    size_t n, cap;
};

struct languages_state {
    struct hn_parse *p;
    bool begun;
    struct hn_map files;  /* path → languages_file: archives and programs that are read in parts */
    struct hn_buf whole;  /* of a text file that came in several records */
    struct hn_arena one;  /* of the package at hand: cleared when it was told, since one file may name thousands */
    struct hn_arena tree; /* of the JSON document at hand */
    struct languages_file *first, **last;
    struct hn_str origin, origin_path; /* of the direct_url.json read last */
    uint64_t said;                     /* bytes of observations, about */
    uint64_t unpacked;                 /* bytes, of all archives */
    unsigned nested;                   /* archives within archives, of all */
};

enum languages_kind { LANGUAGES_ARCHIVE, LANGUAGES_PROGRAM };

/* What is read in parts. */
struct languages_file {
    struct languages_file *next;
    enum languages_kind kind;
    struct hn_bytes path;
    uint64_t size;
    bool executable, done;
    const char *format; /* for people: "jar", "war", "elf", "pe"; NULL: neither */
    int64_t packages;   /* found inside */
    struct languages_jar *jar;
    struct languages_program *program;
    uint8_t sha512[64];
    bool has_sha512;
};

/* module.c */
void languages_emit(struct languages_state *st, const struct languages_pkg *k);
struct hn_str languages_keep(struct languages_state *st, struct hn_bytes b); /* for the whole module */
struct hn_str languages_text(struct languages_state *st, struct hn_bytes b); /* until the package is told */
void languages_add(struct languages_state *st, struct languages_list *l, struct hn_str s);
/* "sha512-BASE64" as npm and NuGet write digests, added as "sha512:hex". */
void languages_add_digest(struct languages_state *st, struct languages_list *l, const char *alg,
                          struct hn_bytes base64);
struct languages_file *languages_file_of(struct languages_state *st, const struct hn_rec *r, enum languages_kind kind);
void languages_file_done(struct languages_state *st, struct languages_file *f);
/* The document as a tree, or NULL after saying that it is malformed. */
const struct hn_jv *languages_json(struct languages_state *st, struct hn_bytes path, struct hn_bytes text);
static inline struct hn_bytes languages_jv(const struct hn_jv *v, const char *key)
{
    return hn_str_bytes(hn_jv_str(v, key));
}
/* Keys of an object as a list of names. */
void languages_add_keys(struct languages_state *st, struct languages_list *l, const struct hn_jv *object);
/* The name of the file, without its folders. */
struct hn_bytes languages_base(struct hn_bytes path);

/* one file each; data is the whole file */
void languages_metadata(struct languages_state *st, struct hn_bytes path, struct hn_bytes data); /* python.c */
void languages_direct_url(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);
void languages_package_json(struct languages_state *st, struct hn_bytes path, struct hn_bytes data); /* npm.c */
void languages_package_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data); /* npm_lock.c */
void languages_yarn_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);
void languages_pnpm_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);
void languages_cargo_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);   /* rust.c */
void languages_gemfile_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data); /* ruby.c */
void languages_gemspec(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);
void languages_composer_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data); /* php.c */
void languages_composer_installed(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);
void languages_deps_json(struct languages_state *st, struct hn_bytes path, struct hn_bytes data); /* dotnet.c */
void languages_packages_lock(struct languages_state *st, struct hn_bytes path, struct hn_bytes data);

/* parts of archives (java.c) and programs (program.c) */
void languages_archive(struct languages_state *st, const struct hn_rec *r);
void languages_archive_part(struct languages_state *st, const struct hn_rec *r);
void languages_archive_done(struct languages_state *st, struct languages_file *f);
void languages_program(struct languages_state *st, const struct hn_rec *r);
void languages_program_part(struct languages_state *st, const struct hn_rec *r);
/* go.c, rust.c: what a section of a program holds */
struct languages_go {
    struct hn_bytes version, modules;
};
void languages_go_modules(struct languages_state *st, struct languages_file *f, struct languages_go go);
void languages_rust_audit(struct languages_state *st, struct languages_file *f, struct hn_bytes section);
/* purl.c */
struct hn_str languages_purl(struct languages_state *st,
                             const struct languages_pkg *k); /* empty: no rule of the type allows one */
/* collect.c */
void languages_collect(struct hn_collect *c);
/* npm.c, for npm_lock.c */
struct hn_bytes languages_npm_licence(struct languages_state *st, const struct hn_jv *v);
void languages_npm_name(struct languages_pkg *k, struct hn_bytes full);
