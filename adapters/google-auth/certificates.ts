/** As OpenSSL, Node and gRPC tell it (nodejs.org/api/tls.html#x509-certificate-error-codes). */
const REFUSED = /self[- ]signed certificate|unable to (verify the first|get (local )?issuer) certificate|certificate has expired|certificate is not yet valid|altname|ERR_TLS_CERT|DEPTH_ZERO_SELF|SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_(HAS_EXPIRED|NOT_YET_VALID)/i;

/** Whether a call failed since the server's certificate was not accepted: to try again does not help. */
export function isCertificateRefused(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause } = error as { readonly code?: unknown; readonly message?: unknown; readonly cause?: unknown };
  return REFUSED.test(`${String(code)} ${String(message)}`) || (cause !== undefined && isCertificateRefused(cause));
}

/** What to do about it. */
export const CERTIFICATE_CURE = "Name the PEM file of its authority in NODE_EXTRA_CA_CERTS (for BigQuery's Storage API in GRPC_DEFAULT_SSL_ROOTS_FILE_PATH), or correct the address in config/environments (api_endpoint, grpc_endpoint).";
