export { SERVICE_SYSTEMS, type ServiceFile, serviceFile } from "./service-file.ts";
