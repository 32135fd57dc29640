#include "cli/watch_busy.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"

static const char *const locks[] = {"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/rpm/.rpm.lock",
                                    "/usr/lib/sysimage/rpm/.rpm.lock", "/lib/apk/db/lock"};

static bool locked(int rootfd, const char *path)
{
    struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    HN_AUTO_FD fd = hn_open_in_root(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_WRLCK;
}

bool watch_busy(const char *root)
{
    HN_AUTO_FD fd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; fd >= 0 && i < sizeof locks / sizeof locks[0]; i++)
        if (locked(fd, locks[i]))
            return true;
    return false;
}
