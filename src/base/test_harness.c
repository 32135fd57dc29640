/* The harness must report what goes wrong: it runs this program again, with the cases that are meant to fail. */
#include "hn_test.h"

#define DEMO()                                                                                                         \
    do {                                                                                                               \
        if (!getenv("HN_TEST_DEMO"))                                                                                   \
            SKIP("meant to fail; run by the case below");                                                              \
    } while (0)

TEST(demo_wrong_number)
{
    DEMO();
    NOTE("row %d", 7);
    CHECK_INT(2 + 2, 5);
    abort(); /* not reached: a failed check leaves the function */
}

TEST(demo_wrong_text)
{
    DEMO();
    CHECK_TEXT(HN_STR("abc"), "abd");
}

TEST(demo_wrong_bytes)
{
    DEMO();
    CHECK_BYTES(hn_bytes_of("ab", 2), hn_bytes_of("abc", 3));
}

TEST(demo_wrong_error)
{
    DEMO();
    CHECK_OK((struct hn_err){HN_E_NOENT});
}

TEST(demo_crash)
{
    DEMO();
    raise(SIGSEGV);
}

TEST(demo_early_exit)
{
    DEMO();
    exit(0);
}

TEST_LONG(demo_hang, 1)
{
    DEMO();
    for (;;)
        pause();
}

TEST(demo_unchecked_allocation)
{
    DEMO();
    char *volatile p = hn_alloc(1);
    *p = 'x';
    hn_free(p);
}

static void run_demo(const char *how, char *out, size_t room)
{
    char command[512];

    snprintf(command, sizeof command, "HN_TEST_DEMO=1 %s /proc/%d/exe demo 2>/dev/null", how, (int)getpid());
    FILE *f = popen(command, "r");
    CHECK(f);
    size_t n = fread(out, 1, room - 1, f);
    out[n] = '\0';
    int status = pclose(f);
    CHECK_INT(WEXITSTATUS(status), 1);
}

TEST_LONG(every_kind_of_failure_is_reported_with_its_values, 30)
{
    static char out[8192];
    static const char *const want[] = {
        "2 + 2 is 4, expected 5 (row 7)",
        "is \"abc\", expected \"abd\"",
        "has 2 bytes, expected 3; differs at 2: the end, expected 0x63",
        "is noent, expected ok",
        "not ok 5 - demo_crash # ",
        "not ok 6 - demo_early_exit # exited with status 0",
        "not ok 7 - demo_hang # took too long",
        "ok 8 - demo_unchecked_allocation\n",
        "\n1..8\n1 passed, 7 failed\n",
    };

    run_demo("", out, sizeof out);
    STOP_IF_FAILED();
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        NOTE("in: %.200s", out);
        CHECK(strstr(out, want[i]));
    }
}

TEST_LONG(torture_finds_the_unchecked_allocation, 30)
{
    static char out[8192];

    run_demo("HINOMI_TORTURE=10", out, sizeof out);
    STOP_IF_FAILED();
    NOTE("in: %.200s", out);
    CHECK(strstr(out, "not ok 8 - demo_unchecked_allocation # with allocation 1 failing: "));
    CHECK(strstr(out, "\nok 1 - demo_wrong_number\n") || strncmp(out, "ok 1 - demo_wrong_number\n", 25) == 0);
}
