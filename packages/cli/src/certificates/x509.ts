/** The certificate library, with what it needs loaded before it (tsyringe's decorators). */
import "reflect-metadata";

export * from "@peculiar/x509";
