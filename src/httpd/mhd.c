#include "httpd/mhd.h"

#include "base/library.h"
#include "base/log.h"

struct hn_mhd hn_mhd;

bool hn_mhd_load(void)
{
    struct hn_mhd m;
    struct hn_diag d = {{0}};
    const struct hn_library_function functions[] = {
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
    if (!hn_ok(hn_library_load("libmicrohttpd.so.12", "libmicrohttpd12", functions,
                               sizeof functions / sizeof *functions, &d))) {
        hn_log(HN_LOG_ERROR, "%s", d.msg);
        return false;
    }
    hn_mhd = m;
    return true;
}
