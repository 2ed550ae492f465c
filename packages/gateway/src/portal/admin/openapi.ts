/** The API's description (OpenAPI 3.1); bodies come from the schemas that check them. */
import * as z from "zod";
import { userBody, voucherOrder } from "./orders.ts";

interface Operation {
  readonly method: "get" | "post" | "put" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly query?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, string>>;
  readonly open?: boolean;
}

const PAGE = ["limit", "offset"];
const SPAN = ["from", "to"];

/** Every operation; a test holds the server to it. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: "post",
    path: "/api/v1/token",
    summary: "A token for the other calls; good for 30 minutes after the last call, 12 hours at most",
    body: z.strictObject({ name: z.string(), password: z.string() }),
    answers: { 201: "The token", 401: "Wrong name or password", 429: "Too many wrong tries; see Retry-After" },
    open: true,
  },
  { method: "delete", path: "/api/v1/token", summary: "Gives the token up", answers: { 204: "Done" } },
  {
    method: "get",
    path: "/api/v1/status",
    summary: "How the gateway is",
    answers: { 200: "Status, RADIUS servers, troubles" },
  },
  { method: "get", path: "/api/v1/sessions", summary: "Open sessions of this gateway", answers: { 200: "Sessions" } },
  {
    method: "delete",
    path: "/api/v1/sessions/{id}",
    summary: "Ends a session",
    answers: { 204: "Ended", 404: "No such open session here" },
  },
  {
    method: "get",
    path: "/api/v1/history",
    summary: "Sessions of all gateways of the store, newest first",
    query: ["user", "mac", ...SPAN, ...PAGE],
    answers: { 200: "Sessions" },
  },
  { method: "get", path: "/api/v1/traffic", summary: "Octets over time", query: SPAN, answers: { 200: "Points" } },
  {
    method: "get",
    path: "/api/v1/vouchers",
    summary: "Vouchers",
    query: ["batch", ...PAGE],
    answers: { 200: "Vouchers" },
  },
  {
    method: "post",
    path: "/api/v1/vouchers",
    summary: "Makes vouchers",
    body: voucherOrder,
    answers: { 201: "The new vouchers", 400: "What is wrong with the order" },
  },
  { method: "delete", path: "/api/v1/vouchers/{batch}", summary: "Revokes a batch", answers: { 200: "How many" } },
  { method: "get", path: "/api/v1/users", summary: "Guests with a name and a password", answers: { 200: "Users" } },
  {
    method: "put",
    path: "/api/v1/users/{name}",
    summary: "Makes a user, or changes what the body names of one; what it does not name stays",
    headers: { "If-None-Match": "`*` only makes: there must be none of the name" },
    body: userBody,
    answers: { 204: "Done", 400: "What is wrong", 409: "Why not", 412: "There is one of the name" },
  },
  {
    method: "delete",
    path: "/api/v1/users/{name}",
    summary: "Removes a user",
    answers: { 204: "Done", 404: "No such user" },
  },
  {
    method: "get",
    path: "/api/v1/audit",
    summary: "Who changed what",
    query: [...SPAN, ...PAGE],
    answers: { 200: "Entries" },
  },
];

export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const one of OPERATIONS) {
    const inPath = [...one.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    }));
    const inQuery = (one.query ?? []).map((name) => ({ name, in: "query", schema: { type: "string" } }));
    const inHeader = Object.entries(one.headers ?? {}).map(([name, description]) => ({
      name,
      in: "header",
      description,
      schema: { type: "string" },
    }));
    const parameters = [...inPath, ...inQuery, ...inHeader];
    paths[one.path] = {
      ...paths[one.path],
      [one.method]: {
        summary: one.summary,
        ...(parameters.length === 0 ? {} : { parameters }),
        ...(one.body === undefined
          ? {}
          : {
              requestBody: {
                required: true,
                content: {
                  "application/json": { schema: z.toJSONSchema(one.body, { io: "input", unrepresentable: "any" }) },
                },
              },
            }),
        responses: Object.fromEntries(
          Object.entries(one.answers).map(([status, description]) => [status, { description }]),
        ),
        ...(one.open === true ? { security: [] } : {}),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "pierhead portal", version },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    security: [{ token: [] }],
    paths,
  };
}
