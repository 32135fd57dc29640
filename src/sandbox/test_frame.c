#include "sandbox/frame.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/str.h"
#include "hn_test.h"

static void pair(int fd[2])
{
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
}

static void put_raw(int fd, const void *p, size_t n)
{
    CHECK_INT(write(fd, p, n), n);
}

TEST(written_frames_read_back)
{
    int fd[2];
    HN_AUTO(hn_buf_done) struct hn_buf b;
    uint8_t type = 0;
    hn_buf_init(&b, 1000);
    pair(fd);
    STOP_IF_FAILED();
    CHECK_OK(hn_frame_write(fd[0], 'a', hn_str_bytes(HN_STR("hello"))));
    CHECK_OK(hn_frame_write(fd[0], 'b', (struct hn_bytes){0}));
    CHECK_OK(hn_frame_read(fd[1], &b, &type));
    CHECK_INT(type, 'a');
    CHECK_TEXT(hn_buf_text(&b), "hello");
    CHECK_OK(hn_frame_read(fd[1], &b, &type));
    CHECK_INT(type, 'b');
    CHECK_UINT(b.n, 0);
    close(fd[0]);
    CHECK_ERR(hn_frame_read(fd[1], &b, &type), NOENT);
}

TEST(a_length_beyond_the_limit_is_refused_before_memory)
{
    static const uint8_t two_gib[] = {'O', 0, 0, 0, 0x80}, all[] = {'O', 0xff, 0xff, 0xff, 0xff};
    static const uint8_t *const heads[] = {two_gib, all};
    for (size_t i = 0; i < 2; i++) {
        int fd[2];
        HN_AUTO(hn_buf_done) struct hn_buf b;
        uint8_t type;
        hn_buf_init(&b, SIZE_MAX / 2);
        pair(fd);
        STOP_IF_FAILED();
        put_raw(fd[0], heads[i], 5);
        STOP_IF_FAILED();
        CHECK_ERR(hn_frame_read(fd[1], &b, &type), LIMIT);
        CHECK_UINT(b.cap, 0);
        close(fd[0]);
        close(fd[1]);
    }
}

TEST(more_than_the_readers_maximum_is_refused)
{
    int fd[2];
    HN_AUTO(hn_buf_done) struct hn_buf b;
    uint8_t type;
    hn_buf_init(&b, 4);
    pair(fd);
    STOP_IF_FAILED();
    CHECK_OK(hn_frame_write(fd[0], 'a', hn_str_bytes(HN_STR("hello"))));
    CHECK_ERR(hn_frame_read(fd[1], &b, &type), LIMIT);
}

TEST(an_end_in_the_middle_is_no_clean_end)
{
    static const uint8_t part[] = {'O', 9, 0, 0, 0, 'x'};
    for (size_t n = 1; n <= sizeof part; n++) {
        int fd[2];
        HN_AUTO(hn_buf_done) struct hn_buf b;
        uint8_t type;
        hn_buf_init(&b, 100);
        pair(fd);
        STOP_IF_FAILED();
        put_raw(fd[0], part, n);
        close(fd[0]);
        CHECK_ERR(hn_frame_read(fd[1], &b, &type), DIED);
        close(fd[1]);
    }
}

TEST(writing_to_nobody_is_no_signal)
{
    int fd[2];
    pair(fd);
    STOP_IF_FAILED();
    close(fd[1]);
    CHECK_ERR(hn_frame_write(fd[0], 'a', hn_str_bytes(HN_STR("hello"))), DIED);
}

/* The reading side of a poll loop, fed a byte at a time. */
TEST(frames_come_out_whole_however_they_arrive)
{
    int fd[2];
    struct hn_frame_in in;
    HN_AUTO(hn_buf_done) struct hn_buf wire;
    uint8_t type;
    struct hn_bytes payload;
    struct hn_err e;
    static const size_t lengths[] = {3, 0, 5};
    size_t frames = 0;
    hn_buf_init(&wire, 1000);
    hn_frame_add(&wire, 'x', hn_str_bytes(HN_STR("one")));
    hn_frame_add(&wire, 'y', (struct hn_bytes){0});
    hn_frame_add(&wire, 'z', hn_str_bytes(HN_STR("three")));
    pair(fd);
    STOP_IF_FAILED();
    hn_frame_in_init(&in, 1 << 20);
    for (size_t i = 0; i < wire.n; i++) {
        put_raw(fd[0], wire.p + i, 1);
        STOP_IF_FAILED();
        CHECK_OK(hn_frame_in_fill(&in, fd[1]));
        while (hn_frame_in_next(&in, &type, &payload, &e)) {
            CHECK_INT(type, "xyz"[frames]);
            CHECK_UINT(payload.n, lengths[frames]);
            frames++;
        }
        CHECK_OK(e);
    }
    CHECK_UINT(frames, 3);
    hn_frame_in_done(&in);
}

TEST(a_huge_length_in_the_loop_is_an_error)
{
    static const uint8_t head[] = {'O', 0, 0, 0, 0x80};
    int fd[2];
    struct hn_frame_in in;
    uint8_t type;
    struct hn_bytes payload;
    struct hn_err e;
    pair(fd);
    STOP_IF_FAILED();
    hn_frame_in_init(&in, 1 << 20);
    put_raw(fd[0], head, sizeof head);
    STOP_IF_FAILED();
    CHECK_OK(hn_frame_in_fill(&in, fd[1]));
    CHECK(!hn_frame_in_next(&in, &type, &payload, &e));
    CHECK_ERR(e, LIMIT);
    /* and asking for more does not allocate it */
    put_raw(fd[0], head, sizeof head);
    STOP_IF_FAILED();
    CHECK_ERR(hn_frame_in_fill(&in, fd[1]), LIMIT);
    hn_frame_in_done(&in);
}
