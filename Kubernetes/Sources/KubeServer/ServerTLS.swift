import NIOSSL

/// TLS of the server.
public enum ServerTLS {
  /// From PEM files.
  ///
  /// - Throws: NIOSSL's errors for files that cannot be read or do not fit together.
  public static func context(certificate: String, key: String) throws -> NIOSSLContext {
    let chain = try NIOSSLCertificate.fromPEMFile(certificate).map {
      NIOSSLCertificateSource.certificate($0)
    }
    let privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: chain, privateKey: .privateKey(privateKey)))
  }
}
