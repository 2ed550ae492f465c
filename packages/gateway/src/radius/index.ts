export { createRadiusClient, type RadiusClientOptions } from "./client.ts";
export {
  createDynamicServer,
  type DynamicCounts,
  type DynamicServer,
  type DynamicServerOptions,
} from "./dynamic-server.ts";
export { macLogin, stationId } from "./request.ts";
export {
  type AccountingSender,
  type AccountingSenderOptions,
  type AccountingSenderStatus,
  createAccountingSender,
} from "./sender.ts";
export * from "./types.ts";
export {
  CHALLENGE_LENGTH,
  chapMatches,
  chapResponse,
  ntResponseMatches,
  readHex,
  type UamParameters,
  uamChallenge,
  uamCredentials,
  uamUrlChecksum,
  uamXor,
} from "./uam.ts";
