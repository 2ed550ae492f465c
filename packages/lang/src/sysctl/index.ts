export { KNOWN_SYSCTLS } from "./known.ts";
export { parseSysctlConf, printSysctlConf, type SysctlConf, type SysctlLine, type SysctlSetting } from "./sysctl.ts";
