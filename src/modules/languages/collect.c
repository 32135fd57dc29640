/* What the collector reads for the languages module: a walk that selects by name and mode and looks into nothing.
 *
 * Quick: the folders in which interpreters, build tools and administrators put packages. Deep: everything on the file
 * system of the root. Images of containers are systems of their own and are left to --image. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "modules/languages/languages.h"

#define DEPTH_MAX     128u
#define QUICK_MAX     200000u /* entries looked at */
#define DEEP_MAX      20000000u
#define METADATA_MAX  (1u << 20)
#define LIBRARY_DEPTH 3u         /* folders below /usr/lib in a quick look */
#define PROGRAM_MIN   (64 << 10) /* a smaller program has no room for a list of modules */

struct walk {
    struct hn_collect *c;
    char path[PATH_MAX];
    size_t len;
    uint64_t left; /* entries that may still be looked at */
    dev_t dev;
    unsigned depth, most; /* most: how deep it goes; 0: to the bottom */
    bool cut, images;
};

static bool ends(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

/* ---------------------------------------------------------------- selection by name */

static const struct {
    const char *name, *tag;
} names[] = {
    {"package-lock.json", "package-lock"},
    {"npm-shrinkwrap.json", "package-lock"},
    {"yarn.lock", "yarn-lock"},
    {"pnpm-lock.yaml", "pnpm-lock"},
    {"Cargo.lock", "cargo-lock"},
    {"Gemfile.lock", "gemfile-lock"},
    {"gems.locked", "gemfile-lock"},
    {"composer.lock", "composer-lock"},
    {"packages.lock.json", "packages-lock"},
};

static const char *const archives[] = {".jar", ".war",  ".ear", ".jpi", ".hpi", ".par",
                                       ".sar", ".lpkg", ".nar", ".rar", ".kar"};

/* Installed: …/node_modules/name, …/node_modules/@scope/name; Debian's folder is called nodejs. */
static bool installed_npm(const char *path)
{
    const char *at = NULL;
    for (const char *p = path; (p = strstr(p, "/node_modules/")) != NULL; p += 13)
        at = p + 14;
    if (!at && strncmp(path, "/usr/share/nodejs/", 18) == 0)
        at = path + 18;
    if (!at)
        return false;
    unsigned slashes = 0;
    for (const char *p = at; *p; p++)
        slashes += *p == '/';
    return slashes == (*at == '@' ? 2u : 1u);
}

/* dot: the last ending of name, or NULL. This and the two below see every name of a walk. */
static const char *tag_of(const char *path, const char *name, const char *dot)
{
    if (strcmp(name, "package.json") == 0)
        return installed_npm(path) ? "package-json" : NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i].name) == 0)
            return strstr(path, "/node_modules/") ? NULL : names[i].tag; /* of others' development */
    if (strcmp(name, "PKG-INFO") == 0 && ends(path, "/EGG-INFO/PKG-INFO"))
        return "metadata";
    if (!dot)
        return NULL;
    if (strcmp(dot, ".json") == 0 && ends(name, ".deps.json"))
        return "deps-json";
    if (strcmp(dot, ".egg-info") == 0)
        return "metadata";
    if (strcmp(dot, ".gemspec") == 0 && strstr(path, "/specifications/"))
        return "gemspec";
    if (strcmp(name, "installed.json") == 0 && ends(path, "/composer/installed.json"))
        return "composer-installed";
    return NULL;
}

static bool archive(const char *dot)
{
    for (size_t i = 0; dot && i < sizeof(archives) / sizeof(archives[0]); i++)
        if (strcmp(dot, archives[i]) == 0)
            return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

/* Names that are no programs, to save looking at the mode of most files. Sorted. */
static bool surely_data(const char *dot)
{
    static const char *const endings[] = {
        "a",     "c",       "cc",     "cjs",  "class",  "cmake",   "conf",   "cpp",   "crt",    "css",  "csv",
        "d",     "dat",     "el",     "elc",  "gif",    "go",      "golden", "gz",    "h",      "hh",   "hpp",
        "html",  "inc",     "info",   "java", "jmod",   "jpg",     "js",     "json",  "jsonld", "jsx",  "ko",
        "list",  "lock",    "log",    "map",  "md",     "md5sums", "mjs",    "mo",    "mod",    "o",    "pc",
        "pcap",  "pdf",     "pem",    "php",  "pl",     "pm",      "png",    "po",    "pod",    "pom",  "properties",
        "proto", "py",      "pyc",    "pyi",  "pyo",    "rb",      "rlib",   "rmeta", "rs",     "rst",  "s",
        "scss",  "service", "shlibs", "snap", "socket", "sum",     "svg",    "t",     "target", "tcl",  "timer",
        "toml",  "ts",      "tsv",    "tsx",  "ttf",    "txt",     "vim",    "wasm",  "wat",    "woff", "woff2",
        "xml",   "xz",      "yaml",   "yml",  "zip"};
    return dot && bsearch(dot + 1, endings, sizeof(endings) / sizeof(endings[0]), sizeof(endings[0]), by_text);
}

/* ---------------------------------------------------------------- walking */

/* Of /usr/lib, which is not walked to the bottom: what has a walk of its own, and what surely holds no programs. */
static bool walked_apart(const char *path)
{
    static const char *const list[] = {"/usr/lib/debug",  "/usr/lib/dotnet",  "/usr/lib/firmware",
                                       "/usr/lib/locale", "/usr/lib/modules", "/usr/lib/node_modules",
                                       "/usr/lib/ruby"};
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (strcmp(path, list[i]) == 0)
            return true;
    return strncmp(path, "/usr/lib/python", 15) == 0;
}

static bool left_out(struct walk *w)
{
    static const char *const list[] = {"/proc", "/sys", "/dev", "/run", NULL};
    /* sources of a tool chain, manuals: nothing that is installed from a registry, and most of the entries */
    static const char *const quick[] = {"/usr/local/go/src",
                                        "/usr/local/go/test",
                                        "/usr/local/go/pkg",
                                        "/usr/local/include",
                                        "/usr/local/share/man",
                                        "/usr/local/share/doc",
                                        NULL};
    static const char *const images[] = {"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", NULL};
    for (size_t i = 0; list[i]; i++)
        if (strcmp(w->path, list[i]) == 0)
            return true;
    for (size_t i = 0; !hn_collect_deep(w->c) && quick[i]; i++)
        if (strcmp(w->path, quick[i]) == 0)
            return true;
    if (w->most && (w->depth > w->most || walked_apart(w->path)))
        return true;
    for (size_t i = 0; images[i]; i++)
        if (strcmp(w->path, images[i]) == 0)
            return w->images = true;
    return false;
}

static bool push(struct walk *w, const char *name, size_t *ret_len)
{
    size_t n = strlen(name);
    *ret_len = w->len;
    if (w->len + n + 2 > sizeof(w->path)) {
        w->cut = true;
        return false;
    }
    w->path[w->len] = '/';
    memcpy(w->path + w->len + 1, name, n + 1);
    w->len += n + 1;
    return true;
}

static void pop(struct walk *w, size_t len)
{
    w->len = len;
    w->path[len] = 0;
}

/* A file of an open folder whose name is told by the rules of packaging. */
static void inside(struct walk *w, const char *tag, const char *name)
{
    size_t len;
    if (!push(w, name, &len))
        return;
    hn_collect_file(w->c, tag, w->path, METADATA_MAX);
    pop(w, len);
}

static void look_at_file(struct walk *w, const struct hn_at *dir, const char *name)
{
    struct stat st;
    const char *dot = strrchr(name, '.'), *tag = tag_of(w->path, name, dot);
    if (tag) {
        hn_collect_file(w->c, tag, w->path, LANGUAGES_WHOLE_MAX);
    } else if (archive(dot)) {
        hn_collect_stat(w->c, "archive", w->path);
    } else if (!surely_data(dot)) {
        hn_collect_looked(w->c, w->path);
        if (hn_at_lstat(w->c, dir, name, &st) && S_ISREG(st.st_mode) && st.st_size >= PROGRAM_MIN &&
            ((st.st_mode & 0111) || ends(name, ".exe") || ends(name, ".dll")))
            hn_collect_file(w->c, "program", w->path, LANGUAGES_HEAD);
    }
}

static void walk_dir(struct walk *w, struct hn_at *dir);

static void enter(struct walk *w, const struct hn_at *dir, const char *name)
{
    struct hn_at sub;
    if (ends(name, ".dist-info")) {
        inside(w, "direct-url", "direct_url.json");
        inside(w, "metadata", "METADATA");
        return;
    }
    if (ends(name, ".egg-info")) {
        inside(w, "metadata", "PKG-INFO");
        return;
    }
    if (left_out(w))
        return;
    hn_collect_looked(w->c, w->path);
    if (hn_at_crosses(w->c, dir, name, w->dev))
        return;
    if (!hn_at_open_in(w->c, dir, name, O_RDONLY | O_DIRECTORY, &sub)) {
        if (errno == EACCES || errno == EPERM)
            hn_collect_not_seen(w->c, w->path, strerror(errno));
        return;
    }
    walk_dir(w, &sub);
    hn_at_close(&sub);
}

static void walk_dir(struct walk *w, struct hn_at *dir)
{
    const char *name;
    unsigned char type;
    if (w->depth == DEPTH_MAX) {
        w->cut = true;
        return;
    }
    w->depth++;
    hn_collect_named(w->c, w->len ? w->path : "/");
    while (w->left && (name = hn_at_next(w->c, dir, &type))) {
        struct stat st;
        size_t len;
        w->left--;
        if (type == DT_UNKNOWN && hn_at_lstat(w->c, dir, name, &st))
            type = IFTODT(st.st_mode);
        if ((type != DT_DIR && type != DT_REG) || !push(w, name, &len))
            continue;
        if (type == DT_DIR)
            enter(w, dir, name);
        else
            look_at_file(w, dir, name);
        pop(w, len);
    }
    w->cut = w->cut || !w->left;
    w->depth--;
}

static void walk_from(struct walk *w, const char *path)
{
    struct hn_at dir;
    struct stat st;
    hn_collect_looked(w->c, path);
    if (!hn_at_open(w->c, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, &dir)) {
        if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
            hn_collect_not_seen(w->c, path, strerror(errno));
        return;
    }
    if (hn_at_stat(w->c, &dir, &st)) {
        w->dev = st.st_dev;
        w->len = strcmp(path, "/") == 0 ? 0 : strlen(path);
        memcpy(w->path, path, w->len);
        w->path[w->len] = 0;
        walk_dir(w, &dir);
    }
    hn_at_close(&dir);
}

/* Programs of packages, plug-ins of programs: in folders like /usr/lib/NAME/bin and /usr/lib/NAME/platform/PART, while
 * what lies deeper is data by far. */
static void walk_libraries(struct walk *w)
{
    static const char *const list[] = {"/usr/lib", "/usr/lib64"};
    w->most = LIBRARY_DEPTH;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        walk_from(w, list[i]);
    w->most = 0;
}

/* /usr/lib/python3.11 and the like: their names change with every release. */
static void walk_below(struct walk *w, const char *path, const char *prefix, const char *rest)
{
    struct hn_at dir;
    const char *name;
    unsigned char type;
    char sub[PATH_MAX];
    hn_collect_named(w->c, path);
    if (!hn_at_open(w->c, path, O_RDONLY | O_DIRECTORY, &dir))
        return;
    while ((name = hn_at_next(w->c, &dir, &type)))
        if (strncmp(name, prefix, strlen(prefix)) == 0 &&
            snprintf(sub, sizeof(sub), "%s/%s%s", path, name, rest) < (int)sizeof(sub))
            walk_from(w, sub);
    hn_at_close(&dir);
}

void languages_collect(struct hn_collect *c)
{
    static const char *const quick[] = {"/usr/bin",
                                        "/usr/sbin",
                                        "/usr/libexec",
                                        "/bin",
                                        "/sbin",
                                        "/usr/local",
                                        "/opt",
                                        "/srv",
                                        "/app",
                                        "/usr/share/java",
                                        "/usr/share/nodejs",
                                        "/usr/lib/node_modules",
                                        "/usr/lib/ruby",
                                        "/var/lib/gems",
                                        "/usr/share/rubygems-integration",
                                        "/usr/share/gems",
                                        "/usr/share/php",
                                        "/var/www",
                                        "/usr/share/dotnet",
                                        "/usr/lib/dotnet",
                                        "/usr/share/maven-repo",
                                        "/var/lib/jenkins/plugins",
                                        "/usr/games",
                                        "/root/bin",
                                        "/root/.local/bin",
                                        "/root/go/bin",
                                        "/root/.cargo/bin",
                                        NULL};
    struct walk w = {.c = c, .left = hn_collect_deep(c) ? DEEP_MAX : QUICK_MAX};
    if (hn_collect_deep(c)) {
        walk_from(&w, "/");
    } else {
        for (size_t i = 0; quick[i]; i++)
            walk_from(&w, quick[i]);
        walk_libraries(&w);
        walk_below(&w, "/usr/lib", "python", "/dist-packages");
        walk_below(&w, "/usr/lib", "python", "/site-packages");
        walk_below(&w, "/usr/lib64", "python", "/site-packages");
        walk_below(&w, "/home", "", "/bin");
        walk_below(&w, "/home", "", "/go/bin");
        walk_below(&w, "/home", "", "/.cargo/bin");
        walk_below(&w, "/home", "", "/.local/bin");
        walk_below(&w, "/home", "", "/.local/lib");
        walk_below(&w, "/var/lib", "tomcat", "/webapps");
    }
    if (w.cut)
        hn_collect_not_seen(c, "part of the folders", "too many entries or too deep");
    if (w.images)
        hn_collect_not_seen(c, "images of containers", "systems of their own: use --image");
}
