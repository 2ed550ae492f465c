export * from "./echo.ts";
export * from "./wire.ts";
