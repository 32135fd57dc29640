/* Logs in text, nfdump's files and the meter: small cases made by hand after the formats' documentation. */
#include "hn_test.h"

#include "base/buf.h"
#include "base/str.h"
#include "format/flow/log.h"
#include "format/flow/lzo.h"
#include "format/flow/meter.h"
#include "format/flow/nfdump.h"

static struct hn_flow got[64];
static size_t n_got;
static char last_label[64];

static void take(void *arg, const struct hn_flow *f)
{
    if (n_got < 64)
        got[n_got] = *f;
    n_got++;
}

static void take_labelled(void *arg, const struct hn_flow *f, struct hn_bytes label)
{
    size_t n = label.n < sizeof last_label - 1 ? label.n : sizeof last_label - 1;
    memcpy(last_label, label.p ? (const char *)label.p : "", label.p ? n : 0);
    last_label[label.p ? n : 0] = 0;
    take(arg, f);
}

/* Of the names of a log: what fits into a line of text. */
static char names[2048];

static void take_name(void *arg, const struct hn_flow_name *n)
{
    char line[512], from[HN_IP_TEXT];
    int at = snprintf(line, sizeof line, "%lld %s %.*s %.*s %d %u", (long long)(n->at / HN_SECOND),
                      hn_ip_text(&n->src, from), (int)n->query.n, n->query.n ? (const char *)n->query.p : "",
                      (int)n->type.n, n->type.n ? (const char *)n->type.p : "", n->state, n->n_answers ? n->ttl : 0);
    for (size_t i = 0; i < n->n_answers; i++) {
        char text[HN_IP_TEXT];
        at += snprintf(line + at, sizeof line - (size_t)at, " %s", hn_ip_text(&n->answers[i], text));
    }
    snprintf(names + strlen(names), sizeof names - strlen(names), "%s\n", line);
}

static struct hn_flow_log_stats stats;
static enum hn_flow_log_kind kind;

/* In pieces of every size: the answer must not depend on it. */
static const char *read_log(const char *text, const char *map, size_t piece)
{
    struct hn_flow_log_sink sink = {take_labelled, NULL, take_name};
    struct hn_flow_log *l = hn_flow_log_new(&sink, hn_str_c(map));
    const char *why = NULL;
    size_t n = text ? strlen(text) : 0;
    n_got = 0;
    names[0] = 0;
    if (!l || !text)
        return "memory";
    for (size_t at = 0; at < n && !why; at += piece)
        why = hn_flow_log_feed(l, hn_bytes_of(text + at, n - at < piece ? n - at : piece));
    const char *end = hn_flow_log_end(l);
    stats = *hn_flow_log_stats(l);
    kind = hn_flow_log_kind(l);
    hn_flow_log_free(l);
    return why ? why : end;
}

static const char zeek[] =
    "#separator \\x09\n#set_separator\t,\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t"
    "conn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n"
    "1700000000.123456\tC1\t10.0.0.1\t40000\t192.0.2.1\t443\ttcp\tssl\t1.500000\t10\t20\tSF\t5\t300\t6\t4000\n"
    "1700000001.000000\tC2\t10.0.0.1\t40001\t192.0.2.1\t6667\ttcp\t-\t-\t-\t-\tS0\t1\t60\t0\t0\n"
    "1700000002.000000\tC3\t2001:db8::1\t128\t2001:db8::2\t0\ticmp\t-\t-\t-\t-\tOTH\t1\t104\t0\t0\n"
    "1700000003.000000\tC4\tnot an address\t1\t192.0.2.1\t2\ttcp\t-\t-\t-\t-\tS0\t1\t60\t0\t0\n"
    "1700000003.000000\tC5\t10.0.0.1\t99999\t192.0.2.1\t2\ttcp\t-\t-\t-\t-\tS0\t1\t60\t0\t0\n"
    "#close\t2026\n";

TEST(zeek_conn_log)
{
    for (size_t piece = 400; piece < 2000; piece += 163) { /* the first piece tells what it is */
        CHECK(read_log(zeek, "", piece) == NULL);
        CHECK_INT(kind, HN_FLOW_LOG_ZEEK);
        CHECK_UINT(n_got, 3);
        CHECK_UINT(stats.bad, 1);
        CHECK_UINT(stats.bad_at, 9);
    }
    CHECK_INT(got[0].first, INT64_C(1700000000123456000));
    CHECK_INT(got[0].last - got[0].first, 3 * HN_SECOND / 2);
    CHECK_UINT(got[0].bytes, 300);
    CHECK_UINT(got[0].bytes_back, 4000);
    CHECK_INT(got[0].app, HN_APP_TLS);
    CHECK_INT(got[0].state, HN_FLOW_CLOSED);
    CHECK_INT(got[1].state, HN_FLOW_ATTEMPT);
    CHECK_UINT(got[2].dport, 128 << 8);
    CHECK_UINT(got[2].sport, 0);
}

TEST(other_zeek_logs_are_no_flows)
{
    static const char tls[] =
        "#separator \\x09\n#path\tssl\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
        "version\n1700000000.0\tC1\t10.0.0.1\t40000\t192.0.2.1\t443\tTLSv13\n";
    static const char http[] = "{\"ts\":1700000000.0,\"uid\":\"C2\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":40000,"
                               "\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":80,\"method\":\"GET\"}\n";
    const char *logs[] = {tls, http};
    for (size_t i = 0; i < 2; i++) {
        CHECK(read_log(logs[i], "", 4096) == NULL);
        CHECK_UINT(n_got, 0);
        CHECK_UINT(stats.bad, 1);
    }
}

static const char zeek_names[] =
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass\tqclass_"
    "name\tqtype\t"
    "qtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected\n"
    "1700000000.5\tC1\t10.0.0.1\t40000\t10.0.0.53\t53\tudp\t7\t0.01\twww.example.org\t1\tC_"
    "INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t"
    "alias.example.net,198.51.100.1,198.51.100.2\t300.000000,60.000000,61.000000\tF\n"
    "1700000001.5\tC2\t10.0.0.1\t40001\t10.0.0.53\t53\tudp\t8\t-\tqxzvbnkrtw.example\t1\tC_"
    "INTERNET\t1\tA\t3\tNXDOMAIN\tF\tF\tT\tT\t0\t-\t-\tF\n"
    "1700000002.5\tC3\t10.0.0.1\t40002\t10.0.0.53\t53\tudp\t9\t-\tsilent.example\t1\tC_INTERNET\t28\tAAAA\t-\t-"
    "\tF\tF\tT\tF\t0\t-\t-\tF\n"
    "1700000003.5\tC4\t10.0.0.1\t40003\t10.0.0.53\t53\tudp\t10\t-\t-\t-\t-\t-\t-\t2\tSERVFAIL\tF\tF\tT\tT\t0\t-\t-\tT\n"
    "1700000004.5\tC5\t10.0.0.1\t99999\t10.0.0.53\t53\tudp\t10\t-\tx.example\t1\tC_"
    "INTERNET\t1\tA\t2\tSERVFAIL\tF\tF\tT\tT\t0\t-\t-\tT\n";

/* A question is a name and no flow: the flow is in conn.log. */
TEST(zeek_dns_log)
{
    for (size_t piece = 500; piece < 2000; piece += 97) {
        CHECK(read_log(zeek_names, "", piece) == NULL);
        CHECK_INT(kind, HN_FLOW_LOG_ZEEK);
        CHECK_UINT(n_got, 0);
        CHECK_UINT(stats.flows, 0);
        CHECK_UINT(stats.names, 3);
        CHECK_UINT(stats.bad, 1);
        CHECK_UINT(stats.bad_at, 11);
        CHECK_STR(hn_str_c(names), HN_STR("1700000000 10.0.0.1 www.example.org A 1 60 198.51.100.1 198.51.100.2\n"
                                          "1700000001 10.0.0.1 qxzvbnkrtw.example A 2 0\n"
                                          "1700000002 10.0.0.1 silent.example AAAA 0 0\n"));
    }
    for (size_t n = 0; n < sizeof zeek_names; n++) {
        char cut[sizeof zeek_names];
        memcpy(cut, zeek_names, n);
        cut[n] = 0;
        (void)read_log(cut, "", sizeof cut);
        CHECK_UINT(stats.flows, 0);
        CHECK(stats.names <= 3);
    }
}

static const char ssl_log[] =
    "#separator \\x09\n#path\tssl\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
    "version\tja3\tja3s\tja4\n"
    "1.5\tCa\t10.0.0.5\t4000\t192.0.2.1\t443\tTLSv12\t000102030405060708090a0b0c0d0e0f\t-\t"
    "t13d1516h2_8daaf6152771_e5627efa2ab1\n"
    "1.6\tCb\t10.0.0.5\t4001\t192.0.2.1\t443\tTLSv12\t-\t-\t-\n"
    "1.7\tCc\t10.0.0.5\t4002\t192.0.2.1\t443\tTLSv12\tnone\t-\tnone\n",
                  ssl_json[] =
                      "{\"ts\":1.5,\"uid\":\"Cc\",\"id.orig_h\":\"10.0.0.5\",\"id.orig_p\":4002,"
                      "\"id.resp_h\":\"192.0.2.1\",\"id.resp_p\":443,\"ja3s\":\"ff0102030405060708090a0b0c0d0e0f\"}\n",
                  conn_log[] =
                      "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
                      "proto\tservice\tduration\tconn_state\torig_ip_bytes\n"
                      "1.4\tCa\t10.0.0.5\t4000\t192.0.2.1\t443\ttcp\tssl\t1\tSF\t500\n"
                      "1.6\tCb\t10.0.0.5\t4001\t192.0.2.1\t443\ttcp\tssl\t1\tSF\t500\n"
                      "1.7\tCc\t10.0.0.5\t4002\t192.0.2.1\t443\ttcp\tssl\t1\tSF\t500\n";

static void release_joins(struct hn_flow_joins **j)
{
    hn_flow_joins_free(*j);
}

static struct hn_flow_log_stats read_joined(const char *text, struct hn_flow_joins *j)
{
    struct hn_flow_log_sink sink = {take_labelled, NULL, NULL, j};
    struct hn_flow_log *l = hn_flow_log_new(&sink, HN_STR(""));
    struct hn_flow_log_stats s = {0};
    if (l && !hn_flow_log_feed(l, hn_bytes_of(text, strlen(text))) && !hn_flow_log_end(l))
        s = *hn_flow_log_stats(l);
    hn_flow_log_free(l);
    return s;
}

#define ROOT  "\0\1\0\1"
#define WWW   "\3www\7example\3org\0\0\1\0\1"
#define V4    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
#define ALIAS "\xc0\x0c\0\5\0\1\0\0\1\x2c\0\4\1a\xc0\x10"
#define V6    "\1a\xc0\x10\0\x1c\0\1\0\0\0\x5a\0\x10 \1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7"

TEST(answers_of_name_servers)
{
#define ROW(b, ...)                                                                                                    \
    {                                                                                                                  \
        b, sizeof b - 1, __VA_ARGS__                                                                                   \
    }
    static const struct {
        const char *b;
        size_t n;
        enum hn_dns want;
        enum hn_flow_name_state state;
        size_t answers;
        uint32_t ttl;
    } rows[] = {
        ROW("\0\7\x81\x80\0\1\0\3\0\0\0\0" WWW ALIAS V4 V6, HN_DNS_ANSWER, HN_FLOW_NAME_FOUND, 2, 60),
        ROW("\0\7\x81\x83\0\1\0\0\0\1\0\0" WWW, HN_DNS_ANSWER, HN_FLOW_NAME_NONE, 0, UINT32_MAX),
        ROW("\0\7\x81\x82\0\1\0\0\0\0\0\0" WWW, HN_DNS_ANSWER, HN_FLOW_NAME_REFUSED, 0, UINT32_MAX),
        ROW("\0\7\x81\x80\0\1\0\3\0\0\0\0" WWW V4, HN_DNS_ANSWER, HN_FLOW_NAME_FOUND, 1, 60), /* cut */
        ROW("\0\7\x01\x00\0\1\0\0\0\0\0\0" WWW, HN_DNS_OTHER, 0, 0, 0),                       /* a question */
        ROW("\0\7\xa8\x00\0\1\0\0\0\0\0\0" WWW, HN_DNS_OTHER, 0, 0, 0),                       /* an update */
        ROW("\0\7\x81\x80\0\1\0\0\0\0\0\0\0" ROOT, HN_DNS_OTHER, 0, 0, 0),                    /* the root */
        ROW("\0\7\x81\x80\0\1\0\0\0\0\0\0\3www\3a.b\0" ROOT, HN_DNS_BAD, 0, 0, 0),
        ROW("\0\7\x81\x80\0\1\0\0\0\0\0\0\xc0\x0c" ROOT, HN_DNS_BAD, 0, 0, 0),
        ROW("\0\7\x81\x80\0\1\0\0\0\0\0\0\3www", HN_DNS_BAD, 0, 0, 0),
        ROW("\0\7\x81", HN_DNS_BAD, 0, 0, 0),
    };
    struct hn_flow_name n;
    char room[HN_FLOW_NAME_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NOTE("%zu", i);
        CHECK_INT(hn_dns_answer(hn_bytes_of(rows[i].b, rows[i].n), &n, room), rows[i].want);
        if (rows[i].want != HN_DNS_ANSWER)
            continue;
        CHECK(hn_bytes_eqc(n.query, "www.example.org") && hn_bytes_eqc(n.type, "A"));
        CHECK_INT(n.state, rows[i].state);
        CHECK_UINT(n.n_answers, rows[i].answers);
        CHECK_UINT(n.ttl, rows[i].ttl);
    }
}

TEST(zeek_ssl_log_joins_by_uid)
{
    char t[HN_TLS_TEXT];
    HN_AUTO(release_joins) struct hn_flow_joins *j = hn_flow_joins_new();
    CHECK(j != NULL);
    n_got = 0;
    struct hn_flow_log_stats s = read_joined(ssl_log, j);
    CHECK_UINT(s.prints, 1);
    CHECK_UINT(s.flows, 0);
    CHECK_UINT(s.bad, 0);
    CHECK_UINT(read_joined(ssl_json, j).prints, 1);
    CHECK_UINT(n_got, 0);
    CHECK_UINT(read_joined(conn_log, j).flows, 3);
    CHECK(got[0].known & HN_FLOW_TLS && !(got[1].known & HN_FLOW_TLS) && got[2].known & HN_FLOW_TLS);
    CHECK_STR(hn_str_c(hn_tls_print_text(HN_TLS_JA4, got[0].tls.ja4, t)),
              HN_STR("t13d1516h2_8daaf6152771_e5627efa2ab1"));
    CHECK_UINT(got[0].tls.ja3[1], 1);
    CHECK_UINT(got[2].tls.ja3s[0], 0xff);
    CHECK_UINT(got[2].tls.ja4[0], 0);
    CHECK(hn_flow_log_wants_joins(hn_bytes_of(conn_log, sizeof conn_log - 1)));
    CHECK(!hn_flow_log_wants_joins(hn_bytes_of(ssl_log, sizeof ssl_log - 1)));
    CHECK(!hn_flow_log_wants_joins(hn_bytes_of(ssl_json, sizeof ssl_json - 1)));
}

TEST(joins_grow_and_know_each_connection)
{
    HN_AUTO(release_joins) struct hn_flow_joins *j = hn_flow_joins_new();
    char uid[16];
    CHECK(j != NULL);
    for (unsigned i = 0; i < 5000; i++) {
        struct hn_flow_tls t = {{1, (uint8_t)(i % 7)}, {0}, {0}};
        int n = snprintf(uid, sizeof uid, "C%u", i);
        hn_flow_joins_add(j, hn_bytes_of(uid, (size_t)n), &t);
    }
    for (unsigned i = 0; i < 5000; i++) {
        int n = snprintf(uid, sizeof uid, "C%u", i);
        const struct hn_flow_tls *t = hn_flow_joins_find(j, hn_bytes_of(uid, (size_t)n));
        CHECK(t != NULL);
        CHECK_UINT(t->ja3[1], i % 7);
    }
    CHECK(hn_flow_joins_find(j, hn_bytes_of("D", 1)) == NULL);
    CHECK_UINT(hn_flow_joins_forgotten(j), 0);
}

TEST(zeek_dns_json)
{
    CHECK(read_log("{\"ts\":1700000000.5,\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":4,\"id.resp_h\":\"10.0.0.53\",\"id."
                   "resp_p\":53,"
                   "\"proto\":\"udp\",\"query\":\"www.example.org\",\"qtype_name\":\"A\",\"rcode_name\":\"NOERROR\","
                   "\"answers\":[\"alias.example.net\",\"198.51.100.1\",\"2001:db8::1\"],\"TTLs\":[300.0,61,60.5]}\n"
                   "{\"ts\":1700000001,\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.53\",\"proto\":\"udp\","
                   "\"query\":\"a.example\",\"rcode_name\":\"NXDOMAIN\",\"answers\":{\"odd\":[1]},\"TTLs\":[null,[]]}\n"
                   "{\"ts\":1700000002,\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.53\",\"proto\":\"udp\","
                   "\"rcode_name\":\"REFUSED\"}\n"
                   "{\"ts\":1700000003,\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":4,\"id.resp_h\":\"10.0.0.53\",\"id."
                   "resp_p\":53,"
                   "\"proto\":\"udp\",\"conn_state\":\"SF\"}\n",
                   "", 4096) == NULL);
    CHECK_UINT(n_got, 1); /* the last is of conn.log: logs of several kinds in one file */
    CHECK_UINT(stats.names, 2);
    CHECK_UINT(stats.other, 1);
    CHECK_STR(hn_str_c(names), HN_STR("1700000000 10.0.0.1 www.example.org A 1 60 198.51.100.1 2001:db8::1\n"
                                      "1700000001 10.0.0.1 a.example  2 0\n"));
}

TEST(zeek_json_lines)
{
    CHECK(read_log("{\"ts\":1700000000.5,\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":4,\"id.resp_h\":\"192.0.2.1\","
                   "\"id.resp_p\":80,\"proto\":\"tcp\",\"orig_ip_bytes\":77,\"conn_state\":\"REJ\"}\n"
                   "{\"ts\":broken}\n[]\n",
                   "", 5000) == NULL);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].bytes, 77);
    CHECK_INT(got[0].first, INT64_C(1700000000500000000));
    CHECK_INT(got[0].state, HN_FLOW_REJECTED);
    CHECK_UINT(stats.bad, 2);
}

TEST(argus_both_directions_and_labels)
{
    CHECK(
        read_log("StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n"
                 "2018/09/27 22:40:52.362768,193.5,tcp,192.0.2.1,52893,  "
                 "<?>,192.0.2.12,22,FSPA_FSPA,16,16,35,3766,1224,bot\n"
                 "2018/09/27 22:40:53.000000,0.0,arp,192.0.2.1,,  who,192.0.2.12,,INT,,,1,60,60,\n"
                 "2018/09/27 22:40:54.000000,0.0,udp,192.0.2.9,0x0035,  <-,10.0.0.2,5000,CON,0,0,2,300,200,\n"
                 "2018/09/27 22:40:55.000000,0.0,tcp,192.0.2.1,1,   ->,10.0.0.3,23,S_,0,,1,60,60,\n",
                 "", 4096) == NULL);
    CHECK_INT(kind, HN_FLOW_LOG_ARGUS);
    CHECK_UINT(n_got, 3);
    CHECK_UINT(stats.other, 2);
    CHECK_UINT(got[0].bytes, 1224);
    CHECK_UINT(got[0].bytes_back, 3766 - 1224);
    CHECK_INT(got[0].state, HN_FLOW_CLOSED);
    CHECK(got[1].known & HN_FLOW_REVERSED);
    CHECK_UINT(got[1].sport, 5000);
    CHECK_UINT(got[1].dport, 53);
    CHECK_UINT(got[1].bytes, 100);
    CHECK_INT(got[2].state, HN_FLOW_ATTEMPT);
}

TEST(cloud_logs)
{
    CHECK(read_log("2 123456789010 eni-1235b8ca 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 "
                   "ACCEPT OK\n"
                   "2 123456789010 eni-1235b8ca - - - - - - - 1431280876 1431280934 - NODATA\n"
                   "2 123456789010 eni-1235b8ca 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 "
                   "REJECT OK\n",
                   "", 4096) == NULL);
    CHECK_INT(kind, HN_FLOW_LOG_VPC);
    CHECK_UINT(n_got, 2);
    CHECK_UINT(got[0].packets, 20);
    CHECK_INT(got[1].state, HN_FLOW_REJECTED);
    CHECK(
        read_log("{\"records\":[{\"category\":\"NetworkSecurityGroupFlowEvent\",\"properties\":{\"flows\":[{\"flows\":["
                 "{\"flowTuples\":[\"1700000000,10.0.0.4,13.67.143.118,44931,443,T,O,A,E,25,5000,20,9000\"]}]}]}}]}",
                 "", 40960) == NULL);
    CHECK_INT(kind, HN_FLOW_LOG_NSG);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].proto, 6);
    CHECK_UINT(got[0].bytes_back, 9000);
}

TEST(any_csv_by_header_or_by_map)
{
    CHECK(read_log("Source IP;Destination IP;Source Port;Destination Port;Protocol;Timestamp;Bytes\n"
                   "10.0.0.1;192.0.2.1;1;2;17;1700000000123;\"1234\"\n",
                   "", 4096) == NULL);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].bytes, 1234);
    CHECK_INT(got[0].first, INT64_C(1700000000123000000));
    CHECK(read_log("von,nach,hafen,wann\n10.0.0.1,192.0.2.1,443,2026-11-22T05:00:00Z\n",
                   "src=von,dst=nach,dport=hafen,first=wann", 4096) == NULL);
    CHECK_UINT(n_got, 1);
    CHECK_UINT(got[0].dport, 443);
    CHECK(read_log("von,nach,hafen,wann\n10.0.0.1,192.0.2.1,443,2026-11-22T05:00:00Z\n", "", 4096) != NULL);
}

TEST(hostile_lines)
{
    struct hn_buf b;
    hn_buf_init(&b, 64u << 20);
    hn_buf_c(&b, zeek);
    for (size_t i = 0; i < HN_FLOW_LINE_MAX + 10; i++)
        hn_buf_chr(&b, 'x');
    hn_buf_c(&b, "\n1700000001.0\tC2\t10.0.0.1\t40001\t192.0.2.1\t6667\ttcp\t-\t-\t-\t-\tS0\t1\t60\t0\t0\n");
    hn_buf_chr(&b, 0);
    CHECK(!b.bad);
    CHECK(read_log(b.p, "", 100000) == NULL);
    CHECK_UINT(n_got, 4);
    CHECK_UINT(stats.bad, 2);
    hn_buf_done(&b);
    for (size_t n = 0; n < sizeof zeek; n++) {
        char cut[sizeof zeek];
        memcpy(cut, zeek, n);
        cut[n] = 0;
        (void)read_log(cut, "", 4096);
        CHECK(n_got <= 3);
    }
}

/* ---------------------------------------------------------------- nfdump */

static void le(struct hn_buf *b, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        hn_buf_chr(b, (char)(uint8_t)(v >> 8 * i));
}

static void nfdump2(struct hn_buf *b, bool v6)
{
    hn_buf_init(b, 1 << 16);
    le(b, 0xa50c, 2);
    le(b, 2, 2);
    le(b, 0, 4);
    le(b, 0, 8);
    le(b, 0, 1); /* plain */
    le(b, 0, 1);
    le(b, 0, 2);
    le(b, 0, 4);
    le(b, 0, 8);
    le(b, 1 << 20, 4);
    le(b, 1, 4);
    unsigned record = 12 + 4 + 48 + 4 + (v6 ? 32 : 8);
    le(b, 1, 4);
    le(b, record, 4);
    le(b, 3, 2);
    le(b, 0, 2);
    le(b, 11, 2);
    le(b, record, 2);
    le(b, 2, 2);
    le(b, 0, 6);
    le(b, 1, 2); /* generic */
    le(b, 52, 2);
    le(b, 1700000000000, 8);
    le(b, 1700000002500, 8);
    le(b, 0, 8);
    le(b, 7, 8);
    le(b, 900, 8);
    le(b, 1234, 2);
    le(b, 53, 2);
    le(b, 17, 1);
    le(b, 0, 3);
    le(b, v6 ? 3 : 2, 2);
    le(b, v6 ? 36 : 12, 2);
    if (v6) {
        le(b, 0x20010db800000000, 8);
        le(b, 1, 8);
        le(b, 0x20010db800000000, 8);
        le(b, 2, 8);
    } else {
        le(b, 0x0a000001, 4);
        le(b, 0xc0000201, 4);
    }
}

TEST(nfdump_layout_2)
{
    struct hn_nfdump_stats s;
    for (int v6 = 0; v6 < 2; v6++) {
        struct hn_buf b;
        nfdump2(&b, v6);
        n_got = 0;
        CHECK(hn_nfdump_read(hn_bytes_of(b.p, b.n), UINT64_MAX, take, NULL, &s) == NULL);
        CHECK_UINT(s.flows, 1);
        CHECK_UINT(s.bad, 0);
        CHECK_UINT(got[0].src.family, v6 ? 6 : 4);
        CHECK_UINT(got[0].src.b[v6 ? 15 : 3], 1);
        CHECK_UINT(got[0].bytes, 900);
        CHECK_INT(got[0].last - got[0].first, 5 * HN_SECOND / 2);
        for (size_t n = 0; n < b.n; n++) {
            uint8_t *exact = hn_alloc(n + 1);
            CHECK(exact != NULL);
            memcpy(exact, b.p, n);
            n_got = 0;
            (void)hn_nfdump_read(hn_bytes_of(exact, n), UINT64_MAX, take, NULL, &s);
            hn_free(exact);
            CHECK_UINT(n_got, 0);
        }
        hn_buf_done(&b);
    }
}

/* The block of nfdump2() as nfcapd -z writes it: literals alone, and the end. */
TEST(nfdump_packed_with_lzo)
{
    struct hn_nfdump_stats s;
    struct hn_buf b, packed;
    nfdump2(&b, false);
    hn_buf_init(&packed, 1 << 16);
    hn_buf_add(&packed, b.p, b.n - 76);
    packed.p[16] = 1;
    packed.p[44] = 80;
    le(&packed, 17 + 76, 1);
    hn_buf_add(&packed, b.p + b.n - 76, 76);
    le(&packed, 0x11, 3);
    n_got = 0;
    CHECK(hn_nfdump_read(hn_bytes_of(packed.p, packed.n), UINT64_MAX, take, NULL, &s) == NULL);
    CHECK_UINT(s.flows, 1);
    CHECK_UINT(s.skipped + s.bad, 0);
    CHECK_UINT(got[0].bytes, 900);
    CHECK(hn_nfdump_read(hn_bytes_of(packed.p, packed.n), 76, take, NULL, &s) == NULL);
    const char *why = hn_nfdump_read(hn_bytes_of(packed.p, packed.n), 75, take, NULL, &s);
    CHECK(why && strcmp(why, "decompresses to more than the limit") == 0);
    CHECK_UINT(s.flows, 0);
    packed.p[packed.n - 3] = 0x19; /* a copy from before the begin */
    CHECK(hn_nfdump_read(hn_bytes_of(packed.p, packed.n), UINT64_MAX, take, NULL, &s) == NULL);
    CHECK_UINT(s.bad, 1);
    CHECK(hn_nfdump_read(hn_bytes_of(packed.p, packed.n), 1 << 20, take, NULL, &s) !=
          NULL); /* it may have been a bomb */
    hn_buf_done(&packed);
    hn_buf_done(&b);
}

/* The block of nfdump2() as nfcapd -j writes it (made with Python's bz2). */
TEST(nfdump_packed_with_bzip2)
{
    static const uint8_t block[] = {0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x62, 0x98, 0xfe, 0x3f,
                                    0x00, 0x00, 0x18, 0x6d, 0xc7, 0x7d, 0x9c, 0x20, 0x00, 0x06, 0x00, 0x00, 0x04, 0x00,
                                    0x40, 0x20, 0x00, 0x04, 0x08, 0x44, 0x00, 0x90, 0x00, 0x02, 0x00, 0x20, 0x00, 0x54,
                                    0x44, 0xd1, 0xa0, 0x0d, 0x00, 0x7a, 0x83, 0x4d, 0x53, 0xc8, 0x99, 0x3d, 0x4f, 0x51,
                                    0xb5, 0x19, 0x0a, 0xb5, 0x6e, 0x28, 0x80, 0x6c, 0xe5, 0xe1, 0x82, 0x6f, 0x14, 0x86,
                                    0x63, 0x24, 0xbf, 0x4a, 0x2a, 0x64, 0x8d, 0x1c, 0x1f, 0x4a, 0x49, 0x19, 0xbe, 0x83,
                                    0x88, 0x12, 0x81, 0xf1, 0x77, 0x24, 0x53, 0x85, 0x09, 0x06, 0x29, 0x8f, 0xe3, 0xf0};
    struct hn_nfdump_stats s;
    struct hn_buf b, packed;
    nfdump2(&b, false);
    hn_buf_init(&packed, 1 << 16);
    hn_buf_add(&packed, b.p, b.n - 76);
    hn_buf_add(&packed, block, sizeof block);
    packed.p[16] = 2;
    packed.p[44] = sizeof block;
    n_got = 0;
    CHECK(hn_nfdump_read(hn_bytes_of(packed.p, packed.n), UINT64_MAX, take, NULL, &s) == NULL);
    CHECK_UINT(s.flows, 1);
    CHECK_UINT(s.skipped + s.bad, 0);
    CHECK_UINT(got[0].bytes, 900);
    for (size_t i = 0; i < sizeof block; i++) { /* nothing of a damaged block is taken for a flow */
        packed.p[packed.n - sizeof block + i] ^= 0x10;
        n_got = 0;
        CHECK(hn_nfdump_read(hn_bytes_of(packed.p, packed.n), UINT64_MAX, take, NULL, &s) == NULL);
        CHECK(s.bad == 1 || got[0].bytes == 900); /* bits that bzip2 does not use */
        packed.p[packed.n - sizeof block + i] ^= 0x10;
    }
    hn_buf_done(&packed);
    hn_buf_done(&b);
}

TEST(lzo_instructions)
{
    static const char stream[] = "\x15"
                                 "ABCD"        /* 4 literals */
                                 "\x26\x0d\0x" /* 8 from 4 back, then a literal */
                                 "\0\0"        /* 2 from 1 back */
                                 "\1wxyz"      /* 4 literals */
                                 "\x20\2\0\0"  /* 35 from 1 back */
                                 "\x5c\0"      /* 3 from 8 back, the distance in two parts */
                                 "\xe9\0!"     /* 8 from 3 back, then a literal */
                                 "\x11\0\0";   /* the end */
    uint8_t out[128];
    struct hn_bytes b = hn_bytes_of(stream, sizeof stream - 1);
    char want[80] = "ABCDABCDABCDxxxwxyz";
    memset(want + 19, 'z', 35 + 3 + 8);
    strcpy(want + 19 + 46, "!");
    CHECK_INT(hn_lzo_unpack(b, out, sizeof out), (int)strlen(want));
    CHECK(memcmp(out, want, strlen(want)) == 0);
    CHECK_INT(hn_lzo_unpack(b, out, strlen(want) - 1), -1);
    for (size_t n = 0; n < b.n; n++)
        CHECK_INT(hn_lzo_unpack(hn_bytes_of(b.p, n), out, sizeof out), -1);
    CHECK_INT(hn_lzo_unpack(hn_bytes_of("\x15"
                                        "ABCD\x26\x11\0\x11\0",
                                        11),
                            out, sizeof out),
              -1); /* from before the begin */
}

/* ---------------------------------------------------------------- meter */

static struct hn_packet tcp(unsigned from, unsigned to, unsigned sport, unsigned dport, unsigned flags, unsigned size)
{
    struct hn_packet p = {.proto = 6, .has_ports = true};
    p.src = hn_ip4((uint8_t[]){10, 0, 0, (uint8_t)from});
    p.dst = hn_ip4((uint8_t[]){10, 0, 0, (uint8_t)to});
    p.sport = (uint16_t)sport;
    p.dport = (uint16_t)dport;
    p.tcp_flags = (uint8_t)flags;
    p.ip_len = (uint16_t)size;
    return p;
}

static void feed(struct hn_meter *m, double at, struct hn_packet p)
{
    hn_meter_packet(m, 1700000000 * HN_SECOND + (hn_time)(at * 1e9), &p);
}

static void release(struct hn_meter **m)
{
    hn_meter_free(*m);
}

TEST(meter_connections)
{
    HN_AUTO(release) struct hn_meter *m = hn_meter_new(NULL, take, NULL);
    CHECK(m != NULL);
    n_got = 0;
    feed(m, 0, tcp(1, 2, 4000, 80, HN_TCP_SYN, 60));
    feed(m, 0.1, tcp(2, 1, 80, 4000, HN_TCP_SYN | HN_TCP_ACK, 60));
    feed(m, 0.2, tcp(1, 2, 4000, 80, HN_TCP_ACK | HN_TCP_PSH, 500));
    feed(m, 0.3, tcp(2, 1, 80, 4000, HN_TCP_ACK | HN_TCP_FIN, 1500));
    feed(m, 0.4, tcp(1, 2, 4000, 80, HN_TCP_ACK | HN_TCP_FIN, 40));
    feed(m, 1, tcp(1, 2, 4000, 80, HN_TCP_SYN, 60)); /* the ports again: another connection */
    feed(m, 2, tcp(2, 1, 80, 4000, HN_TCP_RST | HN_TCP_ACK, 40));
    feed(m, 3, tcp(2, 9, 443, 5000, HN_TCP_SYN | HN_TCP_ACK, 60)); /* the answer is seen first */
    hn_meter_flush(m);
    CHECK_UINT(n_got, 3);
    CHECK_UINT(got[0].packets, 3);
    CHECK_UINT(got[0].packets_back, 2);
    CHECK_UINT(got[0].bytes, 600);
    CHECK_INT(got[0].state, HN_FLOW_CLOSED);
    CHECK_INT(got[1].state, HN_FLOW_REJECTED);
    CHECK_UINT(got[2].src.b[3], 9);
    CHECK_UINT(got[2].packets, 0);
    CHECK(got[2].known & HN_FLOW_REVERSED);
}

TEST(meter_fragments)
{
    HN_AUTO(release) struct hn_meter *m = hn_meter_new(NULL, take, NULL);
    struct hn_packet first = tcp(1, 2, 5000, 53, 0, 1020), later = tcp(1, 2, 0, 0, 0, 520);
    n_got = 0;
    first.proto = later.proto = 17;
    first.mf = true;
    first.ip_id = later.ip_id = 77;
    later.is_fragment = true;
    later.has_ports = false;
    feed(m, 100, first);
    feed(m, 100.1, later);
    later.ip_id = 78; /* of another packet, whose first fragment was not seen */
    feed(m, 100.2, later);
    later.ip_id = 77;
    feed(m, 140, later); /* too late */
    hn_meter_flush(m);
    CHECK_UINT(n_got, 2);
    for (size_t i = 0; i < 2; i++) {
        CHECK_UINT(got[i].packets, 2);
        CHECK_UINT(got[i].bytes, got[i].sport == 5000 ? 1540 : 1040);
    }
    CHECK_UINT(got[0].sport + got[1].sport, 5000);
}

TEST(meter_time_outs_and_a_full_table)
{
    struct hn_meter_options o = {.idle = 10 * HN_SECOND, .active = 60 * HN_SECOND, .flows_max = 4};
    HN_AUTO(release) struct hn_meter *m = hn_meter_new(&o, take, NULL);
    CHECK(m != NULL);
    n_got = 0;
    for (unsigned i = 0; i <= 30; i++) /* one connection of 150 s: cut twice */
        feed(m, i * 5, tcp(1, 2, 4000, 80, HN_TCP_ACK, 100));
    CHECK_UINT(n_got, 2);
    feed(m, 200, tcp(3, 4, 1, 2, HN_TCP_SYN, 40)); /* and idle */
    CHECK_UINT(n_got, 3);
    CHECK_UINT(got[0].packets + got[1].packets + got[2].packets, 31);
    for (unsigned i = 0; i < 10; i++)
        feed(m, 201, tcp(5, 6, 100 + i, 2, HN_TCP_SYN, 40));
    CHECK_UINT(hn_meter_evicted(m), 7);
    hn_meter_flush(m);
    CHECK_UINT(n_got, 3 + 11);
}

TEST(meter_whose_clock_is_set_back)
{
    HN_AUTO(release) struct hn_meter *m = hn_meter_new(NULL, take, NULL);
    const hn_time began = 1700000000 * HN_SECOND;
    CHECK(m != NULL);
    n_got = 0;
    feed(m, 7200, tcp(1, 2, 4000, 80, HN_TCP_ACK, 100));
    hn_meter_clock(m, began + 7199 * HN_SECOND); /* the kernel's stamp and ours differ a little */
    CHECK_UINT(n_got, 0);
    hn_meter_clock(m, began);
    CHECK_UINT(n_got, 1);
    for (unsigned i = 1; i <= 5; i++)
        feed(m, i, tcp(1, 2, 4000, 80, HN_TCP_ACK, 100));
    hn_meter_flush(m);
    CHECK_UINT(n_got, 2); /* still one conversation, not one for each packet */
    CHECK_UINT(got[1].packets, 5);
}
