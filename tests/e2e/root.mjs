/* A made-up Debian root with known faults, for `hinomi diagnose --root`. All of it is invented; nothing on the machine
 * that runs the tests is read or changed. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/* A login name that is HTML, carries a terminal escape and turns the direction of the text. */
export const hostileUser = 'x<img src=x onerror="window.hurt=1">\u202egnp.exe\u001b[31m';

const day = 86400;
const since1970 = Math.floor(Date.now() / 1000 / day);

export function makeRoot(root) {
  const put = (path, text, mode = 0o644) => {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    chmodSync(full, mode);
  };
  put("etc/machine-id", "0f3c5a7e9b1d4826a0c2e4f6081a3b5c\n");
  put("etc/hostname", "reception-1\n");
  put("etc/hosts", "127.0.0.1 localhost\n192.0.2.10 reception-1.minato-hospital.example reception-1\n");
  put("etc/debian_version", "12.11\n");
  put(
    "etc/os-release",
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
  );
  put(
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n" +
      "sato:x:1000:1000:Sato:/home/sato:/bin/bash\nguest:x:1001:1001:Guest:/home/guest:/bin/bash\n" +
      `backdoor:x:0:0::/root:/bin/bash\n${hostileUser}:x:1002:1002::/tmp:/bin/sh\n`,
  );
  put(
    "etc/shadow",
    `root:*:${since1970 - 30}:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\n` +
      `sato:$1$madeup00$0123456789012345678901:${since1970 - 900}:0:99999:7:::\nguest::${since1970 - 400}:0:99999:7:::\nbackdoor:!:19000:0:99999:7:::\n`,
    0o640,
  );
  put("etc/group", "root:x:0:\ndaemon:x:1:\nsudo:x:27:sato\nwww-data:x:33:\nsato:x:1000:\nguest:x:1001:\n");
  put("etc/login.defs", "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\nENCRYPT_METHOD MD5\nUMASK 022\n");
  put("etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440);
  put("etc/ssh/sshd_config", "Port 22\nPermitRootLogin yes\nPasswordAuthentication yes\nPermitEmptyPasswords yes\nX11Forwarding yes\nSubsystem sftp /usr/lib/openssh/sftp-server\n");
  put("etc/sysctl.conf", "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.accept_redirects = 1\nkernel.randomize_va_space = 0\n");
  put("etc/cron.d/report", "*/5 * * * * root /usr/local/bin/report\n", 0o666);
  put("usr/local/bin/report", "#!/bin/sh\nexit 0\n", 0o777);
  put("etc/crontab", "SHELL=/bin/sh\n17 * * * * root cd / && run-parts --report /etc/cron.hourly\n");
  put("etc/apt/sources.list", "deb http://mirror.example/debian bookworm main\ndeb [trusted=yes] http://packages.example/tools ./\n");
  put("etc/fstab", "UUID=0000-made-up / ext4 defaults 0 1\ntmpfs /tmp tmpfs defaults 0 0\n");
  put("etc/systemd/journald.conf", "[Journal]\nStorage=volatile\n");
  put("home/sato/.ssh/authorized_keys", "ssh-dss AAAAB3NzaC1kc3MAAACBAMadeup sato@example\n", 0o666);
  put("usr/lib/systemd/system/reception.service", "[Unit]\nDescription=Reception desk\n[Service]\nExecStart=/usr/local/bin/report\nUser=root\n[Install]\nWantedBy=multi-user.target\n");
  mkdirSync(join(root, "etc/systemd/system/multi-user.target.wants"), { recursive: true });
  put("var/lib/dpkg/status", packages());
  mkdirSync(join(root, "var/lib/dpkg/info"), { recursive: true });
  for (const d of ["tmp", "run", "proc", "sys", "boot", "root", "var/log", "var/lib/apt/lists", "usr/bin", "usr/sbin"]) mkdirSync(join(root, d), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
}

function packages() {
  const list = [
    ["base-files", "12.4+deb12u11", "admin"],
    ["libssl3", "3.0.15-1~deb12u1", "libs", "openssl"],
    ["openssh-server", "1:9.2p1-2+deb12u5", "net", "openssh"],
    ["openssl", "3.0.15-1~deb12u1", "utils"],
    ["sudo", "1.9.13p3-1+deb12u1", "admin"],
    ["systemd", "252.36-1~deb12u1", "admin"],
  ];
  return list
    .map(
      ([name, version, section, source]) =>
        `Package: ${name}\nStatus: install ok installed\nPriority: optional\nSection: ${section}\nInstalled-Size: 400\n` +
        `Maintainer: Made Up <nobody@example>\nArchitecture: amd64\n${source ? `Source: ${source}\n` : ""}Version: ${version}\nDescription: made up\n`,
    )
    .join("\n");
}

/* Puts right what the scenario works on. */
export function repairRoot(root) {
  writeFileSync(
    join(root, "etc/shadow"),
    `root:*:${since1970 - 30}:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\n` +
      `sato:$1$madeup00$0123456789012345678901:${since1970 - 900}:0:99999:7:::\nguest:!:${since1970}:0:99999:7:::\nbackdoor:!:19000:0:99999:7:::\n`,
  );
}
