/* hinomi sbom quality between its files: profiles (quality_profile.c), verdicts (quality_judge.c), licence policy
 * (quality_licence.c), answers as text, JSON, CSV (quality_tell.c) and as a report (quality_report.c). */
#pragma once

#include "core/text.h"
#include "core/work.h"
#include "format/report/report.h"
#include "format/sbom/licence.h"
#include "format/sbom/quality.h"

/* Recommended: what a document asks for where it exists ("should", BSI's additional fields). Optional: no verdict hangs
 * on it. */
enum quality_need { QUALITY_REQUIRED, QUALITY_RECOMMENDED, QUALITY_OPTIONAL, QUALITY_NEEDS };
const char *sbom_quality_need_name(enum quality_need n); /* "required" */

struct quality_element {
    struct hn_str id, parameter, title[HN_LANGS];
    const struct hn_quality_check *check; /* NULL: a person answers */
    enum quality_need need;
    bool accept_unknown, accept_redacted;
    unsigned least; /* percent of the components; 100 unless the profile says less */
};

struct quality_profile {
    struct hn_str id, title[HN_LANGS], source;
    struct quality_element *elements;
    size_t n;
};

/* One of our own by its id, or from YAML. NULL, with the reason in reterr. */
const struct quality_profile *sbom_quality_profile_of(struct hn_arena *a, struct hn_str id, struct hn_diag *reterr);
const struct quality_profile *sbom_quality_profile_parse(struct hn_arena *a, struct hn_bytes yaml,
                                                         struct hn_diag *reterr);

/* What people answered: element → yes, no, not applicable; who, when, why. */
struct quality_answer {
    struct quality_answer *next;
    struct hn_str element, by, date, note;
    enum { QUALITY_YES, QUALITY_NO, QUALITY_NOT_APPLICABLE } answer;
};
bool sbom_quality_answers_parse(struct hn_arena *a, struct hn_bytes yaml, struct quality_answer **ret,
                                struct hn_diag *reterr);

/* Absent: something optional that is not given. */
enum quality_verdict { QUALITY_PASS, QUALITY_ABSENT, QUALITY_WARN, QUALITY_OPEN, QUALITY_FAIL, QUALITY_VERDICTS };
const char *sbom_quality_verdict_name(enum quality_verdict v); /* "pass" */

struct quality_result {
    const struct quality_element *element;
    enum quality_verdict verdict;
    struct hn_quality_count count;         /* of an automatic element */
    size_t good;                           /* components that satisfy it */
    const struct quality_answer *answered; /* of a human one, or NULL */
};

struct quality_judgement { /* one document by one profile */
    const struct quality_profile *profile;
    struct quality_result *results;
    enum quality_verdict verdict;
    size_t by_verdict[QUALITY_VERDICTS];
    unsigned score; /* 0 to 100: mean share over the automatic elements that are not optional */
};
bool sbom_quality_judge(struct hn_arena *a, const struct hn_bom *b, const struct quality_profile *p,
                        const struct quality_answer *answers, size_t most, struct quality_judgement *ret);

/* Licence policy: patterns per verdict, in the order deny, review, allow; what none covers is for review unless the
 * policy says otherwise. */
struct quality_licences {
    struct hn_bom_text *patterns[3]; /* by enum hn_licence_verdict */
    enum hn_licence_verdict unlisted, unsaid, unreadable;
};
struct quality_licence_result {
    const struct hn_bom_component *c;
    struct hn_str text, why; /* expression; what decided */
    enum hn_licence_verdict verdict;
};
struct quality_licence_judgement {
    size_t n[3];                         /* components by verdict */
    struct quality_licence_result *list; /* not allowed, worst first */
    size_t n_list;
};
bool sbom_quality_licences_parse(struct hn_arena *a, struct hn_bytes yaml, struct quality_licences **ret,
                                 struct hn_diag *reterr);
bool sbom_quality_licences_judge(struct hn_arena *a, const struct hn_bom *b, const struct quality_licences *p,
                                 struct quality_licence_judgement *ret);

/* One document with all that was found. */
struct quality_document {
    struct hn_str name, sha256; /* of the file; digest in hexadecimal */
    const struct hn_bom *b;
    const struct quality_judgement *judgements;
    size_t n;
    const struct quality_licence_judgement *licences; /* NULL: no policy given */
    enum quality_verdict verdict;
};
void sbom_quality_tell_text(struct hn_work *w, const struct quality_document *d);
void sbom_quality_tell_json(struct hn_work *w, struct hn_jw *j, const struct quality_document *d);
void sbom_quality_tell_csv(struct hn_work *w, struct hn_buf *out, const struct quality_document *d);
/* A report for people: the verdicts at a glance, then a part for each document. */
struct quality_report {
    struct hn_work *w;
    struct hn_report summary, details;
    unsigned n; /* documents so far */
};
void sbom_quality_report_begin(struct hn_work *w, struct quality_report *r, size_t most);
void sbom_quality_report_add(struct quality_report *r, const struct quality_document *d);
/* The whole of it into ret, which the caller gives back (hn_report_done); r is then empty. */
void sbom_quality_report_end(struct quality_report *r, struct hn_report *ret);
