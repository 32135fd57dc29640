#include "format/openpgp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/library.h"
#include "base/mem.h"
#include "format/openpgp_keys.h"

#define LIBRARY "librnp.so.0"

/* ---------------------------------------------------------------- what is used of RNP
 *
 * Its interface (rnp/rnp.h) is C with opaque handles and a stable name, librnp.so.0, from 0.9 on; what stands here was
 * compared with 0.16 (Debian 12) and 0.17 (Debian 13). 0 is success. */

typedef void *handle;
typedef uint32_t result;

#define KEY_NOT_FOUND         UINT32_C(0x12000005)
#define SIGNATURE_EXPIRED     UINT32_C(0x1200000b)
#define LOAD_PUBLIC           (UINT32_C(1) << 0)
#define LOAD_PERMISSIVE       (UINT32_C(1) << 8) /* what it does not know of a key is passed over */
#define EXPORT_PUBLIC_SUBKEYS (UINT32_C(1) << 1 | UINT32_C(1) << 3)

static struct {
    result (*ffi_create)(handle *ret, const char *public_format, const char *secret_format);
    result (*set_timestamp)(handle ffi, uint64_t seconds);
    result (*input_from_memory)(handle *ret, const uint8_t *p, size_t n, bool copy);
    result (*input_destroy)(handle input);
    result (*output_to_memory)(handle *ret, size_t most);
    result (*output_memory_get_buf)(handle output, uint8_t **ret, size_t *ret_n, bool copy);
    result (*output_destroy)(handle output);
    void (*buffer_destroy)(void *text);
    result (*import_keys)(handle ffi, handle input, uint32_t flags, char **ret_results);
    result (*iterator_create)(handle ffi, handle *ret, const char *type);
    result (*iterator_next)(handle iterator, const char **ret);
    result (*iterator_destroy)(handle iterator);
    result (*locate_key)(handle ffi, const char *type, const char *id, handle *ret);
    result (*key_handle_destroy)(handle key);
    result (*key_is_primary)(handle key, bool *ret);
    result (*key_is_valid)(handle key, bool *ret);
    result (*key_valid_till)(handle key, uint64_t *ret_seconds);
    result (*key_get_fprint)(handle key, char **ret);
    result (*key_get_primary_fprint)(handle key, char **ret);
    result (*key_export)(handle key, handle output, uint32_t flags);
    result (*verify_create)(handle *ret, handle ffi, handle input, handle signature);
    result (*verify_execute)(handle op);
    result (*verify_count)(handle op, size_t *ret);
    result (*verify_at)(handle op, size_t i, handle *ret);
    result (*verify_destroy)(handle op);
    result (*signature_status)(handle signature);
    result (*signature_key)(handle signature, handle *ret);
    result (*signature_times)(handle signature, uint32_t *made, uint32_t *valid_for);
    result (*signature_handle)(handle signature, handle *ret);
    result (*signature_keyid)(handle signature, char **ret);
    result (*signature_handle_destroy)(handle signature);
} rnp;

static handle rings[2];

/* Debian's RNP says on stderr, always, what it dislikes of each packet: hostile text and much of it. While it works
 * that goes into a stream that keeps nothing. */
static FILE *nowhere;

static ssize_t forget(void *arg, const char *text, size_t n)
{
    return (ssize_t)n;
}

static FILE *hush(void)
{
    FILE *before = stderr;
    stderr = nowhere;
    return before;
}

static struct hn_err load_library(struct hn_diag *reterr)
{
    const struct hn_library_function functions[] = {
        {"rnp_ffi_create", &rnp.ffi_create},
        {"rnp_set_timestamp", &rnp.set_timestamp},
        {"rnp_input_from_memory", &rnp.input_from_memory},
        {"rnp_input_destroy", &rnp.input_destroy},
        {"rnp_output_to_memory", &rnp.output_to_memory},
        {"rnp_output_memory_get_buf", &rnp.output_memory_get_buf},
        {"rnp_output_destroy", &rnp.output_destroy},
        {"rnp_buffer_destroy", &rnp.buffer_destroy},
        {"rnp_import_keys", &rnp.import_keys},
        {"rnp_identifier_iterator_create", &rnp.iterator_create},
        {"rnp_identifier_iterator_next", &rnp.iterator_next},
        {"rnp_identifier_iterator_destroy", &rnp.iterator_destroy},
        {"rnp_locate_key", &rnp.locate_key},
        {"rnp_key_handle_destroy", &rnp.key_handle_destroy},
        {"rnp_key_is_primary", &rnp.key_is_primary},
        {"rnp_key_is_valid", &rnp.key_is_valid},
        {"rnp_key_valid_till64", &rnp.key_valid_till},
        {"rnp_key_get_fprint", &rnp.key_get_fprint},
        {"rnp_key_get_primary_fprint", &rnp.key_get_primary_fprint},
        {"rnp_key_export", &rnp.key_export},
        {"rnp_op_verify_detached_create", &rnp.verify_create},
        {"rnp_op_verify_execute", &rnp.verify_execute},
        {"rnp_op_verify_get_signature_count", &rnp.verify_count},
        {"rnp_op_verify_get_signature_at", &rnp.verify_at},
        {"rnp_op_verify_destroy", &rnp.verify_destroy},
        {"rnp_op_verify_signature_get_status", &rnp.signature_status},
        {"rnp_op_verify_signature_get_key", &rnp.signature_key},
        {"rnp_op_verify_signature_get_times", &rnp.signature_times},
        {"rnp_op_verify_signature_get_handle", &rnp.signature_handle},
        {"rnp_signature_get_keyid", &rnp.signature_keyid},
        {"rnp_signature_handle_destroy", &rnp.signature_handle_destroy},
    };
    return hn_library_load(LIBRARY, HN_PGP_PACKAGE, functions, sizeof functions / sizeof *functions, reterr);
}

struct hn_err hn_pgp_load(hn_time now, struct hn_diag *reterr)
{
    if (rings[HN_PGP_OFFERED])
        return HN_OK;
    /* Botan, below RNP: no memory that is locked for secrets, of which there are none here; a sandbox has no mlock. */
    setenv("BOTAN_MLOCK_POOL_SIZE", "0", 1);
    HN_TRY(load_library(reterr));
    nowhere = fopencookie(NULL, "w", (cookie_io_functions_t){.write = forget});
    if (!nowhere)
        return hn_fail(reterr, HN_E_NOMEM, "%s", LIBRARY);
    for (size_t i = 0; i < 2; i++) /* opens /dev/urandom */
        if (rnp.ffi_create(&rings[i], "GPG", "GPG") || rnp.set_timestamp(rings[i], (uint64_t)(now / HN_SECOND)))
            return hn_fail(reterr, HN_E_IO, "%s cannot be initialised", LIBRARY);
    return HN_OK;
}

bool hn_pgp_loaded(void)
{
    return rings[HN_PGP_OFFERED] != NULL;
}

/* ---------------------------------------------------------------- keys */

static bool as_input(struct hn_bytes b, handle *ret)
{
    *ret = NULL;
    return b.n && !rnp.input_from_memory(ret, b.p, b.n, false);
}

static void take_text(char *text, char out[HN_PGP_ID_ROOM])
{
    snprintf(out, HN_PGP_ID_ROOM, "%s", text ? text : "");
    rnp.buffer_destroy(text);
}

static bool fingerprint_of(handle key, char out[HN_PGP_ID_ROOM])
{
    char *text = NULL;
    out[0] = 0;
    if (rnp.key_get_primary_fprint(key, &text) && rnp.key_get_fprint(key, &text)) /* a primary has no primary */
        return false;
    take_text(text, out);
    return out[0];
}

static handle locate(enum hn_pgp_ring ring, const char *fingerprint)
{
    handle key = NULL;
    return rnp.locate_key(rings[ring], "fingerprint", fingerprint, &key) ? NULL : key;
}

static int by_fingerprint(const void *a, const void *b)
{
    const struct hn_pgp_key *x = a, *y = b;
    return strcmp(x->fingerprint, y->fingerprint);
}

size_t hn_pgp_keys(enum hn_pgp_ring ring, struct hn_pgp_key *ret)
{
    handle it = NULL;
    const char *id = NULL;
    size_t n = 0;
    if (rnp.iterator_create(rings[ring], &it, "fingerprint"))
        return 0;
    while (n < HN_PGP_KEYS_MAX && !rnp.iterator_next(it, &id) && id) {
        handle key = locate(ring, id);
        bool primary = false, valid = false;
        if (key && !rnp.key_is_primary(key, &primary) && primary) {
            snprintf(ret[n].fingerprint, sizeof ret[n].fingerprint, "%s", id);
            ret[n++].usable = !rnp.key_is_valid(key, &valid) && valid;
        }
        rnp.key_handle_destroy(key);
    }
    rnp.iterator_destroy(it);
    qsort(ret, n, sizeof *ret, by_fingerprint);
    return n;
}

bool hn_pgp_has(enum hn_pgp_ring ring, const char *fingerprint)
{
    handle key = locate(ring, fingerprint);
    rnp.key_handle_destroy(key);
    return key != NULL;
}

/* As it is. */
static struct hn_err import(enum hn_pgp_ring ring, struct hn_bytes keys)
{
    struct hn_pgp_key list[HN_PGP_KEYS_MAX];
    handle in;
    char *told = NULL;
    FILE *before = hush();
    bool ok = as_input(keys, &in) && !rnp.import_keys(rings[ring], in, LOAD_PUBLIC | LOAD_PERMISSIVE, &told);
    ok = ok && told && strstr(told, "fingerprint");
    rnp.buffer_destroy(told);
    rnp.input_destroy(in);
    stderr = before;
    if (!ok)
        return (struct hn_err){HN_E_INVALID};
    return hn_pgp_keys(ring, list) < HN_PGP_KEYS_MAX ? HN_OK : (struct hn_err){HN_E_LIMIT};
}

struct hn_err hn_pgp_import(enum hn_pgp_ring ring, struct hn_bytes file)
{
    HN_AUTO(hn_buf_done) struct hn_buf keys = {0};
    if (file.n > HN_PGP_KEY_FILE_MAX)
        return (struct hn_err){HN_E_LIMIT};
    hn_buf_init(&keys, 2 * HN_PGP_KEY_FILE_MAX);
    if (!hn_pgp_key_packets(file, &keys))
        return (struct hn_err){HN_E_INVALID};
    return import(ring, hn_bytes_of(keys.p, keys.n));
}

struct hn_err hn_pgp_restore(struct hn_bytes saved)
{
    return import(HN_PGP_TRUSTED, saved);
}

static struct hn_err export_key(enum hn_pgp_ring ring, const char *fingerprint, struct hn_buf *out)
{
    handle key = locate(ring, fingerprint), o = NULL;
    uint8_t *p = NULL;
    size_t n = 0;
    bool ok = key && !rnp.output_to_memory(&o, HN_PGP_KEY_FILE_MAX) && !rnp.key_export(key, o, EXPORT_PUBLIC_SUBKEYS) &&
              !rnp.output_memory_get_buf(o, &p, &n, false);
    if (ok)
        hn_buf_add(out, p, n);
    if (o)
        rnp.output_destroy(o);
    rnp.key_handle_destroy(key);
    return ok ? hn_buf_err(out) : (struct hn_err){HN_E_INVALID};
}

struct hn_err hn_pgp_trust(const char *fingerprint)
{
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    hn_buf_init(&b, HN_PGP_KEY_FILE_MAX);
    HN_TRY(export_key(HN_PGP_OFFERED, fingerprint, &b));
    return import(HN_PGP_TRUSTED, hn_bytes_of(b.p, b.n));
}

struct hn_err hn_pgp_save(struct hn_buf *out)
{
    struct hn_pgp_key list[HN_PGP_KEYS_MAX];
    size_t n = hn_pgp_keys(HN_PGP_TRUSTED, list);
    for (size_t i = 0; i < n; i++)
        HN_TRY(export_key(HN_PGP_TRUSTED, list[i].fingerprint, out));
    return HN_OK;
}

/* ---------------------------------------------------------------- signatures */

/* The id that a signature tells of its key. */
static void keyid_of(handle signature, char out[HN_PGP_ID_ROOM])
{
    handle h = NULL;
    char *text = NULL;
    out[0] = 0;
    if (rnp.signature_handle(signature, &h))
        return;
    if (!rnp.signature_keyid(h, &text))
        take_text(text, out);
    rnp.signature_handle_destroy(h);
}

/* RNP calls it invalid, like one that does not fit, when the key was none any more at the time it was made. */
static bool made_too_late(handle signature, handle key)
{
    uint32_t made = 0, valid_for = 0;
    uint64_t until = 0;
    return !rnp.signature_times(signature, &made, &valid_for) && !rnp.key_valid_till(key, &until) && made > until;
}

static enum hn_pgp_verdict judge(handle signature, char ret_key[HN_PGP_ID_ROOM])
{
    result status = rnp.signature_status(signature);
    handle key = NULL;
    enum hn_pgp_verdict v = HN_PGP_BAD;
    if (status == KEY_NOT_FOUND || rnp.signature_key(signature, &key) || !key) {
        keyid_of(signature, ret_key);
        return HN_PGP_UNKNOWN;
    }
    if (!fingerprint_of(key, ret_key))
        v = HN_PGP_BAD;
    else if (!status)
        v = HN_PGP_GOOD;
    else if (status == SIGNATURE_EXPIRED || made_too_late(signature, key))
        v = HN_PGP_EXPIRED;
    rnp.key_handle_destroy(key);
    return v;
}

/* Which of two says more: a good one all, an unknown key least. */
static int weight(enum hn_pgp_verdict v)
{
    return v == HN_PGP_GOOD ? 3 : v == HN_PGP_BAD ? 2 : v == HN_PGP_EXPIRED ? 1 : 0;
}

static enum hn_pgp_verdict judge_all(handle op, char ret_key[HN_PGP_ID_ROOM])
{
    size_t n = 0;
    enum hn_pgp_verdict best = HN_PGP_BAD;
    (void)rnp.verify_execute(op); /* what it says of them all is said of each below */
    if (rnp.verify_count(op, &n))
        n = 0;
    for (size_t i = 0; i < n; i++) {
        char key[HN_PGP_ID_ROOM];
        handle signature = NULL;
        if (rnp.verify_at(op, i, &signature))
            continue;
        enum hn_pgp_verdict v = judge(signature, key);
        if (!ret_key[0] || weight(v) > weight(best)) {
            best = v;
            memcpy(ret_key, key, HN_PGP_ID_ROOM);
        }
    }
    return best;
}

enum hn_pgp_verdict hn_pgp_verify(struct hn_bytes document, struct hn_bytes signature, char ret_key[HN_PGP_ID_ROOM])
{
    handle d = NULL, s = NULL, op = NULL;
    enum hn_pgp_verdict v = HN_PGP_BAD;
    FILE *before = hush();
    ret_key[0] = 0;
    if (signature.n <= HN_PGP_SIG_MAX && as_input(document, &d) && as_input(signature, &s) &&
        !rnp.verify_create(&op, rings[HN_PGP_TRUSTED], d, s))
        v = judge_all(op, ret_key);
    if (op)
        rnp.verify_destroy(op);
    rnp.input_destroy(s);
    rnp.input_destroy(d);
    stderr = before;
    return v;
}
