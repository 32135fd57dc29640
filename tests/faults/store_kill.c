/* kill -9 at random moments while the store writes. A child opens the store and does what a store role does (runs,
 * actions, transitions, batches, backups of itself), telling through a pipe what was acknowledged; the parent kills it,
 * opens the store, and looks: the check finds nothing, everything acknowledged is there, nothing shows a state that was
 * not reached. 240 times. */
#include <fcntl.h>
#include <time.h>

#include "../../src/store/test_store.h"

#define KILLS 240
#define T0    (INT64_C(1790000000) * HN_SECOND)

/* One acknowledgement. Whole in the pipe or not at all: shorter than PIPE_BUF. */
struct ack {
    char what; /* r run, a action made, m moved, o organisation */
    int state;
    char id[48];
};

static void tell(int fd, char what, struct hn_str id, int state)
{
    struct ack a = {.what = what, .state = state};

    snprintf(a.id, sizeof a.id, "%.*s", HN_FMT(id));
    if (write(fd, &a, sizeof a) != sizeof a)
        _exit(3);
}

static const char *const shows[] = {"ABCDEFGH", "ABCD", "aBcD", "", "EFGH", "ABGH"};

static void work_on(struct hn_store *s, int fd, struct hn_str x, unsigned n, unsigned *seed)
{
    struct hn_str id;
    char run[40];
    enum hn_action_state to = (enum hn_action_state)(rand_r(seed) % 4);

    snprintf(run, sizeof run, "%u-%u", (unsigned)getpid(), n);
    if (!hn_ok(put_run(s, SYS, x,
                       &(struct spec){.id = run,
                                      .show = shows[rand_r(seed) % 6],
                                      .obs = shows[rand_r(seed) % 6],
                                      .at = hn_now(),
                                      .origin = "local",
                                      .partial = rand_r(seed) % 4 == 0},
                       NULL)))
        _exit(4);
    tell(fd, 'r', hn_str_c(run), 0);
    if (hn_ok(hn_store_action_put(s, SYS, finding_id(x, (char)('A' + rand_r(seed) % 8)), S(""), 0, S(""), &mem, &id))) {
        tell(fd, 'a', id, 0);
        if (hn_ok(hn_store_action_move(s, SYS, id, &(struct hn_store_transition){.to = to})))
            tell(fd, 'm', id, to);
    }
    if (rand_r(seed) % 8 == 0 && hn_ok(hn_store_org_put(s, SYS, S("root"), S("o"), S("o"), S(""), &mem, &id)))
        tell(fd, 'o', id, 0);
}

static void work(int fd, unsigned seed)
{
    struct hn_store *s = open_store();

    if (!s)
        _exit(2);
    for (unsigned n = 0;; n++) {
        char name[16];
        snprintf(name, sizeof name, "host-%u", rand_r(&seed) % 5);
        struct hn_str x = asset_of(s, name, S("root"));
        bool batch = rand_r(&seed) % 3 == 0;
        int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (batch && !hn_ok(hn_store_batch_begin(s)))
            _exit(5);
        for (unsigned i = 0; i < (batch ? 4u : 1u); i++)
            work_on(s, batch ? quiet : fd, x, n++, &seed); /* inside a batch nothing is acknowledged */
        close(quiet);
        if (batch && !hn_ok(hn_store_batch_end(s, true)))
            _exit(6);
        hn_arena_clear(&mem);
    }
}

/* States that an action can have been taken to after `state` was acknowledged: by the runs of the same child only. */
static bool possible(enum hn_action_state acked, enum hn_action_state now)
{
    return now == acked || now == HN_ACTION_VERIFIED || (acked == HN_ACTION_CLAIMED && now == HN_ACTION_IN_PROGRESS);
}

static void verify(struct hn_store *s, const struct ack *a, bool last_of_it)
{
    struct hn_store_run_row r;
    struct hn_store_action x;
    struct hn_store_org o;
    struct hn_str id = hn_str_c(a->id);

    switch (a->what) {
    case 'r':
        CHECK_OK(hn_store_run_get(s, SYS, id, &mem, &r));
        break;
    case 'o':
        CHECK_OK(hn_store_org_get(s, SYS, id, &mem, &o));
        break;
    default:
        CHECK_OK(hn_store_action_get(s, SYS, id, &mem, &x));
        if (a->what == 'm')
            CHECK(possible((enum hn_action_state)a->state, x.state));
        else if (last_of_it) /* the move that followed may have been done and not told */
            CHECK(x.state <= HN_ACTION_VERIFIED);
        if (x.state == HN_ACTION_VERIFIED)
            CHECK(x.verified_run.n > 0 && (x.row.status == HN_F_CLOSED || x.row.reopened > 0));
    }
}

static void kill_once(unsigned round, unsigned *seed, unsigned *acked)
{
    struct ack a;
    int p[2], status;
    struct timespec t = {0, (long)(rand_r(seed) % 60000 + 500) * 1000};

    CHECK_INT(pipe2(p, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(p[0]);
        work(p[1], round * 7919 + 1);
    }
    close(p[1]);
    nanosleep(&t, NULL);
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid);
    NOTE("kill %u", round);
    CHECK(WIFSIGNALED(status)); /* it was at work, not ended by an error of its own */
    AUTO_STORE s = open_store();
    CHECK(s != NULL);
    CHECK_UINT(problems(s), 0);
    while (read(p[0], &a, sizeof a) == sizeof a) {
        verify(s, &a, true);
        STOP_IF_FAILED();
        ++*acked;
    }
    close(p[0]);
    hn_arena_clear(&mem);
}

TEST_LONG(nothing_acknowledged_is_lost, 600)
{
    unsigned seed = 3, acked = 0;

    make_home();
    for (unsigned round = 0; round < KILLS; round++) {
        kill_once(round, &seed, &acked);
        STOP_IF_FAILED();
    }
    printf("# %d kills, %u acknowledged changes found again\n", KILLS, acked);
    CHECK(acked > KILLS / 4); /* on a busy machine many are killed before their first change */
}

/* Killed while the schema is being made: the next opening begins anew or finds it whole. */
TEST_LONG(killed_during_migration, 120)
{
    unsigned seed = 4;

    make_home();
    for (unsigned round = 0; round < 60; round++) {
        struct timespec t = {0, (long)(rand_r(&seed) % 9000 + 100) * 1000};
        char file[128];
        int status;
        for (unsigned i = 0; i < 3; i++) {
            snprintf(file, sizeof file, "%s/store.db%s", home, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
            unlink(file);
        }
        fflush(NULL);
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            open_store();
            pause();
            _exit(0);
        }
        nanosleep(&t, NULL);
        kill(pid, SIGKILL);
        CHECK(waitpid(pid, &status, 0) == pid);
        NOTE("kill %u", round);
        AUTO_STORE s = open_store();
        CHECK(s != NULL);
        CHECK_UINT(problems(s), 0);
    }
}
