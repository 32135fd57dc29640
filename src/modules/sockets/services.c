/* Services that should not be reachable from networks that are not trusted, as data. One line each: what it is, why it
 * is a problem, how bad when it is reachable from a public network, and which programs are known to speak it. */
#include "modules/sockets/sockets.h"

#define T SOCKETS_TCP
#define U SOCKETS_UDP

static const struct sockets_service services[] = {
    /* passwords or content in the clear */
    {T, 21, 21, "ftp", "FTP", DANGER_CLEAR, HN_SEV_HIGH, "ftpd"},
    {T, 23, 23, "telnet", "Telnet", DANGER_CLEAR, HN_SEV_CRITICAL, "telnetd inetd busybox"},
    {T, 110, 110, "pop3", "POP3", DANGER_CLEAR, HN_SEV_MEDIUM, "dovecot pop3"},
    {T, 143, 143, "imap", "IMAP", DANGER_CLEAR, HN_SEV_MEDIUM, "dovecot imap"},
    {T, 512, 512, "rexec", "rexec", DANGER_CLEAR, HN_SEV_CRITICAL, "rexecd inetd"},
    {T, 513, 513, "rlogin", "rlogin", DANGER_CLEAR, HN_SEV_CRITICAL, "rlogind inetd"},
    {T, 514, 514, "rsh", "rsh", DANGER_CLEAR, HN_SEV_CRITICAL, "rshd inetd"},
    {T, 873, 873, "rsync", "rsync", DANGER_CLEAR, HN_SEV_HIGH, "rsync"},
    {U, 69, 69, "tftp", "TFTP", DANGER_CLEAR, HN_SEV_HIGH, "tftp dnsmasq"},
    {U, 161, 161, "snmp", "SNMP", DANGER_CLEAR, HN_SEV_HIGH, "snmpd"},
    {T, 1883, 1883, "mqtt", "MQTT", DANGER_CLEAR, HN_SEV_HIGH, "mosquitto emqx"},
    /* no password as they come */
    {T, 2049, 2049, "nfs", "NFS", DANGER_NO_AUTH, HN_SEV_HIGH, NULL},
    {T, 2181, 2181, "zookeeper", "ZooKeeper", DANGER_NO_AUTH, HN_SEV_HIGH, "java"},
    {T, 2375, 2375, "docker", "Docker API", DANGER_NO_AUTH, HN_SEV_CRITICAL, "dockerd"},
    {T, 2379, 2380, "etcd", "etcd", DANGER_NO_AUTH, HN_SEV_CRITICAL, "etcd"},
    {T, 5555, 5555, "adb", "Android Debug Bridge", DANGER_NO_AUTH, HN_SEV_CRITICAL, "adbd"},
    {T, 5984, 5984, "couchdb", "CouchDB", DANGER_NO_AUTH, HN_SEV_HIGH, "beam couchdb"},
    {T, 6000, 6007, "x11", "X11", DANGER_NO_AUTH, HN_SEV_CRITICAL, "Xorg Xvnc"},
    {T, 6379, 6379, "redis", "Redis", DANGER_NO_AUTH, HN_SEV_CRITICAL, "redis valkey"},
    {T, 8086, 8086, "influxdb", "InfluxDB", DANGER_NO_AUTH, HN_SEV_MEDIUM, "influxd"},
    {T, 8500, 8500, "consul", "Consul", DANGER_NO_AUTH, HN_SEV_HIGH, "consul"},
    {T, 9042, 9042, "cassandra", "Cassandra", DANGER_NO_AUTH, HN_SEV_HIGH, "java"},
    {T, 9092, 9092, "kafka", "Kafka", DANGER_NO_AUTH, HN_SEV_HIGH, "java"},
    {T, 9200, 9200, "elasticsearch", "Elasticsearch", DANGER_NO_AUTH, HN_SEV_CRITICAL, "java elasticsearch opensearch"},
    {T, 10255, 10255, "kubelet-ro", "kubelet (read-only)", DANGER_NO_AUTH, HN_SEV_HIGH, "kubelet"},
    {T, 11211, 11211, "memcached", "memcached", DANGER_NO_AUTH, HN_SEV_CRITICAL, "memcached"},
    {T, 27017, 27019, "mongodb", "MongoDB", DANGER_NO_AUTH, HN_SEV_CRITICAL, "mongod"},
    {T, 50070, 50070, "hdfs", "Hadoop NameNode", DANGER_NO_AUTH, HN_SEV_HIGH, "java"},
    /* gives control over the host or its data */
    {T, 445, 445, "smb", "SMB", DANGER_CONTROL, HN_SEV_HIGH, "smbd"},
    {T, 1099, 1099, "rmi", "Java RMI", DANGER_CONTROL, HN_SEV_HIGH, "java rmiregistry"},
    {T, 1433, 1433, "mssql", "SQL Server", DANGER_CONTROL, HN_SEV_HIGH, "sqlservr"},
    {T, 1521, 1521, "oracle", "Oracle Database", DANGER_CONTROL, HN_SEV_HIGH, "tnslsnr"},
    {T, 3306, 3306, "mysql", "MySQL / MariaDB", DANGER_CONTROL, HN_SEV_HIGH, "mysqld mariadbd"},
    {T, 3389, 3389, "rdp", "RDP", DANGER_CONTROL, HN_SEV_HIGH, "xrdp"},
    {T, 5432, 5432, "postgresql", "PostgreSQL", DANGER_CONTROL, HN_SEV_HIGH, "postgres"},
    {T, 5900, 5906, "vnc", "VNC", DANGER_CONTROL, HN_SEV_HIGH, "vnc qemu wayvnc"},
    {T, 5985, 5986, "winrm", "WinRM", DANGER_CONTROL, HN_SEV_HIGH, NULL},
    {T, 8291, 8291, "winbox", "WinBox", DANGER_CONTROL, HN_SEV_HIGH, NULL},
    {T, 10000, 10000, "webmin", "Webmin", DANGER_CONTROL, HN_SEV_HIGH, "miniserv webmin perl"},
    {T, 10250, 10250, "kubelet", "kubelet", DANGER_CONTROL, HN_SEV_HIGH, "kubelet"},
    {U, 623, 623, "ipmi", "IPMI", DANGER_CONTROL, HN_SEV_HIGH, NULL},
    /* answers more than it is asked: used to flood others */
    {T, 111, 111, "rpcbind", "rpcbind", DANGER_AMPLIFY, HN_SEV_MEDIUM, "rpcbind systemd"},
    {U, 19, 19, "chargen", "chargen", DANGER_AMPLIFY, HN_SEV_HIGH, "inetd"},
    {U, 111, 111, "rpcbind", "rpcbind", DANGER_AMPLIFY, HN_SEV_MEDIUM, "rpcbind systemd"},
    {U, 389, 389, "cldap", "CLDAP", DANGER_AMPLIFY, HN_SEV_MEDIUM, "slapd samba"},
    {U, 1900, 1900, "ssdp", "SSDP", DANGER_AMPLIFY, HN_SEV_MEDIUM, "minissdpd upnpd"},
    {U, 11211, 11211, "memcached", "memcached", DANGER_AMPLIFY, HN_SEV_CRITICAL, "memcached"},
    /* devices and medical systems: made for closed networks */
    {T, 102, 102, "s7", "S7comm", DANGER_DEVICE, HN_SEV_HIGH, NULL},
    {T, 104, 104, "dicom", "DICOM", DANGER_DEVICE, HN_SEV_HIGH, "storescp orthanc dcm"},
    {T, 502, 502, "modbus", "Modbus", DANGER_DEVICE, HN_SEV_HIGH, NULL},
    {T, 2575, 2575, "hl7", "HL7 MLLP", DANGER_DEVICE, HN_SEV_HIGH, NULL},
    {T, 4242, 4242, "dicom", "DICOM", DANGER_DEVICE, HN_SEV_HIGH, "orthanc"},
    {T, 11112, 11112, "dicom", "DICOM", DANGER_DEVICE, HN_SEV_HIGH, "storescp orthanc dcm"},
    {T, 20000, 20000, "dnp3", "DNP3", DANGER_DEVICE, HN_SEV_HIGH, NULL},
    {T, 44818, 44818, "enip", "EtherNet/IP", DANGER_DEVICE, HN_SEV_HIGH, NULL},
    {U, 47808, 47808, "bacnet", "BACnet", DANGER_DEVICE, HN_SEV_HIGH, NULL},
    /* known, and no finding of its own */
    {T, 22, 22, "ssh", "SSH", DANGER_NONE, HN_SEV_INFO, "sshd dropbear"},
    {T, 25, 25, "smtp", "SMTP", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 53, 53, "dns", "DNS", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 53, 53, "dns", "DNS", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 67, 68, "dhcp", "DHCP", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 80, 80, "http", "HTTP", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 123, 123, "ntp", "NTP", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 443, 443, "https", "HTTPS", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 443, 443, "http3", "HTTP/3", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 465, 465, "submissions", "SMTP over TLS", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 587, 587, "submission", "SMTP submission", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 631, 631, "ipp", "IPP", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 636, 636, "ldaps", "LDAPS", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 993, 993, "imaps", "IMAPS", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 995, 995, "pop3s", "POP3S", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 1194, 1194, "openvpn", "OpenVPN", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 5353, 5353, "mdns", "mDNS", DANGER_NONE, HN_SEV_INFO, NULL},
    {T, 6443, 6443, "kubernetes", "Kubernetes API", DANGER_NONE, HN_SEV_INFO, NULL},
    {U, 51820, 51820, "wireguard", "WireGuard", DANGER_NONE, HN_SEV_INFO, NULL},
};

const struct sockets_service *sockets_service_find(uint8_t proto, uint16_t port)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (services[i].proto == proto && port >= services[i].from && port <= services[i].to)
            return &services[i];
    }
    return NULL;
}
