export { SERVICE_SYSTEMS, type ServiceFile, serviceFile } from "@pierhead/lang/service-file";
export { errorLines, type MonitorOptions, readMonitorFile, runMonitor, SOCKET_NAME } from "./daemon.ts";
export { LiveMachine, type Notice } from "./live-machine.ts";
export * from "./log.ts";
export { formatMetrics } from "./metrics.ts";
export { readStatus } from "./socket.ts";
export type * from "./status.ts";
export type { World } from "./world.ts";
