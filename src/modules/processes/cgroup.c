/* /proc/PID/cgroup, "hierarchy:controllers:path" a line (cgroups(7)): which unit and which container a process is of.
 *   0::/system.slice/ssh.service
 *   0::/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service
 *   0::/system.slice/docker-<64 hex>.scope      12:cpu:/docker/<64 hex>     …/kubepods…/cri-containerd-<64 hex>.scope
 */
#include "base/str.h"
#include "modules/processes/processes.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* 64 hexadecimal digits somewhere in the part. */
static bool container_id(struct hn_str part, struct hn_str *ret)
{
    size_t run = 0;
    for (size_t i = 0; i <= part.n; i++) {
        if (i < part.n && is_hex(part.p[i])) {
            run++;
            continue;
        }
        if (run == 64) {
            *ret = hn_str_cut(part, i - 64, i);
            return true;
        }
        run = 0;
    }
    return false;
}

/* systemd writes bytes that cannot stand in a unit name as \xHH, and so does hn_str_from_hostile. */
static void one_path(struct processes_state *st, struct process *q, struct hn_str path)
{
    struct hn_str part, id, rest = path, before = {0};
    while (hn_str_split(&rest, '/', &part)) {
        if (container_id(part, &id))
            q->container = processes_keep(st, hn_str_bytes(hn_str_cut(id, 0, 12)), 64);
        else if (hn_str_eqc(before, "lxc") || hn_str_starts(part, "lxc.payload."))
            q->container = processes_keep(st, hn_str_bytes(part), 128);
        bool unit = hn_str_ends(part, ".service") || hn_str_ends(part, ".scope");
        /* the first one below the root is the system manager's; what follows it belongs to a user's manager */
        if (unit && !q->unit.n)
            q->unit = processes_keep(st, hn_str_bytes(part), 256);
        before = part;
    }
}

void processes_cgroup(struct processes_state *st, struct process *q, struct hn_bytes text)
{
    struct hn_bytes line;
    while (hn_bytes_line(&text, &line)) {
        struct hn_str rest = {(const char *)line.p, line.n}, hierarchy, controllers;
        if (!hn_str_split(&rest, ':', &hierarchy) || !hn_str_split(&rest, ':', &controllers))
            continue;
        bool systemd = hn_str_eqc(hierarchy, "0") || hn_str_eqc(controllers, "name=systemd");
        struct hn_str unit = q->unit;
        one_path(st, q, rest);
        if (!systemd)
            q->unit = unit; /* other hierarchies need not follow the units */
    }
}
