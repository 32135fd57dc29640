#include "httpd/mhd.h"

#include <dlfcn.h>

#include "base/log.h"

#define LIBRARY "libmicrohttpd.so.12"

struct hn_mhd hn_mhd;

/* POSIX wants a pointer to an object to hold the address of a function (dlsym). */
static bool find(void *library, const char *name, void *to)
{
    void *found = dlsym(library, name);

    if (found)
        *(void **)to = found;
    return found != NULL;
}

bool hn_mhd_load(void)
{
    struct hn_mhd m;
    const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"MHD_add_response_header", &m.add_response_header},
        {"MHD_create_response_from_buffer", &m.create_response_from_buffer},
        {"MHD_create_response_from_callback", &m.create_response_from_callback},
        {"MHD_destroy_response", &m.destroy_response},
        {"MHD_get_connection_info", &m.get_connection_info},
        {"MHD_get_daemon_info", &m.get_daemon_info},
        {"MHD_get_timeout", &m.get_timeout},
        {"MHD_lookup_connection_value", &m.lookup_connection_value},
        {"MHD_queue_response", &m.queue_response},
        {"MHD_resume_connection", &m.resume_connection},
        {"MHD_run", &m.run},
        {"MHD_start_daemon", &m.start_daemon},
        {"MHD_stop_daemon", &m.stop_daemon},
        {"MHD_suspend_connection", &m.suspend_connection},
    };

    if (hn_mhd.run)
        return true;
    void *l = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!l) {
        hn_log(HN_LOG_ERROR, "%s cannot be loaded: install libmicrohttpd12", LIBRARY);
        return false;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!find(l, functions[i].name, functions[i].to)) {
            hn_log(HN_LOG_ERROR, "%s lacks %s", LIBRARY, functions[i].name);
            return false;
        }
    hn_mhd = m;
    return true;
}
