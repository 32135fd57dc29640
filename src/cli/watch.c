/* hinomi diagnose --watch: runs again when something that matters changed, and on a schedule.
 *
 * inotify on the folders whose files make up the picture (package database, configuration, units, boot), rtnetlink for
 * links and addresses. Changes are gathered for a second, since a package manager touches many files; then one run. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/keep.h"

static const char *const watched[] = {
    "/var/lib/dpkg",
    "/var/lib/apt/lists",
    "/etc",
    "/etc/ssh",
    "/etc/ssh/sshd_config.d",
    "/etc/sudoers.d",
    "/etc/pam.d",
    "/etc/apt",
    "/etc/apt/sources.list.d",
    "/etc/apt/apt.conf.d",
    "/etc/sysctl.d",
    "/etc/security",
    "/etc/systemd/system",
    "/etc/systemd/system/multi-user.target.wants",
    "/usr/lib/systemd/system",
    "/etc/cron.d",
    "/etc/cron.daily",
    "/etc/cron.hourly",
    "/var/spool/cron/crontabs",
    "/etc/profile.d",
    "/etc/modprobe.d",
    "/boot",
    "/root/.ssh",
    "/etc/hinomi",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/lib/apk/db",
    "/var/lib/rpm",
};

#define GATHER_MS      1000
#define DEEP_FIRST     (10 * HN_MINUTE) /* after the start: not everything at once when a machine boots */
#define GATHER_MOST_MS 3000             /* a busy folder does not put a run off for ever */

struct watch {
    int inotify, netlink, signals;
};

static int open_netlink(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    struct sockaddr_nl a = {.nl_family = AF_NETLINK,
                            .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE};
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static struct hn_err watch_open(struct watch *w, struct hn_diag *reterr)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    w->netlink = open_netlink();
    w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->inotify < 0 || w->signals < 0)
        return hn_fail_errno(reterr, "cannot watch for changes");
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        inotify_add_watch(w->inotify, watched[i],
                          IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB |
                              IN_ONLYDIR);
    return HN_OK;
}

static void drain(int fd)
{
    char buf[16384];
    while (fd >= 0 && read(fd, buf, sizeof buf) > 0)
        ;
}

/* 1 changed (or the time is up), 0 told to end. */
static int wait_for_change(struct watch *w, int64_t until)
{
    struct pollfd p[3] = {{.fd = w->signals, .events = POLLIN},
                          {.fd = w->inotify, .events = POLLIN},
                          {.fd = w->netlink, .events = POLLIN}};
    int64_t gather_until = 0;
    for (;;) {
        int64_t now = hn_monotonic();
        int64_t wait = (until - now) / 1000000;
        if (gather_until)
            wait = gather_until - now < GATHER_MS * INT64_C(1000000) ? (gather_until - now) / 1000000 : GATHER_MS;
        if (wait <= 0)
            return 1;
        int n = poll(p, 3, wait > 60000 ? 60000 : (int)wait);
        if (n < 0 && errno != EINTR)
            return 0;
        if (n > 0 && p[0].revents)
            return 0;
        if (n == 0 && gather_until)
            return 1;
        if (n > 0) {
            drain(w->inotify);
            drain(w->netlink);
            if (!gather_until)
                gather_until = now + GATHER_MOST_MS * INT64_C(1000000);
        }
    }
}

int cli_watch(const struct hn_run_options *o, const struct cli_keep *k, unsigned every)
{
    struct watch w = {-1, -1, -1};
    struct hn_diag d = {{0}};
    struct hn_err e = watch_open(&w, &d);
    int64_t next = 0, deep_every = hn_config_int(cli.conf, "diagnose.deep_every") * HN_SECOND;
    int64_t next_deep = hn_monotonic() + (deep_every < DEEP_FIRST ? deep_every : DEEP_FIRST);
    struct hn_run_options run = *o;
    while (hn_ok(e) && (next == 0 || wait_for_change(&w, next) == 1)) {
        struct hn_run *r = NULL;
        run.deep = o->deep || (deep_every > 0 && hn_monotonic() >= next_deep);
        struct hn_err once = cli_diagnose_once(&run, k, &r, &d);
        if (run.deep)
            next_deep = hn_monotonic() + deep_every;
        if (hn_ok(once))
            hn_log(HN_LOG_INFO, "diagnosed: %zu findings, score %.0f", r->judged.n, r->score);
        else
            hn_log(HN_LOG_ERROR, "diagnosis failed: %s", d.msg);
        if (once.code == HN_E_DIED) /* the store is gone: whoever started us starts us again */
            e = once;
        hn_run_free(r);
        next = hn_monotonic() + (int64_t)every * HN_SECOND;
        if (deep_every > 0 && next_deep < next)
            next = next_deep;
    }
    hn_fd_cleanup(&w.inotify);
    hn_fd_cleanup(&w.netlink);
    hn_fd_cleanup(&w.signals);
    if (!hn_ok(e) && e.code != HN_E_DIED)
        cli_fail(e, &d);
    return hn_err_exit(e);
}
