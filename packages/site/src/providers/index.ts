export { PROVIDERS, type Provider } from "./catalogue.ts";
