/* Requests to the store role: any JSON is answered with JSON, by every operation, over a store with one host in it.
 * "@A" in the input stands for that host's id. The store is the one state that is kept from input to input. Left out:
 * operations that spend 80 ms on a password, and the one that writes a file where it is told to. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/store_call.h"
#include "fuzz.h"

static const char identity[] = "{\"name\":\"h\",\"machine_id\":\"0123456789abcdef0123456789abcdef\"}";
static const char run_head[] =
    "{\"op\":\"runs.put\",\"args\":{\"asset\":\"@A\",\"document\":{\"run_id\":\"01FUZZ\",\"collected_at\":"
    "\"2026-11-20T03:00:00Z\",\"privilege\":\"root\",\"coverage\":[{\"module\":\"packages\",\"complete\":true}],"
    "\"observations\":[{\"module\":\"packages\",\"kind\":\"update\",\"subject\":\"openssl\",\"fields\":{\"a\":1}}],"
    "\"findings\":[{\"id\":\"00112233445566778899aabbccddeeff\",\"kind\":\"packages.update-pending\",\"class\":"
    "\"vulnerability\",\"severity\":\"high\",\"subject\":\"openssl\",\"score\":50,\"p\":0.1,\"loss\":1,\"due_days\":3,"
    "\"due_rule\":\"bod-26-04:14\",\"fix\":{\"kind\":\"upgrade\",\"target\":\"openssl\",\"value\":\"2\"}}]}}}";

static struct hn_store *store;
static struct hn_role_state *role;
static struct hn_grant grant = {HN_STR_INIT(HN_STORE_ROOT), HN_ROLE_ADMIN};
static struct hn_principal who = {.name = HN_STR_INIT("local:fuzz"), .n_grants = 1, .grants = &grant};
static char home[] = "/tmp/hinomi-fuzz-XXXXXX", asset[64];

static void remove_home(void)
{
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm", "lock"};
    char path[128];

    hn_store_close(store);
    hn_policy_free(role->policy);
    hn_free(role);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", home, names[i]);
        unlink(path);
    }
    rmdir(home);
}

/* "@A" → the asset's id. */
static void with_asset(struct hn_buf *out, struct hn_str in)
{
    ptrdiff_t at;

    while ((at = hn_str_find(in, HN_STR("@A"))) >= 0) {
        hn_buf_str(out, hn_str_cut(in, 0, (size_t)at));
        hn_buf_c(out, asset);
        in = hn_str_cut(in, (size_t)at + 2, in.n);
    }
    hn_buf_str(out, in);
}

static void call(struct hn_str request, struct hn_arena *a, struct hn_buf *answer)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};

    hn_buf_init(&b, 8 << 20);
    with_asset(&b, request);
    role->defer = false;
    role->defer_until = 0;
    hn_store_call(store, role, &who, hn_str_bytes(hn_buf_text(&b)), a, answer);
}

static void set_up(void)
{
    HN_AUTO(hn_arena_done) struct hn_arena a;
    HN_AUTO(hn_buf_done) struct hn_buf answer = {0}, request = {0};
    struct hn_diag d = {""};

    role = hn_alloc_zero(sizeof *role);
    FUZZ_CHECK(role && mkdtemp(home), "%s", "set-up");
    FUZZ_CHECK(hn_ok(hn_policy_load(NULL, &role->policy, &d)), "%s", d.msg);
    FUZZ_CHECK(hn_ok(hn_store_open(home, HN_STORE_CREATE, &store, &d)), "%s", d.msg);
    atexit(remove_home);
    hn_arena_init(&a, 64 << 20);
    hn_buf_init(&answer, 8 << 20);
    hn_buf_init(&request, 1 << 16);
    hn_buf_fmt(&request, "{\"op\":\"assets.resolve\",\"args\":{\"identity\":%s}}", identity);
    call(hn_buf_text(&request), &a, &answer);
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&answer)), NULL);
    snprintf(asset, sizeof asset, "%.*s", HN_FMT(hn_jv_str(hn_jv_get(v, "body"), "asset")));
    FUZZ_CHECK(asset[0], "%.*s", HN_FMT(hn_buf_text(&answer)));
    hn_buf_clear(&answer);
    call(HN_STR(run_head), &a, &answer);
    FUZZ_CHECK(hn_str_find(hn_buf_text(&answer), HN_STR("\"appeared\":1")) > 0, "%.*s", HN_FMT(hn_buf_text(&answer)));
}

static bool left_out(struct hn_str request)
{
    return hn_str_find(request, HN_STR("store.backup")) >= 0 || hn_str_find(request, HN_STR("accounts.create")) >= 0 ||
           hn_str_find(request, HN_STR("accounts.password")) >= 0 ||
           hn_str_find(request, HN_STR("session.create")) >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HN_AUTO(hn_arena_done) struct hn_arena a = {0};
    HN_AUTO(hn_buf_done) struct hn_buf answer = {0};
    struct hn_str request = {(const char *)data, size};
    static bool ready;

    if (!ready)
        set_up();
    ready = true;
    if (left_out(request))
        return 0;
    hn_arena_init(&a, 256 << 20);
    hn_buf_init(&answer, 64 << 20);
    call(request, &a, &answer);
    if (role->defer) /* a supervisor waits */
        return 0;
    const struct hn_jv *v = hn_jv_parse(&a, hn_str_bytes(hn_buf_text(&answer)), NULL);
    FUZZ_CHECK(v, "%.*s", HN_FMT(hn_buf_text(&answer)));
    const struct hn_jv *error = hn_jv_get(v, "error");
    FUZZ_CHECK((error != NULL) != hn_jv_bool(v, "ok", false), "%.*s", HN_FMT(hn_buf_text(&answer)));
    FUZZ_CHECK(!error || hn_jv_str(hn_jv_get(error, "message"), "ja").n, "%.*s", HN_FMT(hn_buf_text(&answer)));
    return 0;
}
