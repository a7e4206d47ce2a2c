/** What is wrong with TLS, by the code of what a connection fails with. */

export type TlsTrouble =
  /** The other side's certificate was signed by nobody that is trusted here. */
  | 'untrusted'
  /** It is over, or not yet begun. */
  | 'out-of-date'
  /** It is for another name than the one that was called. */
  | 'other-name'
  /** The other side speaks something else. */
  | 'no-tls'
  /** The own certificate and key can't be used. */
  | 'own-files'
  /** The other side wants a certificate, and has none or one that it does not take. */
  | 'own-certificate'
  /** They have no version or cipher in common. */
  | 'no-agreement';

const TROUBLES: Readonly<Record<string, TlsTrouble>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  CERT_SIGNATURE_FAILURE: 'untrusted',
  CERT_HAS_EXPIRED: 'out-of-date',
  CERT_NOT_YET_VALID: 'out-of-date',
  ERR_TLS_CERT_ALTNAME_INVALID: 'other-name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no-tls',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no-tls',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'own-files',
  ERR_OSSL_PEM_NO_START_LINE: 'own-files',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'own-certificate',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'own-certificate',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'own-certificate',
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: 'own-certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'own-certificate',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'own-certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'own-certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'own-certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'own-certificate',
  // Servers of TLS 1.2 say this where they wanted a certificate; and any where there is no cipher in common.
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'own-certificate',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'no-agreement',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no-agreement',
};

/** Undefined: something else. */
export function tlsTroubleOf(error: unknown): TlsTrouble | undefined {
  if (!(error instanceof Error)) return undefined;
  return TROUBLES[String(Reflect.get(error, 'code'))] ?? tlsTroubleOf(error.cause);
}
