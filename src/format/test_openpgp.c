/* Keys and signatures made with GnuPG 2.2 for this test, of Ed25519: they have no use beside it. */
#include "hn_test.h"

#include "base/mem.h"
#include "format/openpgp.h"

#define MAKER "637BA5D54A6CDD9C79A594909BFC46A37EEB6E05"
#define OTHER "9C5B590B3B605D781EA107C8B9A7096E3B52247D"
#define SHORT "A9B5EBD51B9ECFA047D9BB8695CA7771DBB75892"
#define DOC   "an advisory\n"

/* never ends */
static const char maker_key[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                                "\n"
                                "mDMEZ3SFgBYJKwYBBAHaRw8BAQdAEBwV90RQV8yPkEI79gXr7PUC8jjiQturHPRg\n"
                                "Raubf1q0G01ha2VyIDxwc2lydEBtYWtlci5leGFtcGxlPoiQBBMWCAA4FiEEY3ul\n"
                                "1Ups3Zx5pZSQm/xGo37rbgUFAmd0hYACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgEC\n"
                                "F4AACgkQm/xGo37rbgVEWAD/epo18QwyOVEyHEcSnhv9WD/AdLkiwXPXyKBUvG0H\n"
                                "VFQBAMhkEFE3K3pFJnfb84pbt9Yvo3C0D7BA4LkQRaOGoAgD\n"
                                "=sQvC\n"
                                "-----END PGP PUBLIC KEY BLOCK-----\n";
/* the same key, revoked on 2026-11-29 */
static const char revoked_key[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                                  "\n"
                                  "mDMEZ3SFgBYJKwYBBAHaRw8BAQdAEBwV90RQV8yPkEI79gXr7PUC8jjiQturHPRg\n"
                                  "Raubf1qIeAQgFggAIBYhBGN7pdVKbN2ceaWUkJv8RqN+624FBQJndIWAAh0AAAoJ\n"
                                  "EJv8RqN+624FjcABAPReSNLJUsMlHY0mSlobRMmMu/dRnQfKZp1vIPxHB6ktAP9B\n"
                                  "CUS8rz3FBe/vJtCuRtyqhaNfg+QoG420ee/9SVO9B7QbTWFrZXIgPHBzaXJ0QG1h\n"
                                  "a2VyLmV4YW1wbGU+iJAEExYIADgWIQRje6XVSmzdnHmllJCb/EajfutuBQUCZ3SF\n"
                                  "gAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRCb/EajfutuBURYAP96mjXx\n"
                                  "DDI5UTIcRxKeG/1YP8B0uSLBc9fIoFS8bQdUVAEAyGQQUTcrekUmd9vzilu31i+j\n"
                                  "cLQPsEDguRBFo4agCAM=\n"
                                  "=pDEo\n"
                                  "-----END PGP PUBLIC KEY BLOCK-----\n";
/* 2025-06-01 */
static const char maker_asc[] = "-----BEGIN PGP SIGNATURE-----\n"
                                "\n"
                                "iIoEABYIADIWIQRje6XVSmzdnHmllJCb/EajfutuBQUCaDuYABQccHNpcnRAbWFr\n"
                                "ZXIuZXhhbXBsZQAKCRCb/EajfutuBUQhAPsGt7xNld3+1AQFEgf13STMR7pJ+zJG\n"
                                "pSMWdS8G3r6jnAD/bLwvo5Baw8ocvZJWOrJ5kX5tHaXbNAxFmIiP3JO+oAc=\n"
                                "=T5rw\n"
                                "-----END PGP SIGNATURE-----\n";
/* 2025-06-01, for one month */
static const char brief_asc[] = "-----BEGIN PGP SIGNATURE-----\n"
                                "\n"
                                "iJAEABYIADgWIQRje6XVSmzdnHmllJCb/EajfutuBQUCaDuYAAWDACeNABQccHNp\n"
                                "cnRAbWFrZXIuZXhhbXBsZQAKCRCb/EajfutuBdd1AQClNvjFhxP0t4qi/WmP9f2W\n"
                                "OX2qmRk3Vsd96iZc9Ain0QEA9wpzrUJ182G4mbM1wmQC9NQfMjpIzqlqGCZ7KXNK\n"
                                "GAo=\n"
                                "=J908\n"
                                "-----END PGP SIGNATURE-----\n";
/* never ends */
static const char other_key[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                                "\n"
                                "mDMEZ3SFgBYJKwYBBAHaRw8BAQdAWIbl9+dHPwXCEaF2XGnUYcCRaU7/NPFyamSc\n"
                                "dVFK9d20F090aGVyIDx4QG90aGVyLmV4YW1wbGU+iJAEExYIADgWIQScW1kLO2Bd\n"
                                "eB6hB8i5pwluO1IkfQUCZ3SFgAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK\n"
                                "CRC5pwluO1Ikfe1UAP0VzpVtpZdqNttD81h/e2krUEtdv2Wv1+5s2ZisvzbyNQEA\n"
                                "vmbV+nGS/AUjsjjJM2AqExBDYhyjQCDErTS9S/9suwg=\n"
                                "=axDb\n"
                                "-----END PGP PUBLIC KEY BLOCK-----\n";
/* 2025-06-01 */
static const char other_asc[] = "-----BEGIN PGP SIGNATURE-----\n"
                                "\n"
                                "iIYEABYIAC4WIQScW1kLO2BdeB6hB8i5pwluO1IkfQUCaDuYABAceEBvdGhlci5l\n"
                                "eGFtcGxlAAoJELmnCW47UiR9qPAA/2GtNJJjD1WzF0YvjUbZ2lRB6nFezGrA6jjq\n"
                                "Zj3NRNAsAPwLIjLr6+4RvfTPIG3JEoWDX6BXECkRO0S7q9zI+mV7AA==\n"
                                "=aTHQ\n"
                                "-----END PGP SIGNATURE-----\n";
/* ends on 2026-01-01 */
static const char short_key[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
                                "\n"
                                "mDMEZ3SFgBYJKwYBBAHaRw8BAQdAy3spPuq+y1xugYgiQTz9tcelyIevRKvfDvdE\n"
                                "1LU4sGi0F1Nob3J0IDx4QHNob3J0LmV4YW1wbGU+iJYEExYIAD4WIQSptevVG57P\n"
                                "oEfZu4aVyndx27dYkgUCZ3SFgAIbAwUJAeEzgAULCQgHAgYVCgkICwIEFgIDAQIe\n"
                                "AQIXgAAKCRCVyndx27dYkicSAQDOOjGX/vVWjBcDE/4I2NhEbWEvuZ8ejNtHAW2z\n"
                                "xtM7KQEAoL/QBBD+K+l2eskzfLxhPRHNCdXwLiCppOJV7dCkZQM=\n"
                                "=2P0I\n"
                                "-----END PGP PUBLIC KEY BLOCK-----\n";
/* 2025-06-01 */
static const char short_asc[] = "-----BEGIN PGP SIGNATURE-----\n"
                                "\n"
                                "iIYEABYIAC4WIQSptevVG57PoEfZu4aVyndx27dYkgUCaDuYABAceEBzaG9ydC5l\n"
                                "eGFtcGxlAAoJEJXKd3Hbt1iS75gA/36Mbsrjjve1q4JTkt3VgOfxCysWk+XRoQQh\n"
                                "diSOWqb+AP4g6EGU431ZJSHB7R/mE6/Nqn55DAGzxrfxjffENIUnAA==\n"
                                "=2ojr\n"
                                "-----END PGP SIGNATURE-----\n";
/* of the same key, made on 2026-06-01 */
static const char late_asc[] = "-----BEGIN PGP SIGNATURE-----\n"
                               "\n"
                               "iIYEABYIAC4WIQSptevVG57PoEfZu4aVyndx27dYkgUCahzLgBAceEBzaG9ydC5l\n"
                               "eGFtcGxlAAoJEJXKd3Hbt1iSINIBAPzDrlQ9Mzf9NgroaZQFTb4fF/4ZWcqYec6q\n"
                               "MRbO6l+6AP4syTsc6OhTYgo0IrMzLeE+iB1peSNrtC5Zt0CxEMKaDw==\n"
                               "=zDmP\n"
                               "-----END PGP SIGNATURE-----\n";

static struct hn_bytes text(const char *s)
{
    return hn_bytes_of(s, strlen(s));
}

static enum hn_pgp_verdict verify(const char *document, const char *signature, char *key)
{
    char own[HN_PGP_ID_ROOM];
    return hn_pgp_verify(text(document), text(signature), key ? key : own);
}

static hn_time at(const char *when)
{
    hn_time t = 0;
    return hn_time_parse(hn_str_c(when), &t) ? t : 0;
}

#define LOAD()                                                                                                         \
    do {                                                                                                               \
        struct hn_diag d = {{0}};                                                                                      \
        if (!hn_ok(hn_pgp_load(at("2026-12-01T00:00:00Z"), &d)))                                                       \
            SKIP("%s", d.msg);                                                                                         \
    } while (0)

TEST(no_key_yet)
{
    LOAD();
    char key[HN_PGP_ID_ROOM];
    CHECK_INT(verify(DOC, maker_asc, key), HN_PGP_UNKNOWN);
    CHECK_C(key, "9BFC46A37EEB6E05");
}

TEST(hostile_keys)
{
    LOAD();
    HN_AUTO(hn_buf_done) struct hn_buf big = {0};
    struct hn_pgp_key list[HN_PGP_KEYS_MAX];
    hn_buf_init(&big, 4u << 20);
    while (big.n <= HN_PGP_KEY_FILE_MAX && !big.bad)
        hn_buf_c(&big, "no key ");
    CHECK_ERR(hn_pgp_import(HN_PGP_TRUSTED, text("")), INVALID);
    CHECK_ERR(hn_pgp_import(HN_PGP_TRUSTED, text("no key")), INVALID);
    CHECK_ERR(hn_pgp_import(HN_PGP_TRUSTED, text(maker_asc)), INVALID);
    CHECK_ERR(hn_pgp_import(HN_PGP_TRUSTED, hn_bytes_of(big.p, big.n)), LIMIT);
    for (size_t n = 0; n + 60 < strlen(maker_key); n += 7)
        if (hn_ok(hn_pgp_import(HN_PGP_OFFERED, hn_bytes_of(maker_key, n))))
            CHECK(hn_pgp_keys(HN_PGP_OFFERED, list) <= 1);
    CHECK_INT(hn_pgp_keys(HN_PGP_TRUSTED, list), 0);
}

TEST(offered_and_trusted)
{
    LOAD();
    struct hn_pgp_key list[HN_PGP_KEYS_MAX];
    CHECK_OK(hn_pgp_import(HN_PGP_OFFERED, text(maker_key)));
    CHECK_INT(hn_pgp_keys(HN_PGP_OFFERED, list), 1);
    CHECK_C(list[0].fingerprint, MAKER);
    CHECK(list[0].usable);
    CHECK_INT(verify(DOC, maker_asc, NULL), HN_PGP_UNKNOWN); /* offered is not trusted */
    CHECK_OK(hn_pgp_trust(MAKER));
    CHECK_ERR(hn_pgp_trust(OTHER), INVALID);
    CHECK(hn_pgp_has(HN_PGP_TRUSTED, MAKER));
    CHECK_INT(hn_pgp_keys(HN_PGP_TRUSTED, list), 1);
}

TEST(verdicts)
{
    LOAD();
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(maker_key)));
    char key[HN_PGP_ID_ROOM];
    CHECK_INT(verify(DOC, maker_asc, key), HN_PGP_GOOD);
    CHECK_C(key, MAKER);
    CHECK_INT(verify("an adviSory\n", maker_asc, key), HN_PGP_BAD);
    CHECK_C(key, MAKER);
    CHECK_INT(verify("", maker_asc, NULL), HN_PGP_BAD);
    CHECK_INT(verify(DOC, brief_asc, NULL), HN_PGP_EXPIRED);
    CHECK_INT(verify(DOC, other_asc, key), HN_PGP_UNKNOWN);
    CHECK_C(key, "B9A7096E3B52247D");
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(short_key)));
    CHECK_INT(verify(DOC, short_asc, key), HN_PGP_GOOD); /* made while it was valid */
    CHECK_C(key, SHORT);
    CHECK_INT(verify(DOC, late_asc, key), HN_PGP_EXPIRED);
    CHECK_C(key, SHORT);
}

TEST(hostile_signatures)
{
    LOAD();
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(maker_key)));
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    hn_buf_init(&b, 1u << 20);
    CHECK_INT(verify(DOC, "", NULL), HN_PGP_BAD);
    CHECK_INT(verify(DOC, "garbage", NULL), HN_PGP_BAD);
    CHECK_INT(verify(DOC, maker_key, NULL), HN_PGP_BAD);
    for (size_t n = 0; n < strlen(maker_asc); n++) { /* every truncation; without the last line all of it is there */
        char key[HN_PGP_ID_ROOM];
        enum hn_pgp_verdict v = hn_pgp_verify(text(DOC), hn_bytes_of(maker_asc, n), key);
        CHECK(v != HN_PGP_GOOD || n + 35 > strlen(maker_asc));
    }
    for (size_t i = 60; i < 240;
         i++) { /* every letter another: never good by luck but where armor has room for notes */
        char changed[sizeof maker_asc];
        memcpy(changed, maker_asc, sizeof changed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        (void)verify(DOC, changed, NULL);
    }
    while (b.n <= HN_PGP_SIG_MAX && !b.bad)
        hn_buf_c(&b, maker_asc);
    char key[HN_PGP_ID_ROOM];
    CHECK_INT(hn_pgp_verify(text(DOC), hn_bytes_of(b.p, b.n), key), HN_PGP_BAD); /* too large to be looked at */
}

TEST(saved_and_read_again)
{
    LOAD();
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(short_key)));
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(maker_key)));
    HN_AUTO(hn_buf_done) struct hn_buf b = {0};
    struct hn_pgp_key list[HN_PGP_KEYS_MAX];
    hn_buf_init(&b, 1u << 20);
    CHECK_OK(hn_pgp_save(&b));
    CHECK_OK(hn_pgp_import(HN_PGP_OFFERED, hn_bytes_of(b.p, b.n)));
    CHECK_INT(hn_pgp_keys(HN_PGP_OFFERED, list), 2);
    CHECK_C(list[1].fingerprint, SHORT);
    CHECK(!list[1].usable); /* it has ended */
}

TEST(revoked)
{
    LOAD();
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(other_key)));
    CHECK_OK(hn_pgp_import(HN_PGP_TRUSTED, text(maker_key)));
    CHECK_INT(verify(DOC, maker_asc, NULL), HN_PGP_GOOD);
    struct hn_pgp_key list[HN_PGP_KEYS_MAX];
    CHECK_OK(hn_pgp_import(HN_PGP_OFFERED, text(revoked_key)));
    CHECK_OK(hn_pgp_trust(MAKER)); /* what is new of a key that is there */
    CHECK_INT(hn_pgp_keys(HN_PGP_TRUSTED, list), 2);
    CHECK(!list[0].usable);
    CHECK(verify(DOC, maker_asc, NULL) != HN_PGP_GOOD);
}
