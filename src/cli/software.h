/* Bills of materials on their way into the store: shared by the command line (software.c) and by what reads documents
 * that came over HTTP (uploads.c). */
#pragma once

#include "cli/cli.h"
#include "core/client.h"

#define ANSWER_MAX ((size_t)1 << 30)

struct cli_sbom_work {
    const char *verb, *input; /* of the module sbom */
    const char *const *feeds; /* values of --feed */
    size_t n_feeds;
    enum hn_lang lang;
};
/* Runs the verb in its worker. What it prints goes into out, also when it fails; what it says of what is wrong into
 * said, or to standard error when that is NULL. Gives its exit code. */
int cli_sbom_worker(const struct cli_sbom_work *k, struct hn_buf *out, struct hn_buf *said);

/* Members for sboms.put of what `sbom parts` read; the version that the document's subject has; members for
 * statements.take of what `sbom vex list` read. */
void cli_sbom_parts_write(struct hn_jw *w, const struct hn_jv *parts);
struct hn_str cli_sbom_version(const struct hn_jv *parts);
void cli_sbom_statements_write(struct hn_jw *w, const struct hn_jv *list);
#define CLI_SBOM_TRUST 30 /* of statements inside a bill of materials: below those that are sent as such (50) */

struct cli_sbom_sums { /* of a matching pass, its parts added up */
    int64_t components, unknown, matches, opened, closed, held;
};
/* The portfolio against the index; with unjudged, only what no pass has looked at, unless the index has changed since
 * the last pass: then all. said: as above. */
int cli_sbom_rematch(struct hn_client *c, const char *const *feeds, size_t n, bool unjudged, struct cli_sbom_sums *ret,
                     struct hn_buf *said);

/* hinomi sbom reach, and how its answer is shown. */
int cli_reach(const struct cli_verb *v, int argc, char **argv);
int cli_reach_show(const struct hn_jv *body);

int cli_uploads(int argc, char **argv); /* hinomi -x uploads: reads what waits, then ends */
