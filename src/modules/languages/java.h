/* What one Java archive says of itself, gathered member by member. */
#pragma once

#include "format/zip.h"
#include "modules/languages/languages.h"

enum java_member { JAVA_OTHER, JAVA_MANIFEST, JAVA_PROPERTIES, JAVA_POM, JAVA_NESTED };
enum java_stage { JAVA_TAIL, JAVA_DIRECTORY, JAVA_MEMBERS, JAVA_BAD };

/* A pom.properties or pom.xml. */
struct java_pom {
    struct java_pom *next;
    struct hn_str folder; /* META-INF/maven/GROUP/ARTIFACT: the two files of one belong together */
    struct hn_str group, artifact, version, licence, url;
    struct languages_list depends; /* "group:artifact", in the module's arena */
    bool xml;
};

struct java_wanted {
    struct java_wanted *next;
    struct hn_zip_member m;
    uint64_t at;
    size_t most;
};

struct languages_jar {
    struct hn_bytes path, inner;
    /* from the manifest; empty: not there */
    struct hn_str title, version, vendor, vendor_id, bundle, bundle_version, bundle_licence, module, group_id,
        extension, plugin_version, url;
    struct hn_str package; /* that all classes share, as a folder: "org/apache/kafka/" */
    bool classes;
    struct java_pom *poms;
    /* while it is read in parts */
    enum java_stage stage;
    uint64_t at, before; /* of the part at hand; bytes before the archive proper */
    struct hn_zip_end end;
    struct java_wanted *first, **last;
    bool told;
};

/* java_name.c */
void languages_jar_take(struct languages_state *st, struct languages_jar *j, enum java_member kind,
                        struct hn_bytes name, struct hn_bytes content);
/* Tells of everything inside; gives how many packages. */
int64_t languages_jar_emit(struct languages_state *st, struct languages_jar *j);
/* java_group.c */
void languages_jar_class(struct languages_state *st, struct languages_jar *j, struct hn_bytes name);
struct hn_str languages_jar_group(struct languages_state *st, const struct languages_jar *j, struct hn_str artifact,
                                  struct hn_str version);
/* java.c */
const char *languages_archive_format(struct hn_bytes name); /* "jar", …, by the ending; NULL: none */
