/* Work: the verbs of a module (`hinomi telescope replay FILE…`), in two processes.
 *
 *   front    the command itself: checks options against the declaration, opens what was named, asks the store; looks
 *            into no input
 *   worker   a role of its own (sandbox: no open, no socket, no exec): pulls inputs as descriptors, writes the answer
 *
 *        front ──"next input?"── worker      inputs, folders walked and sorted, one descriptor at a time
 *              ──"file NAME?"──              files of the module's own folder, HINOMI_HOME/<module>
 *              ◀─run document──              observations that the store shall keep, judged by the front
 *
 * A verb is data in the module (struct hn_verb) and one function that runs in the worker. The worker may make threads,
 * map what it was given, and nothing else. What it prints is its own: JSON with --json, else text for people. */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "core/module.h"

/* ---------------------------------------------------------------- declaration */

#define HN_RING_BLOCK (1u << 20)
#define HN_RING_BYTES (64u * HN_RING_BLOCK)

enum hn_opt_type {
    HN_OPT_SWITCH,
    HN_OPT_STR,
    HN_OPT_INT,
    HN_OPT_NUM,
    HN_OPT_TIME,   /* RFC 3339 or a date */
    HN_OPT_INPUT,  /* names a file, a folder or "-": its files come from hn_work_input(w, name, …) */
    HN_OPT_FOLLOW, /* names a file or a folder that is looked at again and again: hn_work_input() gives each file that
                    * is new, and again whenever it has changed; false: none at present, ask later */
    HN_OPT_OUTPUT, /* names a file to be written whole: hn_work_output(w, name) */
    HN_OPT_REPORT, /* the same for a report: hn_work_report(w, name, …). Called .pdf it is drawn on pages, else HTML */
    HN_OPT_UDP,    /* ADDRESS:PORT to listen on: a bound socket from hn_work_input() */
    HN_OPT_TCP,    /* the same, listening */
    HN_OPT_SCTP,
    HN_OPT_PACKETS /* name of an interface: an AF_PACKET socket bound to it, TPACKET_V3, with a ring of HN_RING_BYTES to
                    * map; several share the load by hash. A STR option "bpf" of the same verb is a filter as
                    * tcpdump has it, compiled by libpcap and done by the kernel. STR "capture", when it is "libpcap":
                    * any device of libpcap, and a stream of pcapng that does not block in place of the socket */
};

struct hn_verb_option {
    const char *name; /* "feed": --feed; text "<module>.opt.<name>" */
    enum hn_opt_type type;
    const char *value;   /* word shown for its value: "DIR"; NULL for a switch */
    bool many;           /* may be given several times */
    const char *enums;   /* allowed words of STR, separated by blanks, or NULL */
    int64_t least, most; /* INT: range when not 0, 0; PACKETS, UDP: most = number of sockets (SO_REUSEPORT), 0 = 1 */
};

struct hn_work;

#define HN_VERB_WORDS  1u   /* positional arguments are words, not inputs */
#define HN_VERB_STDIN  2u   /* without positional arguments, standard input is the input */
#define HN_VERB_FOLDER 4u   /* needs the module's own folder, HINOMI_HOME/<module>: made, locked against a second one */
#define HN_VERB_BESIDE 16u  /* needs the folder as well, but writes whole files of its own or adds lines: no lock */
#define HN_VERB_SERVES 8u   /* runs until it is told to stop (hn_work_stop) */
#define HN_VERB_CSV    32u  /* has a list to give as CSV; without this, --csv is refused */
#define HN_VERB_LINES  64u  /* gives an object a line; without this, --jsonl is its one JSON document */
#define HN_VERB_ELSE   128u /* `facts` are collected only when no input is named ("-" is one): hn_work_collected() */
#define HN_VERB_BARE   256u /* of `facts` what tells parts apart is enough, nothing that only describes them */

struct hn_verb {
    const char *name;     /* "replay"; texts "<module>.verb.<name>" (one line), "<module>.verb.<name>.example" */
    const char *synopsis; /* "FILE|DIR|- …" */
    const struct hn_verb_option *options; /* ends with {0}; NULL: none */
    unsigned flags;
    size_t memory; /* most address space of the worker, bytes; 0: 1 GiB. A mapped input counts: it is added */
    int (*work)(struct hn_work *w); /* exit code: 0 nothing found, 1 findings, 2 usage, 3 failure */
    /* Modules whose facts it works on, "host,packages": the front collects them (as an inventory) while the worker
     * starts, from the live system or from what its options named root (DIR), image (FILE|DIR), platform, deep and
     * hashes say. With HN_VERB_ELSE not where inputs are named: the verb then refuses these options. */
    const char *facts;
    /* In the worker, before its sandbox is entered and any input is looked into: loads the libraries that it needs
     * (base/library.h). NULL: none. */
    void (*before)(struct hn_work *w);
    /* Words of another verb of the module, which the front runs with --store beside this one, every --judge-every
     * seconds (an hour), over what the last day brought: {"replay", "--stored", "--store"}. NULL: none. */
    const char *const *beside;
};

/* ---------------------------------------------------------------- in the worker: what was asked */

bool hn_work_switch(const struct hn_work *w, const char *name);
bool hn_work_given(const struct hn_work *w, const char *name);
struct hn_str hn_work_str(const struct hn_work *w, const char *name);                      /* empty when not given */
size_t hn_work_strs(const struct hn_work *w, const char *name, const struct hn_str **ret); /* of `many` */
int64_t hn_work_int(const struct hn_work *w, const char *name, int64_t dflt);
double hn_work_num(const struct hn_work *w, const char *name, double dflt);
hn_time hn_work_time(const struct hn_work *w, const char *name); /* 0 when not given */
struct hn_str hn_work_word(const struct hn_work *w, size_t i);   /* with HN_VERB_WORDS; empty beyond the last */
size_t hn_work_words(const struct hn_work *w);
struct hn_arena *hn_work_arena(struct hn_work *w); /* of the whole run; capped by the verb's memory */
hn_time hn_work_now(const struct hn_work *w);      /* HINOMI_NOW is honoured */

/* ---------------------------------------------------------------- in the worker: inputs */

struct hn_input {
    struct hn_str name; /* as named by the user; below a folder: folder/rest; "-" is standard input */
    int fd;             /* the worker's own */
    bool regular;       /* a plain file: may be mapped; else a stream or a socket */
    uint64_t size;      /* of a plain file */
    hn_time mtime;
    struct hn_bytes map;      /* by hn_work_map() */
    bool copied;              /* map lies in memory of our own */
    struct work_batch *batch; /* which name and map are part of; NULL */
};

/* The next named input; false when there is none left. A name that cannot be opened is reported on standard error, is
 * counted (hn_work_unreadable) and passed over. Release each with hn_work_done(). */
bool hn_work_next(struct hn_work *w, struct hn_input *ret);
/* The same for a verb that only looks at the content (hn_work_map): many small files come in one message, mapped
 * already and without a descriptor; the name lives until hn_work_done(). */
bool hn_work_next_whole(struct hn_work *w, struct hn_input *ret);
/* The next input of an option. */
bool hn_work_input(struct hn_work *w, const char *option, struct hn_input *ret);
/* How many positional inputs there are and their bytes, as far as known (for progress). */
uint64_t hn_work_total(const struct hn_work *w, size_t *ret_n);
size_t hn_work_unreadable(const struct hn_work *w);
/* The whole content: a plain file is mapped read-only (a file that shrinks meanwhile ends the worker, which names it),
 * a stream is read into memory. False, with a message, over `max` bytes or when it cannot be read. */
bool hn_work_map(struct hn_work *w, struct hn_input *in, size_t max);
void hn_work_done(struct hn_input *in);
/* With HN_VERB_SERVES: has somebody asked us to stop (SIGINT, SIGTERM to the front)? A descriptor to poll for it. */
bool hn_work_stop(struct hn_work *w);
int hn_work_stop_fd(const struct hn_work *w);

/* ---------------------------------------------------------------- in the worker: facts of a collection */

struct hn_facts; /* core/facts.h */
/* Were facts collected for this run? With HN_VERB_ELSE not where inputs were named. */
bool hn_work_collected(const struct hn_work *w);
/* With `facts`: what was observed. NULL when it could not be read. Lives as long as the worker. */
const struct hn_facts *hn_work_facts(struct hn_work *w);
struct hn_work_about {
    hn_time collected_at;
    bool live, deep, root_user;
    struct hn_str scope; /* "live", "root:/mnt/x", "image:/srv/x.tar" */
};
struct hn_work_about hn_work_facts_about(struct hn_work *w);
/* Everything that the module looks for was seen and understood. */
bool hn_work_facts_complete(struct hn_work *w, const char *module);
struct hn_work_gap {
    const char *module;
    struct hn_str what, why;
};
/* What was not seen, malformed or set aside. */
void hn_work_facts_gaps(struct hn_work *w, void (*each)(void *arg, const struct hn_work_gap *gap), void *arg);

/* ---------------------------------------------------------------- in the worker: answers */

enum hn_work_form { HN_FORM_TEXT, HN_FORM_JSON, HN_FORM_JSONL, HN_FORM_CSV };
enum hn_work_form hn_work_form(const struct hn_work *w);
int hn_work_lang(const struct hn_work *w);         /* enum hn_lang of core/text.h */
unsigned hn_work_columns(const struct hn_work *w); /* of the terminal; 0: not one */
/* To standard output; big answers in pieces. hn_work_text escapes what a terminal must not see. */
void hn_work_write(struct hn_work *w, struct hn_bytes b);
/* What was written so far leaves now: a verb that serves calls it when somebody waits for its lines. */
void hn_work_flush(struct hn_work *w);
void hn_work_print(struct hn_work *w, const char *fmt, ...) HN_PRINTF(2, 3);
void hn_work_text(struct hn_work *w, struct hn_str hostile);
/* A table for people: rows of n cells, aligned by display width, cut to the terminal; the first row is the header. A
 * header cell that begins with '>' is a number. NULL-free; cells are hostile text. With --csv (HN_VERB_CSV) the same as
 * CSV, nothing cut. */
void hn_work_table(struct hn_work *w, const struct hn_str *cells, size_t rows, size_t columns);
/* The head of its column: the text of the catalogue; in CSV the last word of its key, the same in every language. */
struct hn_str hn_work_head(struct hn_work *w, const char *key);
/* Text of the catalogue in the language of the user, "name", value pairs of C strings following, ended by NULL. */
void hn_work_say(struct hn_work *w, const char *key, ...) __attribute__((sentinel));  /* to standard output */
int hn_work_fail(struct hn_work *w, const char *key, ...) __attribute__((sentinel));  /* to standard error; gives 3 */
int hn_work_usage(struct hn_work *w, const char *key, ...) __attribute__((sentinel)); /* the same; gives 2 */
void hn_work_warn(struct hn_work *w, const char *key, ...) __attribute__((sentinel)); /* to standard error */
/* Shown on a terminal only, only after a second. total 0: unknown. what: short, in English or a number with a unit. */
void hn_work_progress(struct hn_work *w, uint64_t done, uint64_t total, const char *what);
/* Descriptor of an HN_OPT_OUTPUT (a temporary file that the front renames when the worker ends with 0 or 1); -1. */
int hn_work_output(struct hn_work *w, const char *option);
struct hn_report; /* format/report/report.h */
/* The report of an HN_OPT_REPORT, as its name asks. False: it could not be written. */
bool hn_work_report(struct hn_work *w, const char *option, const struct hn_report *r);
struct hn_live; /* format/packet/live.h */
struct hn_live_sink;
/* Packets of the descriptor of an HN_OPT_PACKETS, in the way that the option "capture" asks for. False: as there. */
bool hn_work_live(struct hn_work *w, int fd, const struct hn_live_sink *sink, struct hn_live *ret);
/* Where a list of lines came from, for readers that report the bad ones: the first few are told as `key`, with {name},
 * {line} and {why}. */
struct hn_work_lines {
    struct hn_work *w;
    const char *key, *name;
    unsigned told;
};
void hn_work_bad_line(void *lines, unsigned line, const char *why);
struct hn_geo; /* format/place.h */
/* The databases and lists of the option "geo", sorted; how many. 0, or the exit code of what was wrong, told as
 * `bad_file` with {name} and {why}. */
int hn_work_geo(struct hn_work *w, const char *bad_file, const char *bad_line, struct hn_geo *geo, size_t *ret_n);

/* ---------------------------------------------------------------- in the worker: the module's own folder */

/* Files of HINOMI_HOME/<module>; a name is letters, digits, ".", "-", "_" and at most one "/" (a folder deep). Also
 * with
 * "<other>:NAME", read-only, for the folder of another module that the verb may read ("feed:index"). -1 with errno. */
int hn_work_file_open(struct hn_work *w, struct hn_str name);   /* to read */
int hn_work_file_append(struct hn_work *w, struct hn_str name); /* made when missing; O_RDWR */
/* A new file under a temporary name; commit makes it durable (fsync, rename, fsync of the folder) under its own. */
int hn_work_file_new(struct hn_work *w, struct hn_str name);
HN_MUST struct hn_err hn_work_file_commit(struct hn_work *w, struct hn_str name);
HN_MUST struct hn_err hn_work_file_remove(struct hn_work *w, struct hn_str name);
struct hn_file_entry {
    struct hn_str name;
    uint64_t size;
    hn_time mtime;
};
/* Sorted by name; only names that begin with prefix. In the worker's arena. */
HN_MUST struct hn_err hn_work_file_list(struct hn_work *w, struct hn_str prefix, struct hn_file_entry **ret,
                                        size_t *ret_n);

/* A nameless file on disk, for what does not fit into memory (sorting); gone when it is closed. -1 with errno. */
int hn_work_temp(struct hn_work *w);

/* ---------------------------------------------------------------- in the worker: observations for the store */

/* Observations about one asset, in the form that parse functions use: hn_obs_begin(hn_work_obs(…), …). Begin, emit,
 * end; end hands the run to the front, which judges it and gives it to the store (or only counts it, with --no-store).
 * key_type/key: how the asset is found again ("address", "2001:db8::7"; "telescope", "dark-16"). complete: everything
 * that the module looks for in this scope was seen, so that findings which are gone may close. */
struct hn_work_asset {
    struct hn_str name;
    struct hn_str kind; /* "host", "network", "telescope", "software" */
    struct hn_str key_type, key;
    struct hn_str scope; /* "telescope:dark-16", "flow:edge-1" */
};
struct hn_parse *hn_work_obs_begin(struct hn_work *w, const struct hn_work_asset *a, hn_time collected_at);
HN_MUST struct hn_err hn_work_obs_end(struct hn_work *w, bool complete);
