/* Messages between roles: frames from a stream that arrives in pieces, and the capture records in them. What is read
 * and written again is the same. The first byte says how long the pieces are. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "core/record.h"
#include "fuzz.h"
#include "sandbox/frame.h"

static void records(struct hn_bytes b)
{
    struct hn_rec r;
    struct hn_buf again;
    struct hn_bytes exact = fuzz_copy(b.p, b.n);
    if (hn_rec_read(exact, &r)) {
        hn_buf_init(&again, 64u << 20);
        hn_rec_write(&again, &r);
        struct hn_rec r2;
        FUZZ_CHECK(hn_rec_read(hn_bytes_of(again.p, again.n), &r2), "not read back");
        FUZZ_CHECK(r2.data.n == r.data.n && r2.path.n == r.path.n && r2.err == r.err && r2.offset == r.offset &&
                       r2.st.ctime == r.st.ctime && r2.more == r.more,
                   "read back differently");
        hn_buf_clear(&again);
        hn_rec_print(&again, &r);
        hn_buf_done(&again);
    }
    fuzz_free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd[2];
    struct hn_frame_in in;
    size_t total = 0, piece = size ? 1u + data[0] * 16u : 1;
    bool good = true;
    if (size < 2 || size > 60000 || pipe2(fd, O_CLOEXEC | O_NONBLOCK) != 0)
        return 0;
    hn_frame_in_init(&in, 1u << 20);
    for (size_t at = 1; good && at < size; at += piece) {
        size_t n = piece < size - at ? piece : size - at;
        uint8_t type;
        struct hn_bytes payload;
        struct hn_err e = HN_OK;
        if (write(fd[1], data + at, n) != (ssize_t)n)
            abort();
        good = hn_ok(hn_frame_in_fill(&in, fd[0]));
        while (good && hn_frame_in_next(&in, &type, &payload, &e)) {
            total += payload.n + 5;
            records(payload);
        }
        good = good && hn_ok(e);
    }
    FUZZ_CHECK(total < size, "%zu bytes of frames in %zu", total, size);
    hn_frame_in_done(&in);
    close(fd[0]);
    close(fd[1]);
    records(hn_bytes_of(data + 1, size - 1));
    return 0;
}
