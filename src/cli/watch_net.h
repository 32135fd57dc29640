/* What no file system tells: addresses and routes (rtnetlink tells), firewall rules (nfnetlink tells those who may
 * ask), listeners and processes (looked at now and then, cheaply: a few microseconds for one dump of listening
 * sockets). */
#pragma once

#include "core/run.h"

struct watch_net;

struct watch_net *watch_net_new(void); /* NULL: memory */
void watch_net_free(struct watch_net *w);
/* From now on for the modules of this run that asked netlink or looked at processes. */
void watch_net_learn(struct watch_net *w, const struct hn_run *r);
void watch_net_fds(const struct watch_net *w, int ret[2]); /* -1: not in use */
/* Modules concerned by what has been told since the last call; never waits. */
uint64_t watch_net_take(struct watch_net *w);
/* Looks at the listeners, and with processes at who runs: modules concerned by a difference to the last look. Who came
 * and went in between is not noticed. */
uint64_t watch_net_look(struct watch_net *w, bool processes);
