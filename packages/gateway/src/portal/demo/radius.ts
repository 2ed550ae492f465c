/** FreeRADIUS for one demo: one user, in a folder of its own. */
import { existsSync } from "node:fs";

const LIBRARIES = ["/usr/lib/freeradius", "/usr/lib64/freeradius", "/usr/lib/x86_64-linux-gnu/freeradius"];

export interface RadiusDemo {
  readonly folder: string;
  readonly authentication: number;
  readonly accounting: number;
  readonly secret: string;
  readonly user: string;
  readonly password: string;
}

/** File name → text. Passwords and secrets are letters and digits. */
export function radiusFiles(demo: RadiusDemo): Record<string, string> {
  const { folder, authentication, accounting, secret, user, password } = demo;
  const listen = (kind: string, port: number): string =>
    `listen {\n type = ${kind}\n ipaddr = 127.0.0.1\n port = ${port}\n virtual_server = demo\n}\n`;
  return {
    dictionary: "",
    users: `${user} Cleartext-Password := "${password}"
 Session-Timeout := 1200,
 WISPr-Bandwidth-Max-Down := 10000000,
 WISPr-Bandwidth-Max-Up := 2000000
`,
    "demo.conf": `prefix = /usr
libdir = ${LIBRARIES.find((path) => existsSync(path)) ?? LIBRARIES[0]}
raddbdir = ${folder}
run_dir = ${folder}
pidfile = ${folder}/radius.pid
db_dir = ${folder}
log {
 destination = stdout
}
security {
 reject_delay = 0
 status_server = yes
 allow_vulnerable_openssl = yes
}
client portal {
 ipaddr = 127.0.0.1
 secret = "${secret}"
 require_message_authenticator = yes
}
modules {
 pap {
 }
 files {
  filename = ${folder}/users
 }
 detail {
  filename = ${folder}/detail
  permissions = 0600
 }
}
server demo {
${listen("auth", authentication)}${listen("acct", accounting)}authorize {
 files
 pap
}
authenticate {
 Auth-Type PAP {
  pap
 }
}
accounting {
 detail
}
post-auth {
 update reply {
  &Message-Authenticator := 0x00
 }
 Post-Auth-Type REJECT {
  update reply {
   &Message-Authenticator := 0x00
  }
 }
}
}
`,
  };
}
