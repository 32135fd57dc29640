/* The HTTP library, loaded by the process that serves the console, before it enters its sandbox. It brings ten
 * libraries with it (GnuTLS and what that needs), which every other process would load and relocate at its start. The
 * names below are the library's own. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

struct hn_mhd {
    __typeof__(MHD_add_response_header) *add_response_header;
    __typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
    __typeof__(MHD_create_response_from_callback) *create_response_from_callback;
    __typeof__(MHD_destroy_response) *destroy_response;
    __typeof__(MHD_get_connection_info) *get_connection_info;
    __typeof__(MHD_get_daemon_info) *get_daemon_info;
    __typeof__(MHD_get_timeout) *get_timeout;
    __typeof__(MHD_lookup_connection_value) *lookup_connection_value;
    __typeof__(MHD_queue_response) *queue_response;
    __typeof__(MHD_resume_connection) *resume_connection;
    __typeof__(MHD_run) *run;
    __typeof__(MHD_start_daemon) *start_daemon;
    __typeof__(MHD_stop_daemon) *stop_daemon;
    __typeof__(MHD_suspend_connection) *suspend_connection;
};
extern struct hn_mhd hn_mhd;

/* Before anything else of the library; once is enough. False: it is not installed, or lacks a function (logged). */
bool hn_mhd_load(void);

#define MHD_add_response_header           hn_mhd.add_response_header
#define MHD_create_response_from_buffer   hn_mhd.create_response_from_buffer
#define MHD_create_response_from_callback hn_mhd.create_response_from_callback
#define MHD_destroy_response              hn_mhd.destroy_response
#define MHD_get_connection_info           hn_mhd.get_connection_info
#define MHD_get_daemon_info               hn_mhd.get_daemon_info
#define MHD_get_timeout                   hn_mhd.get_timeout
#define MHD_lookup_connection_value       hn_mhd.lookup_connection_value
#define MHD_queue_response                hn_mhd.queue_response
#define MHD_resume_connection             hn_mhd.resume_connection
#define MHD_run                           hn_mhd.run
#define MHD_start_daemon                  hn_mhd.start_daemon
#define MHD_stop_daemon                   hn_mhd.stop_daemon
#define MHD_suspend_connection            hn_mhd.suspend_connection
