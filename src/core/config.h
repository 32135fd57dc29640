/* The program's own configuration: one commented YAML file. Every key stands in one table (config_keys.c) with type,
 * bounds and default; its meaning, in both languages, is the text "option.<key>". The table makes `hinomi config list`,
 * the commented default packaging/hinomi.yaml and docs/config.md; a test keeps them equal.
 *
 * Read strictly: an unknown key is an error with file, line and the nearest known name; so are wrong types, values out
 * of bounds, and keys that contradict each other. Size and depth are bounded; anchors and aliases are refused. */
#pragma once

#include "base/json.h"
#include "core/text.h"

enum hn_option_type {
    HN_CONF_BOOL,
    HN_CONF_INT,
    HN_CONF_SPAN, /* 30s, 15m, 1h, 7d; seconds */
    HN_CONF_SIZE, /* 64M, 2G; bytes */
    HN_CONF_TEXT,
    HN_CONF_WORD,   /* one of words */
    HN_CONF_PATH,   /* absolute */
    HN_CONF_URL,    /* one of the schemes in words */
    HN_CONF_LISTEN, /* loopback address:port, or unix:/path */
    HN_CONF_MAIL,
    HN_CONF_LIST /* of words, or of what `item` says */
};

struct hn_option {
    const char *name;               /* "serve.listen": section.key, or a key without section */
    enum hn_option_type type, item; /* item: of LIST */
    const char *dflt;               /* as it would be written; "" = nothing */
    int64_t least, most;            /* INT, SPAN, SIZE: the value; TEXT: length */
    const char *words;              /* separated by blanks; "modules" stands for the modules that are built in */
};

extern const struct hn_option hn_options[]; /* in the order of the file; ends with {0} */

#define HN_CONFIG_MAX   (256u << 10) /* longest file */
#define HN_CONFIG_ITEMS 64u          /* of a list */

struct hn_config;

/* path: --config, which must be there. NULL: $HINOMI_HOME/hinomi.yaml when that variable is set and the file is there,
 * else /etc/hinomi/hinomi.yaml when it is there, else the defaults. A file that is there but cannot be read is an
 * error. HN_E_INVALID: "file:line: …" in reterr, in the language of the user. */
HN_MUST struct hn_err hn_config_load(const char *path, struct hn_config **ret, struct hn_diag *reterr);
/* name: for messages. */
HN_MUST struct hn_err hn_config_parse(struct hn_bytes yaml, const char *name, struct hn_config **ret,
                                      struct hn_diag *reterr);
void hn_config_free(struct hn_config *c); /* NULL is fine */

/* The file that was read; NULL: none, everything is default. */
const char *hn_config_path(const struct hn_config *c);
/* Values by key; the key must be one of hn_options (asserted). TEXT and the like: empty when nothing is set. */
struct hn_str hn_config_str(const struct hn_config *c, const char *key); /* NUL-terminated */
int64_t hn_config_int(const struct hn_config *c, const char *key);       /* INT; SPAN in seconds; SIZE in bytes */
bool hn_config_bool(const struct hn_config *c, const char *key);
size_t hn_config_list(const struct hn_config *c, const char *key, const struct hn_str **ret);
bool hn_config_has(const struct hn_config *c, const char *key, const char *item); /* of a list */
unsigned hn_config_line(const struct hn_config *c, const char *key);              /* 0: the default holds */

/* The one line of a secret's file (mail.password_file), without its line end. PERM when others may read the file. Empty
 * when the option is not set. */
HN_MUST struct hn_err hn_config_secret(const struct hn_config *c, const char *key, struct hn_arena *a,
                                       struct hn_str *ret, struct hn_diag *reterr);

/* What a value of this option must be: "a whole number from 0 to 3650". */
void hn_config_wanted(const struct hn_option *o, enum hn_lang lang, struct hn_buf *out);
/* {"file", "options": [{name, type, value, default, line, meaning: {en, ja}}]} */
void hn_config_json(const struct hn_config *c, struct hn_jw *w);
/* "key: value" per option; what the file sets is followed by its line. */
void hn_config_show(const struct hn_config *c, struct hn_buf *out);
/* The complete, commented file with every default; what packaging/hinomi.yaml holds. Both languages. */
void hn_config_sample(struct hn_buf *out);
/* docs/config.md. */
void hn_config_doc(struct hn_buf *out);
