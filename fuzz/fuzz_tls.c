/* ClientHellos: what is read is read alike whole and in segments, and every beginning of it asks for more or refuses.
 */
#include "base/mem.h"
#include "format/flow/hello.h"
#include "fuzz.h"

static void check_values(const struct hn_flow_tls *t)
{
    struct hn_flow_tls again = {{0}, {0}, {0}};
    char text[HN_TLS_TEXT];
    FUZZ_CHECK(hn_tls_print_get(t, HN_TLS_JA3).n && hn_tls_print_get(t, HN_TLS_JA4).n, "%u", t->ja4[0]);
    hn_tls_print_text(HN_TLS_JA4, t->ja4, text);
    FUZZ_CHECK(hn_tls_print_parse(&again, HN_TLS_JA4, (struct hn_str){text, HN_TLS_JA4N}), "%s", text);
}

/* The second half comes first, and once more. */
static void in_segments(struct hn_bytes b, enum hn_hello want, const struct hn_flow_tls *tls)
{
    struct hn_hellos *t = hn_hellos_new();
    struct hn_hello_of h = {.base = 0};
    struct hn_flow_tls got;
    size_t half = b.n / 2;
    bool read = false;
    hn_hello_begins(&h, 41);
    for (unsigned i = 0; t && i < 3; i++) {
        size_t from = i % 2 ? 0 : half, n = i % 2 ? half : b.n - half;
        struct hn_bytes exact = fuzz_copy(b.p + from, n);
        read = read || hn_hello_add(t, &h, 42 + (uint32_t)from, exact, &got);
        fuzz_free(exact);
    }
    if (t && half)
        FUZZ_CHECK(read == (want == HN_HELLO_READ), "%d, %d", read, want);
    if (t && read)
        FUZZ_CHECK(memcmp(&got, tls, sizeof got) == 0, "%zu", b.n);
    hn_hellos_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hn_flow_tls tls = {{0}, {0}, {0}};
    if (!size || size > HN_HELLO_MAX)
        return 0;
    struct hn_bytes exact = fuzz_copy(data, size);
    enum hn_hello got = hn_tls_hello(exact, &tls);
    if (got == HN_HELLO_READ)
        check_values(&tls);
    in_segments(exact, got, &tls);
    fuzz_free(exact);
    return 0;
}
