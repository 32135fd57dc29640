/* The group of an archive that holds nothing that Maven wrote: builds of Gradle, Ant, sbt and bnd put no coordinates
 * into it. In this order: the coordinates that Gradle's information plugin writes as the title; families of archives
 * that are known to be without; the manifest; the packages of the classes. All of it is a guess and marked as such; no
 * group at all is better than one that no repository has, since an advisory would then pass in silence. */
#include "base/str.h"
#include "modules/languages/java.h"

/* Archives by name, the most exact one wins; "*": any rest. from: first major version of which it holds. */
static const struct {
    const char *artifact, *group;
    unsigned from;
} families[] = {
    {"activation", "javax.activation"},
    {"akka-*", "com.typesafe.akka"},
    {"ant", "org.apache.ant"},
    {"ant-*", "org.apache.ant"},
    {"antlr", "antlr"},
    {"asm", "asm"},
    {"asm", "org.ow2.asm", 4},
    {"asm-*", "asm"},
    {"asm-*", "org.ow2.asm", 4},
    {"aspectj*", "org.aspectj"},
    {"batik-*", "org.apache.xmlgraphics"},
    {"bcmail-*", "org.bouncycastle"},
    {"bcpg-*", "org.bouncycastle"},
    {"bcpkix-*", "org.bouncycastle"},
    {"bcprov-*", "org.bouncycastle"},
    {"bctls-*", "org.bouncycastle"},
    {"bcutil-*", "org.bouncycastle"},
    {"caffeine", "com.github.ben-manes.caffeine"},
    {"checker-qual", "org.checkerframework"},
    {"chill-*", "com.twitter"},
    {"chill_*", "com.twitter"},
    {"classworlds", "classworlds"},
    {"commons-beanutils", "commons-beanutils"},
    {"commons-chain", "commons-chain"},
    {"commons-cli", "commons-cli"},
    {"commons-codec", "commons-codec"},
    {"commons-collections", "commons-collections"},
    {"commons-configuration", "commons-configuration"},
    {"commons-daemon", "commons-daemon"},
    {"commons-dbcp", "commons-dbcp"},
    {"commons-dbutils", "commons-dbutils"},
    {"commons-digester", "commons-digester"},
    {"commons-discovery", "commons-discovery"},
    {"commons-el", "commons-el"},
    {"commons-fileupload", "commons-fileupload"},
    {"commons-httpclient", "commons-httpclient"},
    {"commons-io", "commons-io"},
    {"commons-jxpath", "commons-jxpath"},
    {"commons-lang", "commons-lang"},
    {"commons-logging", "commons-logging"},
    {"commons-net", "commons-net"},
    {"commons-pool", "commons-pool"},
    {"commons-validator", "commons-validator"},
    {"connect-api", "org.apache.kafka"},
    {"connect-file", "org.apache.kafka"},
    {"connect-json", "org.apache.kafka"},
    {"connect-runtime", "org.apache.kafka"},
    {"connect-transforms", "org.apache.kafka"},
    {"derby*", "org.apache.derby"},
    {"dom4j", "dom4j"},
    {"dom4j", "org.dom4j", 2},
    {"elasticsearch", "org.elasticsearch"},
    {"elasticsearch-java", "co.elastic.clients"},
    {"elasticsearch-rest-*", "org.elasticsearch.client"},
    {"graphql-java", "com.graphql-java"},
    {"groovy*", "org.codehaus.groovy"},
    {"groovy*", "org.apache.groovy", 4},
    {"grpc-*", "io.grpc"},
    {"hadoop-*", "org.apache.hadoop"},
    {"hibernate-commons-annotations", "org.hibernate.common", 4},
    {"hsqldb", "org.hsqldb"},
    {"ivy", "org.apache.ivy"},
    {"jackson-module-scala_*", "com.fasterxml.jackson.module"},
    {"java-dataloader", "com.graphql-java"},
    {"javax.inject", "javax.inject"},
    {"jdom2", "org.jdom"},
    {"jna", "net.java.dev.jna"},
    {"jna-platform", "net.java.dev.jna"},
    {"jsr250-api", "javax.annotation"},
    {"json-path", "com.jayway.jsonpath"},
    {"json4s-*", "org.json4s"},
    {"junit", "junit"},
    {"junit-jupiter*", "org.junit.jupiter"},
    {"junit-platform-*", "org.junit.platform"},
    {"junit-vintage-engine", "org.junit.vintage"},
    {"kafka-clients", "org.apache.kafka"},
    {"kafka-group-coordinator*", "org.apache.kafka"},
    {"kafka-log4j-appender", "org.apache.kafka"},
    {"kafka-metadata", "org.apache.kafka"},
    {"kafka-raft", "org.apache.kafka"},
    {"kafka-server*", "org.apache.kafka"},
    {"kafka-storage*", "org.apache.kafka"},
    {"kafka-streams*", "org.apache.kafka"},
    {"kafka-tools*", "org.apache.kafka"},
    {"kafka_*", "org.apache.kafka"},
    {"kotlin-*", "org.jetbrains.kotlin"},
    {"kotlinx-*", "org.jetbrains.kotlinx"},
    {"ktor-*", "io.ktor"},
    {"log4j", "log4j"},
    {"logging-interceptor", "com.squareup.okhttp3"},
    {"lucene-*", "org.apache.lucene"},
    {"lz4-java", "org.lz4"},
    {"micrometer-*", "io.micrometer"},
    {"mockito-*", "org.mockito"},
    {"moshi*", "com.squareup.moshi"},
    {"mysql-connector-j", "com.mysql"},
    {"mysql-connector-java", "mysql"},
    {"okhttp", "com.squareup.okhttp3", 3},
    {"okhttp-*", "com.squareup.okhttp3", 3},
    {"okio*", "com.squareup.okio"},
    {"opensearch", "org.opensearch"},
    {"opensearch-java", "org.opensearch.client"},
    {"opensearch-rest-*", "org.opensearch.client"},
    {"opentelemetry-*", "io.opentelemetry"},
    {"oro", "oro"},
    {"pekko-*", "org.apache.pekko"},
    {"poi", "org.apache.poi"},
    {"poi-*", "org.apache.poi"},
    {"postgresql", "org.postgresql"},
    {"reactor-core", "io.projectreactor"},
    {"reactor-netty*", "io.projectreactor.netty"},
    {"retrofit", "com.squareup.retrofit2", 2},
    {"scala-compiler", "org.scala-lang"},
    {"scala-java8-compat_*", "org.scala-lang.modules"},
    {"scala-library", "org.scala-lang"},
    {"scala-parallel-collections_*", "org.scala-lang.modules"},
    {"scala-parser-combinators_*", "org.scala-lang.modules"},
    {"scala-reflect", "org.scala-lang"},
    {"scala-xml_*", "org.scala-lang.modules"},
    {"scala3-*", "org.scala-lang"},
    {"serializer", "xalan"},
    {"shims", "org.roaringbitmap"},
    {"snappy-java", "org.xerial.snappy"},
    {"solr-*", "org.apache.solr"},
    {"spring-aop", "org.springframework"},
    {"spring-aspects", "org.springframework"},
    {"spring-amqp", "org.springframework.amqp"},
    {"spring-batch-*", "org.springframework.batch"},
    {"spring-beans", "org.springframework"},
    {"spring-boot*", "org.springframework.boot"},
    {"spring-cloud-*", "org.springframework.cloud"},
    {"spring-context*", "org.springframework"},
    {"spring-core", "org.springframework"},
    {"spring-data-*", "org.springframework.data"},
    {"spring-expression", "org.springframework"},
    {"spring-graphql", "org.springframework.graphql"},
    {"spring-instrument", "org.springframework"},
    {"spring-integration-*", "org.springframework.integration"},
    {"spring-jcl", "org.springframework"},
    {"spring-jdbc", "org.springframework"},
    {"spring-jms", "org.springframework"},
    {"spring-kafka*", "org.springframework.kafka"},
    {"spring-ldap-*", "org.springframework.ldap"},
    {"spring-messaging", "org.springframework"},
    {"spring-orm", "org.springframework"},
    {"spring-oxm", "org.springframework"},
    {"spring-r2dbc", "org.springframework"},
    {"spring-rabbit*", "org.springframework.amqp"},
    {"spring-retry", "org.springframework.retry"},
    {"spring-security-*", "org.springframework.security"},
    {"spring-session-*", "org.springframework.session"},
    {"spring-test", "org.springframework"},
    {"spring-tx", "org.springframework"},
    {"spring-web", "org.springframework"},
    {"spring-webflux", "org.springframework"},
    {"spring-webmvc*", "org.springframework"},
    {"spring-websocket", "org.springframework"},
    {"spring-ws-*", "org.springframework.ws"},
    {"struts", "struts"},
    {"tink", "com.google.crypto.tink"},
    {"tomcat-*", "org.apache.tomcat"},
    {"tomcat-embed-*", "org.apache.tomcat.embed"},
    {"unboundid-ldapsdk", "com.unboundid"},
    {"velocity", "org.apache.velocity"},
    {"velocity-*", "org.apache.velocity"},
    {"xalan", "xalan"},
    {"xercesImpl", "xerces"},
    {"xml-apis", "xml-apis"},
    {"xml-apis-ext", "xml-apis"},
    {"xmlbeans", "org.apache.xmlbeans"},
    {"xmlpull", "xmlpull"},
    {"zookeeper", "org.apache.zookeeper"},
    {"zstd-jni", "com.github.luben"},
};

static bool fits(struct hn_str artifact, const char *pattern)
{
    size_t n = strlen(pattern);
    if (pattern[n - 1] == '*')
        return artifact.n >= n - 1 && memcmp(artifact.p, pattern, n - 1) == 0;
    return hn_str_eqc(artifact, pattern);
}

static unsigned major(struct hn_str version)
{
    unsigned n = 0;
    for (size_t i = 0; i < version.n && version.p[i] >= '0' && version.p[i] <= '9' && n < 1000; i++)
        n = n * 10 + (unsigned)(version.p[i] - '0');
    return n;
}

static struct hn_str of_family(struct hn_str artifact, struct hn_str version)
{
    size_t best = 0;
    const char *group = "";
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t n = strlen(families[i].artifact);
        if (n >= best && fits(artifact, families[i].artifact) && major(version) >= families[i].from) {
            best = n;
            group = families[i].group;
        }
    }
    return hn_str_c(group);
}

/* "org.elasticsearch.plugin#rank-eval;7.17.9", the project that rank-eval-client comes from as well. */
static struct hn_str of_title(struct hn_str title, struct hn_str artifact)
{
    struct hn_str group, name;
    if (!hn_str_split(&title, '#', &group) || !hn_str_split(&title, ';', &name) || !name.n)
        return HN_STR("");
    return artifact.n >= name.n && memcmp(artifact.p, name.p, name.n) == 0 ? group : HN_STR("");
}

static bool looks_like_group(struct hn_str s)
{
    return hn_str_chr(s, '.') > 0 && hn_str_chr(s, ' ') < 0 && hn_str_chr(s, '/') < 0;
}

/* A domain turned round. Names of modules and bundles need not be one: "spring.core". */
static bool looks_like_domain(struct hn_str s)
{
    static const char *const tops[] = {"com", "org",  "net",   "edu",  "gov",     "dev",
                                       "app", "info", "cloud", "tech", "jakarta", "javax"};
    struct hn_str first = hn_str_cut(s, 0, (size_t)(hn_str_chr(s, '.') > 0 ? hn_str_chr(s, '.') : 0));
    for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
        if (hn_str_eqc(first, tops[i]))
            return looks_like_group(s);
    return first.n == 2 && looks_like_group(s);
}

/* "org.apache.commons.lang3" of artifact "commons-lang3": without the part that the artifact repeats. Two parts stay:
 * org.ehcache has an artifact ehcache. */
static struct hn_str without_artifact(struct hn_str from, struct hn_str artifact)
{
    const char *dot = memrchr(from.p, '.', from.n);
    if (!dot || !memchr(from.p, '.', (size_t)(dot - from.p)))
        return from;
    struct hn_str last = hn_str_cut(from, (size_t)(dot + 1 - from.p), from.n);
    bool repeated = artifact.n >= last.n && strncasecmp(artifact.p + artifact.n - last.n, last.p, last.n) == 0;
    return repeated ? hn_str_cut(from, 0, (size_t)(dot - from.p)) : from;
}

/* ---------------------------------------------------------------- packages of the classes */

/* Not those of the archive's own folders (META-INF/versions/9/…, BOOT-INF/classes/…), nor module-info, nor the loader
 * that Spring Boot puts into everybody's archives. */
static bool own_class(struct hn_str name, struct hn_str base)
{
    return hn_str_ends(name, ".class") && hn_str_find(name, HN_STR("-INF/")) < 0 &&
           !hn_str_eqc(base, "module-info.class") && !hn_str_starts(name, "org/springframework/boot/loader/");
}

void languages_jar_class(struct languages_state *st, struct languages_jar *j, struct hn_bytes name)
{
    struct hn_str s = {(const char *)name.p, name.n}, base = hn_str_base(s);
    if (!own_class(s, base))
        return;
    struct hn_str folder = hn_str_cut(s, 0, s.n - base.n);
    if (!j->classes) {
        struct hn_bytes kept = hn_arena_bytes(hn_parse_arena(st->p), hn_str_bytes(folder));
        j->package = (struct hn_str){(const char *)kept.p, kept.n};
    }
    j->classes = true;
    size_t n = 0;
    while (n < folder.n && n < j->package.n && folder.p[n] == j->package.p[n])
        n++;
    while (n && j->package.p[n - 1] != '/')
        n--;
    j->package.n = n;
}

/* "org/apache/kafka/" as "org.apache.kafka". */
static struct hn_str package_of(struct languages_state *st, const struct languages_jar *j)
{
    size_t n = j->package.n ? j->package.n - 1 : 0;
    char *dotted = hn_arena_alloc(&st->one, n + 1);
    if (!dotted)
        return HN_STR("");
    for (size_t i = 0; i < n; i++)
        dotted[i] = (char)(j->package.p[i] == '/' ? '.' : j->package.p[i]);
    return (struct hn_str){dotted, n};
}

/* ---------------------------------------------------------------- all of it */

static bool below(struct hn_str name, struct hn_str group)
{
    return name.n > group.n && memcmp(name.p, group.p, group.n) == 0 && name.p[group.n] == '.';
}

struct hn_str languages_jar_group(struct languages_state *st, const struct languages_jar *j, struct hn_str artifact,
                                  struct hn_str version)
{
    struct hn_str group = of_title(j->title, artifact);
    if (!group.n)
        group = of_family(artifact, version);
    if (!group.n && looks_like_group(j->group_id))
        group = j->group_id;
    if (group.n)
        return group;
    /* "org.hibernate.orm.core" of the vendor "org.hibernate" says more than the vendor; another vendor's bundle does
     * not */
    if (looks_like_group(j->vendor_id) && !below(j->bundle, j->vendor_id))
        return j->vendor_id;
    if (looks_like_domain(j->bundle))
        return without_artifact(j->bundle, artifact);
    if (looks_like_domain(j->module))
        return without_artifact(j->module, artifact);
    struct hn_str classes = package_of(st, j);
    return looks_like_domain(classes) ? without_artifact(classes, artifact) : HN_STR("");
}
