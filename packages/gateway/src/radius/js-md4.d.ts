/** What of js-md4 is used: MD4 (RFC 1320), which OpenSSL 3 no longer has without its legacy provider. */
declare module "js-md4" {
  interface Md4 {
    /** The digest's 16 octets. */
    array(message: Uint8Array): number[];
  }
  const md4: Md4;
  export default md4;
}
