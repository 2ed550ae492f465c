export {
  PORTAL_STATE,
  PORTAL_USER,
  PORTAL_USER_FILE,
  SERVICE_SYSTEMS,
  type ServiceFile,
  serviceFile,
} from "./service-file.ts";
