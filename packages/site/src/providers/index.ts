export { type Evidence, type Fact, PROVIDERS, type Provider } from "./catalogue.ts";
