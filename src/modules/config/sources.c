/* Which files are read, by which reader, in the order in which the program they belong to reads them. */
#include "modules/config/config.h"

#define SYSTEMD(name)                                                                                                  \
    {                                                                                                                  \
        "/usr/lib/systemd/" name ".d/*.conf", "/run/systemd/" name ".d/*.conf", "/etc/systemd/" name,                  \
            "/etc/systemd/" name ".d/*.conf"                                                                           \
    }

const struct config_source config_sources[] = {
    /* accounts and passwords */
    {"login.defs", CONFIG_LAST, config_read_words, {"/etc/login.defs"}},
    {"useradd", CONFIG_LAST, config_read_equals, {"/etc/default/useradd"}},
    {"pam", CONFIG_EACH, config_read_pam, {"/etc/pam.d/", "/etc/pam.d/*"}},
    {"pwquality",
     CONFIG_LAST,
     config_read_equals,
     {"/etc/security/pwquality.conf.d/*.conf", "/etc/security/pwquality.conf"}},
    {"faillock", CONFIG_LAST, config_read_equals, {"/etc/security/faillock.conf"}},
    {"pwhistory", CONFIG_LAST, config_read_equals, {"/etc/security/pwhistory.conf"}},
    {"limits", CONFIG_LAST, config_read_limits, {"/etc/security/limits.conf", "/etc/security/limits.d/*.conf"}},
    {"shell",
     CONFIG_LAST,
     config_read_shell,
     {"/etc/profile", "/etc/profile.d/*.sh", "/etc/bash.bashrc", "/etc/bashrc"}},
    /* read by the module accounts; here only whether they can be */
    {"sudoers", CONFIG_LAST, config_read_nothing, {"/etc/sudoers", "/etc/sudoers.d/*"}},
    {"sshd", CONFIG_LAST, config_read_nothing, {"/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*.conf"}},
    {"selinux", CONFIG_LAST, config_read_equals, {"/etc/selinux/config"}},
    {"apparmor", CONFIG_LAST, config_read_value, {"/sys/module/apparmor/parameters/enabled"}},
    {"apparmor-profiles", CONFIG_LAST, config_read_apparmor, {"/sys/kernel/security/apparmor/profiles"}},
    /* logs and time */
    {"journald", CONFIG_LAST, config_read_ini, SYSTEMD("journald.conf")},
    {"rsyslog", CONFIG_EACH, config_read_rsyslog, {"/etc/rsyslog.conf", "/etc/rsyslog.d/*.conf"}},
    {"auditd", CONFIG_LAST, config_read_equals, {"/etc/audit/auditd.conf"}},
    {"audit-rules", CONFIG_LAST, config_read_audit_rules, {"/etc/audit/rules.d/", "/etc/audit/rules.d/*.rules"}},
    {"logrotate", CONFIG_LAST, config_read_words, {"/etc/logrotate.conf"}},
    {"chrony",
     CONFIG_EACH,
     config_read_words,
     {"/etc/chrony/chrony.conf", "/etc/chrony/conf.d/*.conf", "/etc/chrony/sources.d/*.sources", "/etc/chrony.conf"}},
    {"ntp", CONFIG_EACH, config_read_words, {"/etc/ntpsec/ntp.conf", "/etc/ntp.conf"}},
    {"timesyncd", CONFIG_LAST, config_read_ini, SYSTEMD("timesyncd.conf")},
    /* system */
    {"coredump", CONFIG_LAST, config_read_ini, SYSTEMD("coredump.conf")},
    {"systemd", CONFIG_LAST, config_read_ini, SYSTEMD("system.conf")},
    {"logind", CONFIG_LAST, config_read_ini, SYSTEMD("logind.conf")},
    {"resolved", CONFIG_LAST, config_read_ini, SYSTEMD("resolved.conf")},
    {"resolv.conf", CONFIG_EACH, config_read_words, {"/etc/resolv.conf"}},
    {"modprobe",
     CONFIG_LAST,
     config_read_modprobe,
     {"/etc/modprobe.d/", "/usr/lib/modprobe.d/*.conf", "/run/modprobe.d/*.conf", "/etc/modprobe.d/*.conf"}},
    {"cmdline", CONFIG_LAST, config_read_cmdline, {"/proc/cmdline"}},
    {"grub-default", CONFIG_LAST, config_read_equals, {"/etc/default/grub", "/etc/default/grub.d/*.cfg"}},
    {"grub.cfg", CONFIG_LAST, config_read_grub_cfg, {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"}},
    {"banner", CONFIG_LAST, config_read_banner, {"/etc/issue", "/etc/issue.net", "/etc/motd"}},
    {"fstab", CONFIG_EACH, config_read_fstab, {"/etc/fstab"}},
    {"mountinfo", CONFIG_EACH, config_read_mountinfo, {"/proc/self/mountinfo"}},
    {"openssl", CONFIG_LAST, config_read_ini, {"/etc/ssl/openssl.cnf"}},
    {"aide", CONFIG_EACH, config_read_words, {"/etc/aide/aide.conf"}},
    /* packages */
    {"apt-list", CONFIG_EACH, config_read_apt_list, {"/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list"}},
    {"apt-deb822", CONFIG_EACH, config_read_apt_deb822, {"/etc/apt/sources.list.d/", "/etc/apt/sources.list.d/*.sources"}},
    {"apt", CONFIG_LAST, config_read_apt_conf, {"/etc/apt/apt.conf.d/*", "/etc/apt/apt.conf"}},
    /* packet filters */
    {"nftables", CONFIG_EACH, config_read_nft, {"/etc/nftables.conf", "/etc/nftables.d/*"}},
    {"iptables", CONFIG_LAST, config_read_iptables, {"/etc/iptables/rules.v4"}},
    {"ip6tables", CONFIG_LAST, config_read_iptables, {"/etc/iptables/rules.v6"}},
    {"ufw", CONFIG_LAST, config_read_equals, {"/etc/default/ufw", "/etc/ufw/ufw.conf"}},
    {"firewalld", CONFIG_LAST, config_read_equals, {"/etc/firewalld/firewalld.conf"}},
    /* desktop */
    {"dconf", CONFIG_LAST, config_read_ini, {"/etc/dconf/db/", "/etc/dconf/db/*.d/*"}},
    {"gdm", CONFIG_LAST, config_read_ini, {"/etc/gdm3/custom.conf", "/etc/gdm3/daemon.conf"}},
    {"lightdm", CONFIG_LAST, config_read_ini, {"/etc/lightdm/lightdm.conf.d/*.conf", "/etc/lightdm/lightdm.conf"}},
    /* services */
    {"cups", CONFIG_EACH, config_read_words, {"/etc/cups/cupsd.conf"}},
    {"avahi", CONFIG_LAST, config_read_ini, {"/etc/avahi/avahi-daemon.conf"}},
    {"samba", CONFIG_LAST, config_read_ini, {"/etc/samba/smb.conf"}},
    {"nfs-exports", CONFIG_EACH, config_read_exports, {"/etc/exports", "/etc/exports.d/*.exports"}},
    {"snmpd", CONFIG_EACH, config_read_snmpd, {"/etc/snmp/snmpd.conf", "/etc/snmp/snmpd.conf.d/*.conf"}},
    {"vsftpd", CONFIG_LAST, config_read_equals, {"/etc/vsftpd.conf"}},
    {"postfix", CONFIG_LAST, config_read_equals, {"/etc/postfix/main.cf"}},
    {"exim4", CONFIG_LAST, config_read_equals, {"/etc/exim4/update-exim4.conf.conf"}},
    {"dovecot", CONFIG_LAST, config_read_equals, {"/etc/dovecot/dovecot.conf", "/etc/dovecot/conf.d/*.conf"}},
    {"apache",
     CONFIG_EACH,
     config_read_words,
     {"/etc/apache2/apache2.conf", "/etc/apache2/mods-enabled/*.conf", "/etc/apache2/conf-enabled/*.conf",
      "/etc/apache2/sites-enabled/*.conf"}},
    {"nginx",
     CONFIG_EACH,
     config_read_nginx,
     {"/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*"}},
    {"mysql",
     CONFIG_LAST,
     config_read_ini,
     {"/etc/mysql/my.cnf", "/etc/mysql/conf.d/*.cnf", "/etc/mysql/mariadb.conf.d/*.cnf", "/etc/mysql/mysql.conf.d/*.cnf"}},
    {"postgresql",
     CONFIG_EACH,
     config_read_equals,
     {"/etc/postgresql/", "/etc/postgresql/*/*/postgresql.conf", "/etc/postgresql/*/*/conf.d/*.conf"}},
    {"pg_hba", CONFIG_EACH, config_read_hba, {"/etc/postgresql/", "/etc/postgresql/*/*/pg_hba.conf"}},
    {"redis", CONFIG_LAST, config_read_words, {"/etc/redis/redis.conf"}},
    {"docker", CONFIG_EACH, config_read_json, {"/etc/docker/daemon.json"}},
};
const size_t config_sources_n = sizeof config_sources / sizeof config_sources[0];
_Static_assert(sizeof config_sources / sizeof config_sources[0] <= CONFIG_SOURCES_MAX, "seen[] is too small");

const char *const config_stat_paths[] = {
    "/etc/passwd", "/etc/passwd-", "/etc/shadow", "/etc/shadow-", "/etc/group", "/etc/group-", "/etc/gshadow",
    "/etc/gshadow-", "/etc/shells", "/etc/security/opasswd", "/etc/sudoers", "/etc/sudoers.d", "/etc/sudoers.d/.",
    "/etc/ssh/sshd_config", "/etc/ssh/.", "/etc/crontab", "/etc/cron.d", "/etc/cron.d/.", "/etc/cron.hourly",
    "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/cron.allow", "/etc/cron.deny", "/etc/at.allow",
    "/etc/at.deny", "/etc/anacrontab", "/var/spool/cron/crontabs", "/etc/issue", "/etc/issue.net", "/etc/motd",
    "/etc/hosts.equiv", "/etc/shosts.equiv", "/root", "/root/.rhosts", "/root/.ssh", "/root/.netrc", "/home", "/home/.",
    "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot", "/boot/.", "/etc/fstab", "/etc/securetty",
    "/etc/ssl/private", "/etc/pam.d", "/etc/audit", "/etc/audit/auditd.conf", "/var/log", "/var/log/.",
    "/var/log/audit", "/var/log/journal", "/etc/apt/trusted.gpg", "/etc/apt/trusted.gpg.d", "/etc/apt/auth.conf",
    "/etc/apt/auth.conf.d", "/etc/apt/auth.conf.d/.", "/etc/systemd/system/ctrl-alt-del.target", "/etc/systemd/system", "/etc/nftables.conf",
    "/etc/docker/daemon.json", "/etc/dconf/profile/user", "/var/lib/aide/aide.db", "/var/lib/tripwire",
    "/etc/krb5.keytab", "/etc/exports", "/etc/snmp/snmpd.conf", "/etc/mysql/debian.cnf", "/etc/redis/redis.conf",
    "/etc/postfix/sasl_passwd", "/etc/samba/smb.conf", "/tmp", "/var/tmp", "/dev/shm", "/etc/ld.so.preload",
    "/etc/profile", "/etc/environment", "/etc/default/grub", "/etc/modprobe.d", "/etc/sysctl.conf", "/etc/resolv.conf",
    "/etc/unattended-upgrades", "/etc/apt/apt.conf.d/20auto-upgrades", "/var/run/reboot-required",
    "/run/docker.sock", "/etc/rsyslog.conf", "/etc/logrotate.conf", "/etc/chrony/chrony.keys", "/etc/gdm3",
};
const size_t config_stat_paths_n = sizeof config_stat_paths / sizeof config_stat_paths[0];
